/** The pattern of the pixel mark, as `monalive.trust.mark_pattern`: waves on a lattice, the same for every platform. */

import { sha256Of } from "./bundle.js";

const KEY = "monalive pixel mark 1";
/** The marked square is so many tiles wide. */
export const TILES = 4;
export const WAVES = 160, CODE_WAVES = 128;
/** Waves per tile: the coarsest, and how many across or down are looked at. */
const LOWEST = 5;
export const HIGHEST = 16;

/** The pattern's waves: [down * (2 HIGHEST + 1) + across + HIGHEST], real and imaginary parts. */
export interface Spectrum {
  readonly real: Float64Array;
  readonly imaginary: Float64Array;
}

/** The waves of half the plane in the order of their keys, and the fixed signs of the last ones. */
export interface KeyedWaves {
  readonly waves: readonly { readonly x: number; readonly y: number }[];
  readonly fixedSign: (bit: number) => number;
}

/** The same waves on every platform. */
export async function keyedWaves(): Promise<KeyedWaves> {
  const text = (content: string): Promise<string> => sha256Of(new TextEncoder().encode(content));
  const half: [number, number][] = [];
  for (let y = 0; y <= HIGHEST; y++) {
    for (let x = -HIGHEST; x <= HIGHEST; x++) if ((y > 0 || x > 0) && x * x + y * y >= LOWEST ** 2) half.push([x, y]);
  }
  half.sort(([x, y], [u, v]) => x * x + y * y - u * u - v * v || x - u || y - v);
  const keyed = await Promise.all(half.slice(0, WAVES).map(async ([x, y]) => ({ x, y, key: await text(`${KEY}: ${x} ${y}`) })));
  keyed.sort((one, other) => (one.key < other.key ? -1 : 1));
  const fixed = await text(KEY);
  const fixedSign = (bit: number): number => ((parseInt(fixed[bit >> 2]!, 16) >> (3 - (bit & 3))) & 1 ? -1 : 1);
  return { waves: keyed, fixedSign };
}

/** The waves of a code word, each as strong as it is written. */
export function spectrumOf(word: Int8Array, { waves, fixedSign }: KeyedWaves): Spectrum {
  const real = new Float64Array((HIGHEST + 1) * (2 * HIGHEST + 1)), imaginary = new Float64Array(real.length);
  waves.forEach(({ x, y }, i) => {
    const at = y * (2 * HIGHEST + 1) + x + HIGHEST;
    const strength = 1 / Math.hypot(x, y); // in proportion to their length: long ones show least for what survives of them
    real[at] = strength * (i < CODE_WAVES ? word[2 * i]! : fixedSign(2 * (i - CODE_WAVES)));
    imaginary[at] = strength * (i < CODE_WAVES ? word[2 * i + 1]! : fixedSign(2 * (i - CODE_WAVES) + 1));
  });
  return { real, imaginary };
}

/** The pattern of mean square 1 at (height, width) pixels' centres, the first at (left + 0.5, top + 0.5) in a square of `side`. */
export function render({ real, imaginary }: Spectrum, side: number, left: number, width: number, top: number, height: number): Float32Array {
  const columns = 2 * HIGHEST + 1, turn = (2 * Math.PI * TILES) / side;
  const cosines = new Float64Array(columns * width), sines = new Float64Array(columns * width);
  for (let k = 0; k < columns; k++) {
    for (let x = 0; x < width; x++) {
      const angle = turn * (k - HIGHEST) * (left + x + 0.5);
      cosines[k * width + x] = Math.cos(angle);
      sines[k * width + x] = Math.sin(angle);
    }
  }
  const pattern = new Float32Array(width * height), row = new Float64Array(width);
  const power = Math.sqrt(real.reduce((sum, value) => sum + value ** 2, 0));
  for (let y = 0; y < height; y++) {
    row.fill(0);
    for (let k = 0; k < columns; k++) {
      let re = 0, im = 0;
      for (let m = 0; m <= HIGHEST; m++) {
        const angle = turn * m * (top + y + 0.5), c = Math.cos(angle), s = Math.sin(angle);
        re += real[m * columns + k]! * c - imaginary[m * columns + k]! * s;
        im += real[m * columns + k]! * s + imaginary[m * columns + k]! * c;
      }
      for (let x = 0, at = k * width; x < width; x++, at++) row[x]! += re * cosines[at]! - im * sines[at]!;
    }
    for (let x = 0; x < width; x++) pattern[y * width + x] = row[x]! / power;
  }
  return pattern;
}
