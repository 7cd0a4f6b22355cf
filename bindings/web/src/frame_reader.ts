/** A camera's frames as pictures. */

import type { Picture } from "./picture.js";

/** What a page can take a frame of a video as; a `VideoFrame` takes less work where the browser reads it as RGBA. */
export type GivenFrame = ImageBitmap | VideoFrame;

/** Reads frames; one call at a time. */
export class FrameReader {
  #screen: OffscreenCanvasRenderingContext2D | undefined;
  #copies = typeof VideoFrame !== "undefined";

  /** The frame's pixels, as in a mirror if asked for; the frame is closed. */
  async read(frame: GivenFrame, mirror: boolean): Promise<Picture> {
    try {
      const copied = this.#copies && frame instanceof VideoFrame ? await this.#copied(frame) : undefined;
      if (!copied) return this.#drawn(frame, mirror);
      if (mirror) flip(copied);
      return copied;
    } finally {
      frame.close();
    }
  }

  /** Without a canvas; undefined where the browser cannot, or the frame is not shown as it lies in memory. */
  async #copied(frame: VideoFrame): Promise<Picture | undefined> {
    const { displayWidth: width, displayHeight: height, visibleRect } = frame;
    if (visibleRect?.width !== width || visibleRect.height !== height || ("rotation" in frame && frame.rotation)) return undefined;
    try {
      const data = new Uint8ClampedArray(width * height * 4);
      const [plane] = await frame.copyTo(data, { format: "RGBA" } as VideoFrameCopyToOptions);
      if (plane?.stride === width * 4) return { width, height, data };
    } catch {
      // a browser that copies a frame only as it is
    }
    this.#copies = false;
    return undefined;
  }

  #drawn(frame: GivenFrame, mirror: boolean): Picture {
    const [width, height] = "displayWidth" in frame ? [frame.displayWidth, frame.displayHeight] : [frame.width, frame.height];
    if (!this.#screen || this.#screen.canvas.width !== width || this.#screen.canvas.height !== height) {
      this.#screen = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
    }
    this.#screen.setTransform(mirror ? -1 : 1, 0, 0, 1, mirror ? width : 0, 0);
    this.#screen.drawImage(frame, 0, 0);
    const { data } = this.#screen.getImageData(0, 0, width, height);
    return { width, height, data };
  }
}

/** Left becomes right. */
export function flip({ width, height, data }: Picture): void {
  const pixels = new Uint32Array(data.buffer, data.byteOffset, width * height);
  for (let y = 0; y < height; y++) pixels.subarray(y * width, (y + 1) * width).reverse();
}
