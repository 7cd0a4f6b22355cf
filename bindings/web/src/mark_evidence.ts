/** What is left of frames once the picture's own content is taken off, as `monalive.trust.mark_evidence`. */

import { gaussianBlur } from "./filters.js";
import type { Point } from "./mark_geometry.js";
import type { Field, Picture } from "./picture.js";
import { resizeField } from "./resample.js";

const MEAN_SIGMA = 1.8, VARIANCE_SIGMA = 2.4;

/** A part of the frames, resized, all frames added up. */
export class Evidence {
  /**
   * @param change deviation from the local mean by its local variance.
   * @param weight 1 / local variance.
   * @param scale pixels of `change` per pixel of the frames.
   */
  constructor(
    readonly change: Field, readonly weight: Field, readonly scale: number, private readonly left: number, private readonly top: number,
  ) {}

  /** A place in `change` as a place in the frames. */
  toFrame([x, y]: Point): Point {
    return [(x + this.left) / this.scale, (y + this.top) / this.scale];
  }

  /** A window of it, as much of it as there is. */
  part(left: number, top: number, size: number): Evidence {
    const cut = (field: Field): Field => cutOut(field, left, top, Math.min(field.width, left + size), Math.min(field.height, top + size));
    return new Evidence(cut(this.change), cut(this.weight), this.scale, this.left + left, this.top + top);
  }
}

/** Brightness in whole levels. */
export function greyOf({ width, height, data }: Picture): Field {
  const grey = new Float32Array(width * height);
  for (let i = 0, from = 0; i < grey.length; i++, from += 4) {
    grey[i] = Math.round(0.299 * data[from]! + 0.587 * data[from + 1]! + 0.114 * data[from + 2]!);
  }
  return { width, height, channels: 1, data: grey };
}

/** Looks at the part of all frames from (left, top) to (right, bottom), resized by `scale`. */
export function evidence(greys: readonly Field[], left: number, top: number, right: number, bottom: number, scale: number): Evidence {
  const width = Math.max(1, Math.round((right - left) * scale)), height = Math.max(1, Math.round((bottom - top) * scale));
  const change = new Float32Array(width * height), weight = new Float32Array(width * height);
  for (const grey of greys) {
    const picture = resizeField(cutOut(grey, left, top, right, bottom), width, height, scale < 1 ? "area" : "cubic");
    const mean = gaussianBlur(picture, MEAN_SIGMA).data;
    const rest = picture.data.map((value, i) => value - mean[i]!);
    const variance = gaussianBlur({ ...picture, data: rest.map((value) => value * value) }, VARIANCE_SIGMA).data;
    rest.forEach((value, i) => {
      const certain = 1 / (variance[i]! + 1);
      change[i]! += value * certain;
      weight[i]! += certain;
    });
  }
  const field = (data: Float32Array): Field => ({ width, height, channels: 1, data });
  return new Evidence(field(change), field(weight), scale, left * scale, top * scale);
}

function cutOut(field: Field, left: number, top: number, right: number, bottom: number): Field {
  const width = right - left, height = bottom - top;
  if (width === field.width && height === field.height) return field;
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const from = (top + y) * field.width;
    data.set(field.data.subarray(from + left, from + right), y * width);
  }
  return { width, height, channels: 1, data };
}
