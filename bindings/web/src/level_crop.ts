/** The square that the tracker's networks look at: the face level in it, pixel centres exact. */

import { LANDMARK_COUNT, type Landmarks, roundHalfEven } from "./crop.js";
import { type Picture } from "./picture.js";
import { RotatedSquare } from "./region.js";
import { type Border, shrink, warp } from "./resample.js";

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
  let source = picture, left = 0, top = 0, fx = 1, fy = 1;
  if (scale > 2) {
    // Bilinear sampling alone reads 2 x 2 pixels: halve what is read until that is enough.
    const part = surroundings(picture, region), factor = 1 / 2 ** Math.floor(Math.log2(scale));
    const smaller = (length: number): number => Math.max(1, roundHalfEven(length * factor));
    source = shrink(part.picture, smaller(part.picture.width), smaller(part.picture.height));
    ({ left, top } = part);
    fx = source.width / part.picture.width;
    fy = source.height / part.picture.height;
  }
  const cos = Math.cos(region.angle) * scale, sin = Math.sin(region.angle) * scale;
  // The crop's first pixel centre. Pixel centres lie on whole numbers for `warp`; regions put the picture's corner at 0.
  const [x, y] = region.toPicture(0.5 / size, 0.5 / size);
  return warp(source, [cos * fx, -sin * fx, (x - left) * fx - 0.5, sin * fy, cos * fy, (y - top) * fy - 0.5], size, border);
}

/** The part of the picture that a region can show, and where its corner lies in the picture. */
function surroundings(picture: Picture, region: RotatedSquare): { picture: Picture; left: number; top: number } {
  const { width, height } = picture, reach = region.side * 0.75;
  const low = (centre: number, length: number): number => Math.floor(Math.min(Math.max(centre - reach, 0), length - 1));
  const high = (centre: number, length: number): number => Math.min(Math.floor(Math.min(Math.max(centre + reach, 1), length)) + 1, length);
  const left = low(region.x, width), top = low(region.y, height);
  const right = Math.max(high(region.x, width), left + 1), bottom = Math.max(high(region.y, height), top + 1);
  if (right - left === width && bottom - top === height) return { picture, left: 0, top: 0 };
  const wide = right - left, part = new Uint8ClampedArray(wide * (bottom - top) * 4);
  for (let y = top; y < bottom; y++) {
    part.set(picture.data.subarray((y * width + left) * 4, (y * width + right) * 4), (y - top) * wide * 4);
  }
  return { picture: { width: wide, height: bottom - top, data: part }, left, top };
}
