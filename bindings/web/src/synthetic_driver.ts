/** The driver of motions that are computed: the mean face, moved by curves over expression, gaze and head pose. */

import type { Landmarks } from "./crop.js";
import type { ExpressionBasis } from "./expressions.js";
import { blink, glances, sway } from "./motion_curves.js";
import { Random } from "./random.js";

/** Width and height of its frames. */
export const IMAGE_SIZE = [512, 512] as const;
/** Of the outer-eye-corner distance. */
const PIXELS_PER_UNIT = 133, CENTRE = [256, 236, 0] as const;
/** The point that a head turns about, in the mean face's frame. */
const NECK = [0, 1.2, 0.75] as const;
/** Of a pair, the right side does a little less: no face is quite symmetric. */
const RIGHT_SHARE = 0.92;
const TO_RADIANS = Math.PI / 180;

/** What the driver does in each frame, filled in by a motion. */
export class Performance {
  /** Expression name to one value a frame. */
  readonly coefficients = new Map<string, Float64Array>();
  /** Degrees to the picture's right and down. */
  readonly gaze: readonly [Float64Array, Float64Array];
  /** Yaw, pitch and roll in degrees. */
  readonly head: readonly [Float64Array, Float64Array, Float64Array];
  /** Of the head, right and down, in outer-eye-corner distances. */
  readonly shift: readonly [Float64Array, Float64Array];

  /**
   * @param time seconds, one a frame.
   * @param seconds length of the loop.
   */
  constructor(readonly basis: ExpressionBasis, readonly time: Float64Array, readonly seconds: number) {
    const still = (): Float64Array => new Float64Array(time.length);
    this.gaze = [still(), still()];
    this.head = [still(), still(), still()];
    this.shift = [still(), still()];
  }

  /** A value for every frame. */
  curve(at: (time: number, index: number) => number): Float64Array {
    return this.time.map(at);
  }

  /** Adds a curve, times an amount each, to coefficients; `mouthSmile` stands for its two sides. */
  add(curve: Float64Array, amounts: Iterable<readonly [string, number]>): void {
    for (const [name, amount] of amounts) {
      const sides = this.basis.names.includes(name) ? [[name, 1] as const] : [[`${name}Left`, 1] as const, [`${name}Right`, RIGHT_SHARE] as const];
      for (const [side, share] of sides) {
        const before = this.coefficients.get(side);
        this.coefficients.set(side, curve.map((value, i) => (before?.[i] ?? 0) + amount * share * value));
      }
    }
  }

  /** Blinks at the given seconds. */
  blink(moments: readonly number[]): void {
    const shut = this.curve((time) => blink(time, moments));
    this.add(shut, [["eyeBlinkLeft", 1], ["eyeBlinkRight", 1]]);
    plus(this.shift[1], shut.map((value) => 0.006 * value));
  }

  /** Turns the eyes; lids follow the gaze up and down. */
  look(across: Float64Array, down: Float64Array): void {
    plus(this.gaze[0], across);
    plus(this.gaze[1], down);
    this.add(down.map((value) => Math.max(value, 0) / 30), [["eyeLookDown", 0.8]]);
    this.add(down.map((value) => Math.max(-value, 0) / 30), [["eyeLookUp", 0.8], ["eyeWide", 0.3]]);
  }

  /** The small movements of someone who keeps still: head, brows, corners of the mouth, eyes. */
  breathe(amount: number, seed: number): void {
    const wander = (size: number, stream: number): Float64Array => this.curve(sway(this.seconds, amount * size, new Random(seed, stream)));
    [0.9, 0.6, 0.5].forEach((degrees, axis) => plus(this.head[axis]!, wander(degrees, axis)));
    [0.012, 0.008].forEach((distance, axis) => plus(this.shift[axis]!, wander(distance, 3 + axis)));
    this.add(wander(0.03, 5), [["browInnerUp", 1], ["browOuterUp", 0.6]]);
    this.add(wander(0.025, 6), [["mouthSmile", 1]]);
    const random = new Random(seed, 100), moments: number[] = [];
    for (let moment = 0.5; moment < this.seconds - 0.5; moment += 0.7) moments.push(moment + random.uniform(-0.15, 0.15));
    [1, 0.6].forEach((degrees, axis) => {
      const keys = moments.map((moment, i) => [moment, i === moments.length - 1 ? 0 : random.normal(0, degrees * amount)] as const);
      plus(this.gaze[axis]!, this.curve((time) => glances(time, keys)));
    });
  }

  /** Per frame 478 x 3 pixels of a picture of `IMAGE_SIZE`. */
  landmarks(): Landmarks[] {
    return Array.from(this.time, (_, frame) => this.#face(frame));
  }

  #face(frame: number): Landmarks {
    const now = [...this.coefficients].map(([name, curve]) => [name, curve[frame]!] as const);
    const points = this.basis.face(now, [this.gaze[0][frame]!, this.gaze[1][frame]!]), face = new Float32Array(points.length);
    const [yaw, pitch, roll] = this.head.map((curve) => curve[frame]! * TO_RADIANS) as [number, number, number];
    const [right, down] = this.shift.map((curve) => curve[frame]!) as [number, number];
    for (let i = 0; i < points.length; i += 3) {
      const x = points[i]! - NECK[0], y = points[i + 1]! - NECK[1], z = points[i + 2]! - NECK[2];
      // Pitch about x, then yaw about y, then roll in the picture's plane.
      const y1 = y * Math.cos(pitch) - z * Math.sin(pitch), z1 = y * Math.sin(pitch) + z * Math.cos(pitch);
      const x2 = x * Math.cos(yaw) - z1 * Math.sin(yaw), z2 = x * Math.sin(yaw) + z1 * Math.cos(yaw);
      face[i] = (x2 * Math.cos(roll) - y1 * Math.sin(roll) + NECK[0] + right) * PIXELS_PER_UNIT + CENTRE[0];
      face[i + 1] = (x2 * Math.sin(roll) + y1 * Math.cos(roll) + NECK[1] + down) * PIXELS_PER_UNIT + CENTRE[1];
      face[i + 2] = (z2 + NECK[2]) * PIXELS_PER_UNIT + CENTRE[2];
    }
    return face;
  }
}

/** Adds a curve to another, in place. */
export function plus(to: Float64Array, curve: Float64Array): void {
  curve.forEach((value, i) => (to[i]! += value));
}
