/** Pictures as the browser holds them: rows of RGBA bytes, the origin at the top left. */

import { ValueError } from "./errors.js";

/** What `ImageData` is, too. `data`: width * height * 4 bytes, RGBA; alpha is not looked at and written as 255. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

/** Row-major float32 values: `channels` of them per place. */
export interface Field {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Float32Array;
}

/** A black, opaque picture. */
export function newPicture(width: number, height: number): Picture {
  const data = new Uint8ClampedArray(width * height * 4);
  new Uint32Array(data.buffer).fill(0xff000000);
  return { width, height, data };
}

/** The same pixels in memory of their own. */
export function copyOf({ width, height, data }: Picture): Picture {
  return { width, height, data: data.slice() };
}

/**
 * Checks that something is a picture that is not empty.
 * @throws ValueError it is something else.
 */
export function requirePicture(picture: Picture): void {
  const { width, height, data } = picture;
  if (!(width >= 1 && height >= 1) || data?.length !== width * height * 4) {
    throw new ValueError(`a picture must hold width * height * 4 bytes of RGBA, not ${data?.length} for ${width} x ${height}`);
  }
}

/** RGB of a picture as float32, each value through `value`: the network's (1, height, width, 3). */
export function toTensor(picture: Picture, value: (level: number) => number): Float32Array {
  const table = Float32Array.from({ length: 256 }, (_, level) => value(level));
  const tensor = new Float32Array(picture.width * picture.height * 3);
  for (let from = 0, to = 0; to < tensor.length; from += 4) {
    tensor[to++] = table[picture.data[from]!]!;
    tensor[to++] = table[picture.data[from + 1]!]!;
    tensor[to++] = table[picture.data[from + 2]!]!;
  }
  return tensor;
}

/** Writes a painted colour, three channels in about [0, 1], as levels in [0, 255] and alpha. */
export function writeLevels(to: Float32Array, at: number, painted: Float32Array, from: number): void {
  to[at] = level(painted[from]!);
  to[at + 1] = level(painted[from + 1]!);
  to[at + 2] = level(painted[from + 2]!);
  to[at + 3] = 255;
}

function level(value: number): number {
  return value < 0 ? 0 : value > 1 ? 255 : value * 255;
}

/** Makes painted colours, three channels each, shades of grey: each the mean of its channels. */
export function toGrey(painted: Float32Array): void {
  for (let i = 0; i < painted.length; i += 3) {
    painted[i] = painted[i + 1] = painted[i + 2] = (painted[i]! + painted[i + 1]! + painted[i + 2]!) / 3;
  }
}

/** Whether a picture shows shades of grey only, up to a trace of compression. */
export function isBlackAndWhite(picture: Picture): boolean {
  const counts = new Uint32Array(256);
  const { data } = picture;
  let sum = 0;
  for (let i = 0; i < data.length; i += 4) {
    const r = data[i]!, g = data[i + 1]!, b = data[i + 2]!;
    const spread = Math.max(r, g, b) - Math.min(r, g, b);
    counts[spread]!++;
    sum += spread;
  }
  const pixels = data.length / 4;
  return sum / pixels < 1.5 && percentile(counts, pixels, 0.99) <= 8;
}

/** numpy's percentile (linear between neighbours) of whole numbers given by their counts. */
function percentile(counts: Uint32Array, total: number, share: number): number {
  const place = share * (total - 1);
  const at = (rank: number): number => {
    let seen = 0;
    for (let value = 0; value < counts.length; value++) if ((seen += counts[value]!) > rank) return value;
    return counts.length - 1;
  };
  const low = at(Math.floor(place));
  return low + (at(Math.ceil(place)) - low) * (place - Math.floor(place));
}
