/** Pictures that are white in large parts: toned down, what is left of a face in them is seen again. */

import { copyOf, type Picture } from "./picture.js";

/** So much of the picture must be at the upper end of a channel. */
const WHITE_LEVEL = 250, WHITE_SHARE = 0.25;
/** Samples each way, spread over the picture. */
const SAMPLES = 64;

/** Whether a quarter of the picture is at the upper end of a channel. */
export function isOverexposed({ width, height, data }: Picture): boolean {
  let white = 0;
  for (let v = 0; v < SAMPLES; v++) {
    const row = Math.floor(((v + 0.5) * height) / SAMPLES) * width;
    for (let u = 0; u < SAMPLES; u++) {
      const at = (row + Math.floor(((u + 0.5) * width) / SAMPLES)) * 4;
      if (Math.max(data[at]!, data[at + 1]!, data[at + 2]!) >= WHITE_LEVEL) white++;
    }
  }
  return white >= WHITE_SHARE * SAMPLES ** 2;
}

/** The picture with the cube of its levels. */
export function tonedDown(picture: Picture): Picture {
  const toned = copyOf(picture);
  for (let i = 0; i < toned.data.length; i++) if (i % 4 < 3) toned.data[i] = Math.round(255 * (toned.data[i]! / 255) ** 3);
  return toned;
}
