/** Resampling as OpenCV does it: pixel centres lie on whole numbers, borders repeat. */

import { type Field, newPicture, type Picture } from "./picture.js";

/** (x, y) of the result to (a x + b y + c, d x + e y + f) of the source. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];
export type Border = "repeat" | "black";

/** Samples a picture bilinearly along an affine map into (columns, rows): OpenCV's warpAffine. */
export function warp(picture: Picture, map: Affine, columns: number, rows: number, border: Border): Picture {
  const [a, b, c, d, e, f] = map;
  const { width, height, data } = picture;
  const result = newPicture(columns, rows);
  const black = border === "black";
  for (let y = 0, to = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++, to += 4) {
      const u = a * x + b * y + c, v = d * x + e * y + f;
      const left = Math.floor(u), top = Math.floor(v), s = u - left, t = v - top;
      let w00 = (1 - s) * (1 - t), w01 = s * (1 - t), w10 = (1 - s) * t, w11 = s * t;
      if (black) {
        if (left < 0 || left >= width) w00 = w10 = 0;
        if (left < -1 || left >= width - 1) w01 = w11 = 0;
        if (top < 0 || top >= height) w00 = w01 = 0;
        if (top < -1 || top >= height - 1) w10 = w11 = 0;
      }
      const x0 = clamp(left, width), x1 = clamp(left + 1, width);
      const row0 = clamp(top, height) * width, row1 = clamp(top + 1, height) * width;
      const p00 = (row0 + x0) * 4, p01 = (row0 + x1) * 4, p10 = (row1 + x0) * 4, p11 = (row1 + x1) * 4;
      for (let k = 0; k < 3; k++) {
        result.data[to + k] = data[p00 + k]! * w00 + data[p01 + k]! * w01 + data[p10 + k]! * w10 + data[p11 + k]! * w11;
      }
    }
  }
  return result;
}

/** Shrinks a picture by averaging over areas: OpenCV's INTER_AREA. */
export function shrink(picture: Picture, width: number, height: number): Picture {
  // Not spread: the sides of an ImageData are not its own properties.
  const source: Field = { width: picture.width, height: picture.height, channels: 4, data: Float32Array.from(picture.data) };
  return { width, height, data: Uint8ClampedArray.from(resizeField(source, width, height, "area").data) };
}

/** Resizes a field along rows, then columns. Shrinking takes "area", enlarging "linear" or "cubic". */
export function resizeField(field: Field, width: number, height: number, kernel: "area" | "linear" | "cubic"): Field {
  const across = taps(field.width, width, kernel), down = taps(field.height, height, kernel);
  const { channels } = field;
  const half = new Float32Array(width * field.height * channels);
  for (let y = 0, to = 0; y < field.height; y++) {
    for (let x = 0; x < width; x++) {
      for (let k = 0; k < channels; k++, to++) {
        let sum = 0;
        for (let i = across.first[x]!; i < across.first[x + 1]!; i++) {
          sum += field.data[(y * field.width + across.index[i]!) * channels + k]! * across.weight[i]!;
        }
        half[to] = sum;
      }
    }
  }
  const result = new Float32Array(width * height * channels), row = width * channels;
  for (let y = 0; y < height; y++) {
    for (let i = down.first[y]!; i < down.first[y + 1]!; i++) {
      const weight = down.weight[i]!, from = down.index[i]! * row, to = y * row;
      for (let j = 0; j < row; j++) result[to + j]! += half[from + j]! * weight;
    }
  }
  return { width, height, channels, data: result };
}

/** Samples a field bilinearly at u = scale * x + x0, v = scale * y + y0 into a field of the same size. */
export function shiftField(field: Field, scale: number, x0: number, y0: number): Field {
  const { width, height, channels, data } = field;
  const result = new Float32Array(data.length);
  for (let y = 0, to = 0; y < height; y++) {
    const v = scale * y + y0, top = Math.floor(v), t = v - top;
    const row0 = clamp(top, height) * width, row1 = clamp(top + 1, height) * width;
    for (let x = 0; x < width; x++) {
      const u = scale * x + x0, left = Math.floor(u), s = u - left;
      const c0 = clamp(left, width), c1 = clamp(left + 1, width);
      for (let k = 0; k < channels; k++, to++) {
        const above = data[(row0 + c0) * channels + k]! * (1 - s) + data[(row0 + c1) * channels + k]! * s;
        const below = data[(row1 + c0) * channels + k]! * (1 - s) + data[(row1 + c1) * channels + k]! * s;
        result[to] = above * (1 - t) + below * t;
      }
    }
  }
  return { width, height, channels, data: result };
}

/** Samples a field of one channel bilinearly along an affine map into (columns, rows): OpenCV's warpAffine. */
export function warpField({ width, height, data }: Field, map: Affine, columns: number, rows: number, border: Border): Field {
  const [a, b, c, d, e, f] = map;
  const black = border === "black";
  const result = new Float32Array(columns * rows);
  for (let y = 0, to = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++, to++) {
      const u = a * x + b * y + c, v = d * x + e * y + f;
      const left = Math.floor(u), top = Math.floor(v), s = u - left, t = v - top;
      if (left >= 0 && left < width - 1 && top >= 0 && top < height - 1) {
        const from = top * width + left, above = data[from]! * (1 - s) + data[from + 1]! * s;
        result[to] = above + ((data[from + width]! * (1 - s) + data[from + width + 1]! * s) - above) * t;
        continue;
      }
      if (black && (left < -1 || left >= width || top < -1 || top >= height)) continue;
      let w00 = (1 - s) * (1 - t), w01 = s * (1 - t), w10 = (1 - s) * t, w11 = s * t;
      if (black) {
        if (left < 0) w00 = w10 = 0;
        if (left === width - 1) w01 = w11 = 0;
        if (top < 0) w00 = w01 = 0;
        if (top === height - 1) w10 = w11 = 0;
      }
      const x0 = clamp(left, width), x1 = clamp(left + 1, width);
      const row0 = clamp(top, height) * width, row1 = clamp(top + 1, height) * width;
      result[to] = data[row0 + x0]! * w00 + data[row0 + x1]! * w01 + data[row1 + x0]! * w10 + data[row1 + x1]! * w11;
    }
  }
  return { width: columns, height: rows, channels: 1, data: result };
}

/**
 * Which source values, with what weights, make each value of a resized row: those of i are first[i] to first[i + 1].
 * Each "linear" value has two, each "cubic" one four.
 */
export interface Taps {
  readonly first: Int32Array;
  readonly index: Int32Array;
  readonly weight: Float32Array;
}

/** `stretch` and `shift`: the source lies so under the result, in source cells, instead of edge on edge; not for "area". */
export function taps(from: number, to: number, kernel: "area" | "linear" | "cubic", stretch = 1, shift = 0): Taps {
  const first = new Int32Array(to + 1), index: number[] = [], weight: number[] = [];
  const scale = from / to;
  for (let i = 0; i < to; i++) {
    if (kernel === "area") {
      const low = i * scale, high = Math.min(low + scale, from);
      for (let j = Math.floor(low); j < high - 1e-9; j++) {
        index.push(j);
        weight.push((Math.min(j + 1, high) - Math.max(j, low)) / (high - low));
      }
    } else {
      const place = stretch * ((i + 0.5) * scale - 0.5) + shift, left = Math.floor(place), t = place - left;
      const shares = kernel === "linear" ? [1 - t, t] : cubic(t);
      const start = kernel === "linear" ? left : left - 1;
      shares.forEach((share, j) => {
        index.push(clamp(start + j, from));
        weight.push(share);
      });
    }
    first[i + 1] = index.length;
  }
  return { first, index: Int32Array.from(index), weight: Float32Array.from(weight) };
}

/** Weights of four neighbours for a place at t in [0, 1] between the middle two: Keys' cubic with a = -0.75. */
function cubic(t: number): number[] {
  const a = -0.75;
  const near = (x: number): number => ((a + 2) * x - (a + 3)) * x * x + 1;
  const far = (x: number): number => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return [far(1 + t), near(t), near(1 - t), far(2 - t)];
}

function clamp(place: number, length: number): number {
  return place < 0 ? 0 : place >= length ? length - 1 : place;
}
