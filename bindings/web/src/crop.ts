/** The square crop around a face that the networks see. */

import { copyOf, type Picture } from "./picture.js";
import { shrink, warp } from "./resample.js";

/** 478 x 3 values, x right and y down in pixels, z in the scale of x: one face in MediaPipe's order. */
export type Landmarks = Float32Array;
export const LANDMARK_COUNT = 478;
/** The mesh without the irises. */
export const MESH_COUNT = 468;

export const CROP_FACE_SIZES = 1.9;
export const CROP_RISE = 0.06;
const WHOLE_PICTURE_SLACK = 1.35;

/** An axis-aligned square in photo pixels. It may reach outside the photo. */
export class SquareCrop {
  constructor(readonly x: number, readonly y: number, readonly side: number) {}

  /** Photo pixels to crop units: [0, 1] inside the square; z is divided by the side. */
  toUnit(points: Landmarks): Landmarks {
    const origin = [this.x, this.y, 0];
    return points.map((value, index) => (value - origin[index % 3]!) / this.side);
  }

  /** The inverse of `toUnit`. */
  toPixels(points: Landmarks): Landmarks {
    const origin = [this.x, this.y, 0];
    return points.map((value, index) => value * this.side + origin[index % 3]!);
  }

  /** The crop resampled to (size, size); what lies outside the photo repeats its border. */
  extract(picture: Picture, size: number): Picture {
    const scale = this.side / size;
    if (scale === 1 && this.x === 0 && this.y === 0 && picture.width === size && picture.height === size) {
      return copyOf(picture);
    }
    let source = picture;
    if (scale > 2) {
      // Bilinear sampling alone reads 2 x 2 pixels: halve the photo until that is enough.
      const part = 1 / 2 ** Math.floor(Math.log2(scale));
      source = shrink(picture, Math.max(1, roundHalfEven(picture.width * part)), Math.max(1, roundHalfEven(picture.height * part)));
    }
    const fx = source.width / picture.width, fy = source.height / picture.height;
    // Pixel centres lie on whole numbers; landmark pixels put the picture's corner at 0.
    return warp(
      source,
      [scale * fx, 0, (this.x + scale / 2) * fx - 0.5, 0, scale * fy, (this.y + scale / 2) * fy - 0.5],
      size,
      size,
      "repeat",
    );
  }
}

/**
 * The square to animate: about twice the face's size with room above for the hair, moved to lie inside the photo where
 * that is possible; the photo's largest square when the photo is hardly larger.
 * @param landmarks of the face in photo pixels.
 */
export function portraitCrop(landmarks: Landmarks, width: number, height: number): SquareCrop {
  const [left, top, right, bottom] = bounds(landmarks, MESH_COUNT);
  const wanted = Math.max(right - left, bottom - top) * CROP_FACE_SIZES;
  const shorter = Math.min(width, height);
  const side = shorter <= wanted * WHOLE_PICTURE_SLACK ? shorter : wanted;
  const within = (low: number, most: number): number => Math.min(Math.max(low, 0), most);
  return new SquareCrop(
    within((left + right) / 2 - side / 2, width - side),
    within((top + bottom) / 2 - side / 2 - CROP_RISE * side, height - side),
    side,
  );
}

/** Left, top, right, bottom of the first `count` landmarks. */
export function bounds(landmarks: Landmarks, count = LANDMARK_COUNT): [number, number, number, number] {
  let left = Infinity, top = Infinity, right = -Infinity, bottom = -Infinity;
  for (let i = 0; i < count * 3; i += 3) {
    left = Math.min(left, landmarks[i]!);
    right = Math.max(right, landmarks[i]!);
    top = Math.min(top, landmarks[i + 1]!);
    bottom = Math.max(bottom, landmarks[i + 1]!);
  }
  return [left, top, right, bottom];
}

/** To the nearest whole number, halves to the even one, as Python and OpenCV round. */
export function roundHalfEven(value: number): number {
  const low = Math.floor(value);
  if (value - low !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}
