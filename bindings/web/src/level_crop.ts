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
  return warp(source, [cos, -sin, (x - left) * part - 0.5, sin, cos, (y - top) * part - 0.5], size, border);
}

/** A part of a picture made smaller: each pixel is the mean of `times` x `times`, or of those that the part has there. */
function means(picture: Picture, left: number, top: number, right: number, bottom: number, times: number): Picture {
  const { data } = picture;
  const result = newPicture(Math.ceil((right - left) / times), Math.ceil((bottom - top) / times));
  for (let row = 0, to = 0; row < result.height; row++) {
    const first = top + row * times, last = Math.min(first + times, bottom);
    for (let column = 0; column < result.width; column++, to += 4) {
      const start = left + column * times, end = Math.min(start + times, right);
      let red = 0, green = 0, blue = 0;
      for (let y = first; y < last; y++) {
        for (let from = (y * picture.width + start) * 4, stop = (y * picture.width + end) * 4; from < stop; from += 4) {
          red += data[from]!;
          green += data[from + 1]!;
          blue += data[from + 2]!;
        }
      }
      const count = (last - first) * (end - start);
      result.data[to] = red / count;
      result.data[to + 1] = green / count;
      result.data[to + 2] = blue / count;
    }
  }
  return result;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
