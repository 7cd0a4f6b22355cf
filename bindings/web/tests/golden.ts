/** The golden vectors of the Python SDK, and how near a picture comes to another. */

import { readFileSync } from "node:fs";
import path from "node:path";
import { PNG } from "pngjs";
import { type Landmarks, SquareCrop } from "../src/crop.js";
import type { Picture } from "../src/picture.js";

/** The repository's. */
export const ROOT = path.resolve(process.cwd(), "../..");
const FOLDER = process.env["MONALIVE_GOLDEN"] ?? path.join(ROOT, "tests/golden/bindings");

export function golden(name: string): any {
  return JSON.parse(readFileSync(path.join(FOLDER, name), "utf8"));
}

export function goldenFile(name: string): Uint8Array {
  return Uint8Array.from(readFileSync(path.join(FOLDER, "files", name)));
}

export function goldenPicture(name: string): Picture {
  const { width, height, data } = PNG.sync.read(readFileSync(path.join(FOLDER, name)));
  return { width, height, data: Uint8ClampedArray.from(data) };
}

export function cropOf({ x, y, side }: { x: number; y: number; side: number }): SquareCrop {
  return new SquareCrop(x, y, side);
}

export function landmarksOf(points: number[][]): Landmarks {
  return Float32Array.from(points.flat());
}

/** Peak signal-to-noise ratio over RGB, in dB. */
export function psnr(a: Picture, b: Picture): number {
  let sum = 0, count = 0;
  a.data.forEach((value, i) => {
    if (i % 4 < 3) {
      sum += (value - b.data[i]!) ** 2;
      count++;
    }
  });
  return 10 * Math.log10(255 ** 2 / (sum / count));
}

export function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = a.length === b.length ? 0 : Infinity;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  return most;
}

/** The network's flow, mask and paint from a golden case. */
export function networkArrays(entry: any): [Float32Array, Float32Array, Float32Array] {
  const mask = goldenPicture(entry.mask).data.filter((_, i) => i % 4 === 0);
  const painted = goldenPicture(entry.painted).data.filter((_, i) => i % 4 < 3);
  return [
    Float32Array.from(entry.flow.levels, (level: number) => level * entry.flow.step),
    Float32Array.from(mask, (level) => level / 255),
    Float32Array.from(painted, (level) => level / 255),
  ];
}
