/** The square that the tracker's networks look at: the face level in it, pixel centres exact. */

import { LANDMARK_COUNT, type Landmarks } from "./crop.js";
import { newPicture, type Picture } from "./picture.js";
import { RotatedSquare } from "./region.js";
import { type Border, warp } from "./resample.js";

/** Side of the region in face sizes (the longer side of the level box around the landmarks). */
export const LEVEL_SCALE = 1.4;
const FOREHEAD = 10, CHIN = 152;
/** Outer eye corners of the person's left and right eye. */
const LEFT_CORNER = 263, RIGHT_CORNER = 33;

/**
 * Where the landmark network looks for the face of these landmarks. Its roll comes from the eye line and the line from
 * chin to forehead together: in profile the eye corners fall on one another and the second decides.
 */
export function levelRegion(landmarks: Landmarks): RotatedSquare {
  const between = (from: number, to: number, axis: number): number => landmarks[to * 3 + axis]! - landmarks[from * 3 + axis]!;
  const angle = Math.atan2(
    between(RIGHT_CORNER, LEFT_CORNER, 1) + between(CHIN, FOREHEAD, 0),
    between(RIGHT_CORNER, LEFT_CORNER, 0) - between(CHIN, FOREHEAD, 1),
  );
  const cos = Math.cos(angle), sin = Math.sin(angle);
  let left = Infinity, top = Infinity, right = -Infinity, bottom = -Infinity;
  for (let i = 0; i < LANDMARK_COUNT * 3; i += 3) {
    const x = cos * landmarks[i]! + sin * landmarks[i + 1]!, y = cos * landmarks[i + 1]! - sin * landmarks[i]!;
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  const x = (left + right) / 2, y = (top + bottom) / 2;
  return new RotatedSquare(cos * x - sin * y, sin * x + cos * y, Math.max(right - left, bottom - top) * LEVEL_SCALE, angle);
}

/** The region resampled to (size, size); shrinking averages over the picture's pixels. */
export function extractLevel(picture: Picture, region: RotatedSquare, size: number, border: Border = "repeat"): Picture {
  const scale = region.side / size;
  let source = picture, left = 0, top = 0, part = 1;
  if (scale > 2) {
    // Bilinear sampling alone reads 2 x 2 pixels: halve what is read until that is enough.
    const times = 2 ** Math.floor(Math.log2(scale)), reach = region.side * 0.75; // what a region can show
    const low = (centre: number, length: number): number => Math.floor(clamp(centre - reach, 0, length - 1));
    const high = (centre: number, length: number): number => Math.ceil(clamp(centre + reach, 1, length));
    left = low(region.x, picture.width);
    top = low(region.y, picture.height);
    source = means(picture, left, top, high(region.x, picture.width), high(region.y, picture.height), times);
    part = 1 / times;
  }
  const cos = Math.cos(region.angle) * scale * part, sin = Math.sin(region.angle) * scale * part;
  // The crop's first pixel centre. Pixel centres lie on whole numbers for `warp`; regions put the picture's corner at 0.
  const [x, y] = region.toPicture(0.5 / size, 0.5 / size);
  return warp(source, [cos, -sin, (x - left) * part - 0.5, sin, cos, (y - top) * part - 0.5], size, size, border);
}

/** A part of a picture made smaller: each pixel is the mean of `times` x `times`, or of those that the part has there. */
function means(picture: Picture, left: number, top: number, right: number, bottom: number, times: number): Picture {
  const result = newPicture(Math.ceil((right - left) / times), Math.ceil((bottom - top) / times));
  const { width, height } = result;
  // Every frame of a camera is halved: whole cells of four pixels go the fast way.
  const columns = times === 2 ? (right - left) >> 1 : 0, rows = times === 2 ? (bottom - top) >> 1 : 0;
  halve(picture, left, top, result, columns, rows);
  for (let row = 0; row < height; row++) {
    for (let column = row < rows ? columns : 0; column < width; column++) {
      const x = left + column * times, y = top + row * times;
      mean(picture, x, y, Math.min(x + times, right), Math.min(y + times, bottom), result.data, (row * width + column) * 4);
    }
  }
  return result;
}

/** Writes the mean colour of a rectangle of pixels to `data` at `to`. */
function mean({ width, data: from }: Picture, left: number, top: number, right: number, bottom: number, data: Uint8ClampedArray, to: number): void {
  const count = (bottom - top) * (right - left);
  for (let k = 0; k < 3; k++) {
    let sum = 0;
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) sum += from[(y * width + x) * 4 + k]!;
    }
    data[to + k] = sum / count;
  }
}

/** Means of 2 x 2 pixels, two channels in one number; rounded as a clamped byte is, halves to the even level. */
function halve(picture: Picture, left: number, top: number, result: Picture, columns: number, rows: number): void {
  const pixels = words(picture), halved = words(result), { width } = picture, two = 0xff00ff, ones = 0x10001;
  for (let row = 0; row < rows; row++) {
    let from = (top + row * 2) * width + left;
    for (let to = row * result.width, end = to + columns; to < end; to++, from += 2) {
      const a = pixels[from]!, b = pixels[from + 1]!, c = pixels[from + width]!, d = pixels[from + width + 1]!;
      const even = (a & two) + (b & two) + (c & two) + (d & two);
      const odd = ((a >>> 8) & two) + ((b >>> 8) & two) + ((c >>> 8) & two) + ((d >>> 8) & two);
      halved[to] = (((even + ones + ((even >>> 2) & ones)) >>> 2) & two) | ((((odd + ones + ((odd >>> 2) & ones)) >>> 2) & two) << 8) | 0xff000000;
    }
  }
}

function words({ data }: Picture): Uint32Array {
  const aligned = data.byteOffset % 4 === 0 ? data : data.slice();
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
