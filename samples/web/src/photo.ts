/** A photo file as pixels the page can animate, or a message that says why not. */

import type { Picture } from "../../../bindings/web/src/picture.js";
import { InputProblem } from "./problems.js";

/** Longest side of the animated picture, on the screen and in videos. */
export const LONGEST_SIDE = 1080;
const MAX_PIXELS = 100_000_000;
const MAX_BYTES = 200 * 2 ** 20;

export interface LoadedPhoto {
  readonly picture: Picture;
  /** Said beside the picture; empty if there is nothing to say. */
  readonly remark: string;
}

/** @throws InputProblem not a picture, damaged, or too large. */
export async function loadPhoto(file: Blob, name: string): Promise<LoadedPhoto> {
  if (file.size === 0) throw new InputProblem(`${name} is empty.`);
  if (file.size > MAX_BYTES) throw new InputProblem(`${name} is larger than 200 MB. Use a smaller picture.`);
  const start = new TextDecoder("latin1").decode(await file.slice(0, 5).arrayBuffer());
  if (start === "%PDF-") throw new InputProblem(`${name} is a PDF. Save the picture in it as JPEG or PNG, and use that.`);
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new InputProblem(`${name} is not a picture that this browser can open. Use a JPEG, PNG or WebP file.`);
  }
  try {
    const { width, height } = bitmap, pixels = width * height;
    if (pixels > MAX_PIXELS) throw new InputProblem(`${name} has more than 100 million pixels. Make it smaller first.`);
    const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
    const picture = await shrunk(bitmap, Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
    const remark = scale < 1
      ? `The photo has ${(pixels / 1e6).toFixed(pixels < 1e7 ? 1 : 0)} megapixels; it is animated at ${picture.width} × ${picture.height}.`
      : "";
    return { picture, remark };
  } finally {
    bitmap.close();
  }
}

async function shrunk(bitmap: ImageBitmap, width: number, height: number): Promise<Picture> {
  const same = width === bitmap.width && height === bitmap.height;
  const small = same ? bitmap : await createImageBitmap(bitmap, { resizeWidth: width, resizeHeight: height, resizeQuality: "high" });
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  context.fillStyle = "#fff"; // transparent pictures lie on white
  context.fillRect(0, 0, width, height);
  context.drawImage(small, 0, 0);
  if (!same) small.close();
  const { data } = context.getImageData(0, 0, width, height);
  return { width, height, data };
}
