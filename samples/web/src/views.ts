/** What is shown, and goes into videos: the result alone, or beside the photo or the driver. */

import type { Landmarks } from "../../../bindings/web/src/crop.js";
import type { Picture } from "../../../bindings/web/src/picture.js";
import { drawFace, type Frame } from "./face_drawing.js";

export const VIEWS = ["result", "before", "driver"] as const;
export type View = (typeof VIEWS)[number];
/** Longest side of two pictures side by side. */
const LONGEST = 1920;

/** How the driver looks at one time: its picture, or its face alone. */
export type DriverPicture =
  | { readonly image: CanvasImageSource; readonly width: number; readonly height: number; readonly mirror: boolean }
  | { readonly face: Landmarks; readonly frame: Frame };

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** Puts the parts of a view together. */
export class Composition {
  readonly #result = new OffscreenCanvas(1, 1).getContext("2d")!;
  readonly #photo = new OffscreenCanvas(1, 1).getContext("2d")!;
  #shownPhoto: Picture | undefined;

  /**
   * Draws a view; the canvas takes its size.
   * @param photo as it was; needed before the result.
   * @param driver needed beside the result; without one the result is shown alone.
   */
  draw(context: Context, view: View, result: Picture, photo: Picture | undefined, driver: DriverPicture | undefined): void {
    const beside = view === "before" && photo ? photo : view === "driver" ? driver : undefined;
    if (!beside) {
      fit(context.canvas, result.width, result.height);
      context.putImageData(imageData(result), 0, 0);
      return;
    }
    const aspect = "frame" in beside ? 1 : beside.width / beside.height;
    const whole = result.width + result.height * aspect, scale = Math.min(1, LONGEST / Math.max(whole, result.height));
    const height = even(result.height * scale), width = even(result.width * scale), other = even(result.height * aspect * scale);
    fit(context.canvas, width + other, height);
    paint(this.#result, result);
    context.drawImage(this.#result.canvas, other, 0, width, height);
    if ("data" in beside) {
      if (beside !== this.#shownPhoto) paint(this.#photo, beside);
      this.#shownPhoto = beside;
      context.drawImage(this.#photo.canvas, 0, 0, other, height);
    } else drawDriver(context, beside, other, height);
  }
}

function drawDriver(context: Context, driver: DriverPicture, width: number, height: number): void {
  context.save();
  if ("image" in driver) {
    if (driver.mirror) context.setTransform(-1, 0, 0, 1, width, 0);
    context.drawImage(driver.image, 0, 0, width, height);
  } else {
    context.fillStyle = "#1b1a18";
    context.fillRect(0, 0, width, height);
    drawFace(context, driver.face, driver.frame, "#f0a27a", { x: 0, y: 0, side: Math.min(width, height) });
  }
  context.restore();
}

function paint(context: OffscreenCanvasRenderingContext2D, picture: Picture): void {
  fit(context.canvas, picture.width, picture.height);
  context.putImageData(imageData(picture), 0, 0);
}

function fit(canvas: HTMLCanvasElement | OffscreenCanvas, width: number, height: number): void {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

function imageData({ data, width, height }: Picture): ImageData {
  return new ImageData(data as Uint8ClampedArray<ArrayBuffer>, width, height);
}

/** Video codecs want even sides. */
function even(length: number): number {
  return Math.max(2, Math.round(length / 2) * 2);
}
