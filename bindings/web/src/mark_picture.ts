/** What a marked square shows, in bits that the mark carries, as `monalive.trust.mark_picture`, which also compares them. */

import type { SquareCrop } from "./crop.js";
import type { Picture } from "./picture.js";

export const PICTURE_BITS = 20n;
const SQUARE_SIZE = 64;
/** Half waves across and down, and the mean of their strength in portraits, in units of the root mean square of all. */
const WAVES: readonly (readonly [across: number, down: number, mean: number])[] = [
  [0, 1, -0.17], [1, 0, 0.10], [1, 1, 0.05], [0, 2, -0.13], [2, 0, 0.02],
  [1, 2, -0.11], [2, 1, 0.47], [2, 2, 0.26], [0, 3, 0.09], [3, 0, -0.04],
  [1, 3, 0.00], [3, 1, -0.06], [2, 3, 0.07], [3, 2, 0.02], [0, 4, 0.39],
  [4, 0, 0.68], [1, 4, -0.03], [4, 1, 0.01], [3, 3, -0.01], [2, 4, -0.23],
];

/** Signs of the lowest waves of a square's brightness, the first wave's the highest bit. */
export function pictureBits(picture: Picture, square: SquareCrop): number {
  const { data } = square.extract(picture, SQUARE_SIZE);
  const half = (waves: number, place: number): number => Math.cos((Math.PI * waves * (place + 0.5)) / SQUARE_SIZE);
  const strengths = WAVES.map(([across, down]) => {
    let sum = 0;
    for (let y = 0, i = 0; y < SQUARE_SIZE; y++) {
      for (let x = 0; x < SQUARE_SIZE; x++, i += 4) {
        sum += (0.299 * data[i]! + 0.587 * data[i + 1]! + 0.114 * data[i + 2]!) * half(across, x) * half(down, y);
      }
    }
    return sum;
  });
  const usual = Math.sqrt(strengths.reduce((sum, strength) => sum + strength ** 2, 0) / WAVES.length);
  return strengths.reduce((bits, strength, i) => bits * 2 + (strength >= WAVES[i]![2] * usual ? 1 : 0), 0);
}
