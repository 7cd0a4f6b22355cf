/** Animated GIFs: 256 colours per frame, at most 480 pixels and 25 frames per second. */

import { applyPalette, GIFEncoder, quantize } from "gifenc";
import { DESCRIPTION } from "./ai_made.js";
import type { MovingFile } from "./video_file.js";

const LONGEST_SIDE = 480;
/** Viewers slow down what is faster. */
const LEAST_MS = 40;
const COLOURS = 256;
const BLOCK = 255;

/** A GIF of what the canvas shows; it repeats for ever. */
export function gifFile(canvas: OffscreenCanvas, consent: string): MovingFile {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(canvas.width, canvas.height));
  const width = Math.round(canvas.width * scale), height = Math.round(canvas.height * scale);
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  context.imageSmoothingQuality = "high";
  const gif = GIFEncoder();
  let waiting: { data: Uint8ClampedArray; atMs: number } | undefined;
  let written = 0; // in hundredths of a second, as GIFs count
  const write = (untilMs: number): void => {
    if (!waiting) return;
    const until = Math.round(untilMs / 10), palette = quantize(waiting.data, COLOURS);
    gif.writeFrame(applyPalette(waiting.data, palette), width, height, { palette, delay: (until - written) * 10 });
    if (!written) gif.stream.writeBytes(commentBlock(`${DESCRIPTION}; consent: ${consent}`));
    written = until;
  };
  let endMs = 0;
  return {
    async add(atMs, durationMs) {
      endMs = atMs + durationMs;
      if (waiting && atMs - waiting.atMs < LEAST_MS - 1) return;
      write(atMs);
      context.drawImage(canvas, 0, 0, width, height);
      waiting = { data: context.getImageData(0, 0, width, height).data, atMs };
    },
    async finish() {
      write(endMs);
      gif.finish();
      return new Blob([gif.bytes()], { type: "image/gif" });
    },
    async cancel() {},
  };
}

function commentBlock(text: string): number[] {
  const bytes = [...new TextEncoder().encode(text)], block = [0x21, 0xfe];
  for (let at = 0; at < bytes.length; at += BLOCK) {
    const part = bytes.slice(at, at + BLOCK);
    block.push(part.length, ...part);
  }
  return [...block, 0];
}
