/** A driver whose face the sliders make: a face at rest, what each expression adds, and turns of the head. */

import type { Landmarks } from "../../../bindings/web/src/crop.js";

interface HandFile {
  readonly image_size: [number, number];
  readonly rest: number[];
  readonly pivot: [number, number, number];
  readonly sliders: Record<string, number[]>;
}

/** Degrees at a slider's end. */
export const TURNS = { turn: 30, nod: 20, tilt: 25 } as const;
export const EXPRESSIONS = ["smile", "mouth", "eyes", "brows"] as const;
export type HandName = keyof typeof TURNS | (typeof EXPRESSIONS)[number];

export class HandDriver {
  readonly rest: Landmarks;
  readonly imageSize: readonly [number, number];
  /** Turns from -1 to 1, expressions from 0 to 1. */
  readonly values: Partial<Record<HandName, number>> = {};
  readonly #file: HandFile;

  constructor(file: HandFile) {
    this.#file = file;
    this.rest = Float32Array.from(file.rest);
    this.imageSize = file.image_size;
  }

  /** 478 x 3 pixels of a picture of `imageSize`. */
  face(): Landmarks {
    const points = Float64Array.from(this.#file.rest);
    for (const name of EXPRESSIONS) {
      const amount = this.values[name] ?? 0, displacement = this.#file.sliders[name];
      if (amount && displacement) for (let i = 0; i < points.length; i++) points[i]! += amount * displacement[i]!;
    }
    const [yaw, pitch, roll] = (["turn", "nod", "tilt"] as const).map((name) => ((this.values[name] ?? 0) * TURNS[name] * Math.PI) / 180) as [number, number, number];
    const [px, py, pz] = this.#file.pivot;
    const face = new Float32Array(points.length);
    for (let i = 0; i < points.length; i += 3) {
      const x = points[i]! - px, y = points[i + 1]! - py, z = points[i + 2]! - pz;
      // Pitch about x, then yaw about y, then roll in the picture's plane.
      const y1 = y * Math.cos(pitch) - z * Math.sin(pitch), z1 = y * Math.sin(pitch) + z * Math.cos(pitch);
      const x2 = x * Math.cos(yaw) - z1 * Math.sin(yaw), z2 = x * Math.sin(yaw) + z1 * Math.cos(yaw);
      face[i] = x2 * Math.cos(roll) - y1 * Math.sin(roll) + px;
      face[i + 1] = x2 * Math.sin(roll) + y1 * Math.cos(roll) + py;
      face[i + 2] = z2 + pz;
    }
    return face;
  }
}
