/** What a marked square shows, in bits that the mark carries, as `monalive.trust.mark_picture`. */

import type { SquareCrop } from "./crop.js";
import type { Picture } from "./picture.js";

export const PICTURE_BITS = 20n;
/** Pixels of the square. */
export const SQUARE_SIZE = 64;
/** Half waves across and down, and the mean and deviation of their strength in portraits, in units of the root mean square of all. */
const WAVES: readonly (readonly [across: number, down: number, mean: number, deviation: number])[] = [
  [0, 1, -0.17, 1.81], [1, 0, 0.10, 1.44], [1, 1, 0.05, 0.58], [0, 2, -0.13, 1.33], [2, 0, 0.02, 2.25],
  [1, 2, -0.11, 0.43], [2, 1, 0.47, 0.75], [2, 2, 0.26, 0.80], [0, 3, 0.09, 1.06], [3, 0, -0.04, 0.79],
  [1, 3, 0.00, 0.37], [3, 1, -0.06, 0.37], [2, 3, 0.07, 0.53], [3, 2, 0.02, 0.32], [0, 4, 0.39, 0.74],
  [4, 0, 0.68, 1.25], [1, 4, -0.03, 0.25], [4, 1, 0.01, 0.51], [3, 3, -0.01, 0.26], [2, 4, -0.23, 0.44],
];

/** Signs of the lowest waves of a square's brightness, the first wave's the highest bit. */
export function pictureBits(picture: Picture, square: SquareCrop): number {
  const { data } = square.extract(picture, SQUARE_SIZE);
  const strengths = WAVES.map(([across, down]) => {
    let sum = 0;
    for (let y = 0, i = 0; y < SQUARE_SIZE; y++) {
      for (let x = 0; x < SQUARE_SIZE; x++, i += 4) {
        sum += (0.299 * data[i]! + 0.587 * data[i + 1]! + 0.114 * data[i + 2]!) * halfWave(across, x) * halfWave(down, y);
      }
    }
    return sum;
  });
  const usual = Math.sqrt(strengths.reduce((sum, strength) => sum + strength ** 2, 0) / WAVES.length);
  return strengths.reduce((bits, strength, i) => bits * 2 + (strength >= WAVES[i]![2] * usual ? 1 : 0), 0);
}

/** Share of a pixel's error that is not waves of these 20, for parts of a square. */
const PRIOR = 0.05;

/**
 * How well a picture fits bits: about 3.6 if they are of it; 0 in the mean of other pictures, with a deviation of 1.2.
 * @param grey 64 x 64, brightness of the square, the right way up.
 * @param known 64 x 64, 1 where the picture shows it.
 */
export function likeness(bits: number, grey: Float32Array, known: Uint8Array): number {
  if (!known.includes(1)) return 0;
  const strengths = strengthsOf(grey, known);
  const usual = Math.sqrt(strengths.reduce((sum, strength) => sum + strength ** 2, 0) / WAVES.length) + 1e-9;
  const beyond = WAVES.map(([, , mean, deviation], i) => (strengths[i]! / usual - mean) / deviation);
  const agreement = beyond.reduce((sum, value, i) => sum + ((bits >> (WAVES.length - 1 - i)) & 1 ? value : -value), 0);
  return agreement / (Math.hypot(...beyond) + 1e-9);
}

/** Of a whole square its waves, of a part what is likely: least squares with what portraits have as prior. */
function strengthsOf(grey: Float32Array, known: Uint8Array): number[] {
  const basis = WAVES.map(([across, down]) =>
    Float64Array.from(grey, (_, i) => halfWave(across, i % SQUARE_SIZE) * halfWave(down, Math.trunc(i / SQUARE_SIZE))));
  const inner = (one: ArrayLike<number>, other: ArrayLike<number>): number => {
    let sum = 0;
    for (let i = 0; i < grey.length; i++) if (known[i]) sum += one[i]! * other[i]!;
    return sum;
  };
  if (!known.includes(0)) return basis.map((wave) => inner(wave, grey));
  const norms = basis.map((wave) => wave.reduce((sum, value) => sum + value ** 2, 0));
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const spread = WAVES.map(([, , , deviation], i) => (deviation * Math.sqrt(mean(norms))) / norms[i]!);
  const count = known.reduce((sum, one) => sum + one, 0);
  const waves = [new Float64Array(grey.length).fill(1), ...basis];
  const system = waves.map((one, row) => {
    const values = [...waves.map((other) => inner(one, other)), inner(one, grey)];
    if (row > 0) values[row]! += (PRIOR * count * (mean(spread) / spread[row - 1]!) ** 2 * norms[row - 1]!) / grey.length;
    return values;
  });
  return solved(system).slice(1).map((strength, i) => strength * norms[i]!);
}

/** The solution of linear equations that are symmetric and positive, each with its right side last. */
function solved(rows: number[][]): number[] {
  rows.forEach((pivot, i) => {
    for (const row of rows.slice(i + 1)) {
      const by = row[i]! / pivot[i]!;
      for (let k = i; k < row.length; k++) row[k]! -= by * pivot[k]!;
    }
  });
  const result = new Array<number>(rows.length).fill(0);
  for (let i = rows.length - 1; i >= 0; i--) {
    const rest = rows[i]!.slice(i + 1, -1).reduce((sum, value, k) => sum + value * result[i + 1 + k]!, 0);
    result[i] = (rows[i]!.at(-1)! - rest) / rows[i]![i]!;
  }
  return result;
}

function halfWave(waves: number, place: number): number {
  return Math.cos((Math.PI * waves * (place + 0.5)) / SQUARE_SIZE);
}
