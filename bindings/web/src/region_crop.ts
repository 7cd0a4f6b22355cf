/**
 * Crops of an eye or the mouth: where they lie in a picture, and their pixels.
 *
 * A crop is level with the face, so it may lie turned in the picture, and a right eye's is mirrored. Its place is an affine map
 * from crop pixels (u, v) to picture pixels. A pixel's middle is at + 0.5 in both.
 */

import type { SquareCrop } from "./crop.js";
import type { Picture } from "./picture.js";
import { type Affine, shrink, warp } from "./resample.js";

/** No face is larger than this many picture pixels per crop pixel; beyond, pixels are left out. */
const MOST_SAMPLES = 64;

/** A place in units of the photo's square crop, six numbers, as one in photo pixels. */
export function regionPlace(units: ArrayLike<number>, { x, y, side }: SquareCrop): Affine {
  const [a, b, c, d, e, f] = Array.from(units, (value) => value * side) as [number, number, number, number, number, number];
  return [a, b, c + x, d, e, f + y];
}

/** Picture pixels per crop pixel. */
export function regionScale([a, b, , d, e]: Affine): number {
  return Math.sqrt(Math.abs(a * e - b * d));
}

/** How many samples, side by side, stand for `pixels` pixels when a picture is shrunk by that factor; at least 1. */
export function samplesAcross(pixels: number): number {
  return Math.min(Math.max(1, Math.ceil(pixels - 0.25)), MOST_SAMPLES);
}

/** The crop (width, height); what lies outside the picture repeats its border. Shrinking averages over the picture's pixels. */
export function extractRegion(picture: Picture, place: Affine, width: number, height: number): Picture {
  const times = samplesAcross(regionScale(place));
  const [a, b, c, d, e, f] = place.map((value, index) => (index % 3 < 2 ? value / times : value)) as unknown as Affine;
  // `warp` puts a pixel's middle on whole numbers.
  const map: Affine = [a, b, c + (a + b) / 2 - 0.5, d, e, f + (d + e) / 2 - 0.5];
  const crop = warp(picture, map, width * times, height * times, "repeat");
  return times > 1 ? shrink(crop, width, height) : crop;
}
