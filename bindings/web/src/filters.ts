/** Filters of fields of one channel as OpenCV has them: the border is mirrored about its outermost values. */

import type { Field } from "./picture.js";

/** The mean of the `size` x `size` values around each; `size` is odd. */
export function boxBlur(field: Field, size: number): Field {
  return filtered(field, new Float64Array(size).fill(1 / size));
}

export function gaussianBlur(field: Field, sigma: number): Field {
  const reach = Math.round(sigma * 8 + 1) >> 1;
  const weights = Float64Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma ** 2)));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return filtered(field, weights.map((weight) => weight / sum));
}

/** The place inside that a place outside is the mirror image of. */
function mirrored(place: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1), within = ((place % period) + period) % period;
  return Math.min(within, period - within);
}

function filtered({ width, height, data }: Field, weights: Float64Array): Field {
  const reach = weights.length >> 1, rows = new Float32Array(data.length), result = new Float32Array(data.length);
  const line = new Float64Array(width + 2 * reach);
  for (let y = 0; y < height; y++) {
    for (let x = -reach; x < width + reach; x++) line[x + reach] = data[y * width + mirrored(x, width)]!;
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum += weights[i]! * line[x + i]!;
      rows[y * width + x] = sum;
    }
  }
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < weights.length; i++) {
      const weight = weights[i]!, from = mirrored(y + i - reach, height) * width;
      for (let x = 0; x < width; x++) result[y * width + x]! += weight * rows[from + x]!;
    }
  }
  return { width, height, channels: 1, data: result };
}
