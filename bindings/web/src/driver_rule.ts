/** Which of the faces in a video drives: chosen at the start, then kept by place, size and shape. The Python SDK's `driver_rule`. */

import type { Landmarks } from "./crop.js";
import { ValueError } from "./errors.js";
import { levelRegion } from "./level_crop.js";
import type { RotatedSquare } from "./region.js";

/**
 * Who drives where a video shows several faces: one that is large, central and moves ("auto"), the largest, the one that moves most
 * in the first second ("moving"), or a number counted from the left from 0. That face keeps driving.
 */
export type DriverFace = "auto" | "largest" | "moving" | number;

/** A face is the same as before if its centre is nearer than so many sides of its region, and its size within a factor. */
const REACH = 0.5;
const MAX_GROWTH = 1.6;
/** What its shape counts beside that: mean distance of landmarks in their level region that weighs as much as the reach. */
const SHAPE_SCALE = 0.1;
/** A face that is gone for longer may be followed by another one, if that one moves. */
const MAX_GAP_MS = 2000;
/** Who drives is chosen after so long. */
const WATCH_MS = 1000;
/** A face moves when its shape has changed by so much, and by this share of what the face that moves most does. */
const MOVES = 0.004;
const MOVES_SHARE = 0.2;
/** How much less a face counts at the picture's edge. */
const OFF_CENTRE = 2;

/** A face that was seen: where and how at first and last, and the most that its shape has changed. */
class Seen {
  readonly firstShape: Float32Array;
  shape: Float32Array;
  place: RotatedSquare;
  moved = 0;

  constructor(landmarks: Landmarks, public timeMs: number) {
    this.place = levelRegion(landmarks);
    this.firstShape = this.shape = shapeOf(landmarks, this.place);
  }

  update(landmarks: Landmarks, timeMs: number): void {
    this.place = levelRegion(landmarks);
    this.shape = shapeOf(landmarks, this.place);
    this.timeMs = timeMs;
    this.moved = Math.max(this.moved, shapeDistance(this.shape, this.firstShape));
  }

  /** How far a face is from this one; undefined where it cannot be the same. */
  unlikeness(landmarks: Landmarks): number | undefined {
    const now = levelRegion(landmarks), { place } = this;
    const apart = Math.hypot(now.x - place.x, now.y - place.y) / (REACH * place.side);
    const growth = Math.abs(Math.log(now.side / place.side)) / Math.log(MAX_GROWTH);
    if (Math.max(apart, growth) > 1) return undefined;
    return apart + growth + shapeDistance(this.shape, shapeOf(landmarks, now)) / SHAPE_SCALE;
  }

  /** How much it counts by its size and its place in the picture. */
  standing(width: number, height: number): number {
    const off = Math.hypot(this.place.x - width / 2, this.place.y - height / 2) / (Math.max(width, height) / 2);
    return this.place.side / (1 + OFF_CENTRE * off);
  }
}

/** Call `drive` with the faces of each frame; it says which of them drives. */
export class DriverRule {
  /** Whether the driver of the last frame is not the one of the frame before it. */
  changed = false;
  #faces: Seen[] = [];
  #driver: Seen | undefined;
  #startMs = Infinity;
  #final = false;

  /** @throws ValueError another `which`. */
  constructor(readonly which: DriverFace = "auto") {
    if (typeof which === "string" ? !["auto", "largest", "moving"].includes(which) : !(Number.isInteger(which) && which >= 0)) {
      throw new ValueError(`the driving face must be "auto", "largest", "moving" or a number counted from the left from 0, not ${which}`);
    }
  }

  /** Whether one was chosen. */
  get hasDriver(): boolean {
    return this.#driver !== undefined;
  }

  /** Where to look for the faces in question in the next frame, the driver's first. */
  get places(): RotatedSquare[] {
    return this.#inQuestion().map(({ place }) => place);
  }

  /** Whether another face may still become the driver, so that it pays to look for more. */
  isOpen(timeMs: number): boolean {
    return !this.#final || this.#isGone(timeMs);
  }

  /** Whether this may be the driver's face, moved on from the frame before. */
  recognises(landmarks: Landmarks): boolean {
    return this.#driver?.unlikeness(landmarks) !== undefined;
  }

  /** The index of the driver among the faces of the next frame of this size; undefined: it is not among them. */
  drive(faces: readonly Landmarks[], timeMs: number, width: number, height: number): number | undefined {
    const before = this.#driver;
    if (faces.length) this.#startMs = Math.min(this.#startMs, timeMs);
    const owners = this.#match(faces, timeMs);
    if (!this.#driver) {
      this.#driver = this.#choose(owners, width, height);
      this.#final = this.#driver !== undefined && this.which !== "auto" && this.which !== "moving";
    } else if (this.isOpen(timeMs)) {
      this.#review(this.#driver, timeMs, width, height);
    }
    this.changed = before !== undefined && this.#driver !== before;
    const index = this.#driver ? owners.indexOf(this.#driver) : -1;
    return index < 0 ? undefined : index;
  }

  #inQuestion(): Seen[] {
    const others = this.#faces.filter((face) => face !== this.#driver);
    return this.#driver ? [this.#driver, ...others] : others;
  }

  #isGone(timeMs: number): boolean {
    return this.#driver !== undefined && timeMs - this.#driver.timeMs > MAX_GAP_MS;
  }

  /** Who each face was in the frames before; new ones are remembered while they may become the driver. */
  #match(faces: readonly Landmarks[], timeMs: number): (Seen | undefined)[] {
    const owners: (Seen | undefined)[] = faces.map(() => undefined);
    for (const seen of this.#inQuestion()) {
      let best = -1, least = Infinity;
      for (const [index, landmarks] of faces.entries()) {
        const cost = owners[index] ? undefined : seen.unlikeness(landmarks);
        if (cost !== undefined && cost < least) [best, least] = [index, cost];
      }
      if (best < 0) continue;
      owners[best] = seen;
      seen.update(faces[best]!, timeMs);
    }
    if (this.isOpen(timeMs)) {
      this.#faces = this.#faces.filter((face) => timeMs - face.timeMs <= MAX_GAP_MS || face === this.#driver);
      for (const [index, landmarks] of faces.entries()) {
        if (!owners[index]) this.#faces.push((owners[index] = new Seen(landmarks, timeMs)));
      }
    } else if (this.#driver) {
      this.#faces = [this.#driver];
    }
    return owners;
  }

  /** The first driver; undefined while nobody is there whom `which` means. */
  #choose(owners: readonly (Seen | undefined)[], width: number, height: number): Seen | undefined {
    const there = owners.filter((face) => face !== undefined);
    if (typeof this.which === "number") return there.sort((a, b) => a.place.x - b.place.x)[this.which];
    return greatest(there, (face) => (this.which === "largest" ? face.place.side : face.standing(width, height)));
  }

  /** Gives way to a face that moves where the driver does not, or has been gone for long. */
  #review(driver: Seen, timeMs: number, width: number, height: number): void {
    const gone = this.#isGone(timeMs);
    const least = Math.max(MOVES, MOVES_SHARE * Math.max(...this.#faces.map(({ moved }) => moved)));
    const moving = this.#faces.filter((face) => face.moved >= least && !(gone && face === driver));
    const alone = this.#faces.length === 1;
    if (!moving.length || !(alone || gone || timeMs - this.#startMs >= WATCH_MS)) return;
    if (this.which === "moving") this.#driver = greatest(moving, ({ moved }) => moved);
    else if (gone || driver.moved < least) this.#driver = greatest(moving, (face) => face.standing(width, height));
    this.#final = true;
  }
}

function greatest(faces: readonly Seen[], value: (face: Seen) => number): Seen | undefined {
  return faces.reduce<Seen | undefined>((best, face) => (best && value(best) >= value(face) ? best : face), undefined);
}

/** x and y of the landmarks in units of their level region. */
function shapeOf(landmarks: Landmarks, region: RotatedSquare): Float32Array {
  const shape = new Float32Array((landmarks.length / 3) * 2);
  for (let i = 0; i * 3 < landmarks.length; i++) shape.set(region.fromPicture(landmarks[i * 3]!, landmarks[i * 3 + 1]!), i * 2);
  return shape;
}

function shapeDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 2) sum += Math.hypot(a[i]! - b[i]!, a[i + 1]! - b[i + 1]!);
  return sum / (a.length / 2);
}
