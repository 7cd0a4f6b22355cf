/** A photo and the frame made of it, in the memory of the pixel loops in `blend.wat`. */

import module from "./blend.wat";
import type { Picture } from "./picture.js";

const PAGE = 1 << 16;
/** Bytes of four float32: everything begins at a multiple. */
const VECTOR = 16;

type Loop = (...numbers: number[]) => void;

let compiled: WebAssembly.Module | undefined;

/** Photos of one size. */
export class Canvas {
  readonly #memory: WebAssembly.Memory;
  readonly #draw: Loop;
  readonly #paste: Loop;
  readonly #photo: number;
  readonly #frame: number;
  #end = 0;
  #shown: Picture | undefined;

  constructor(readonly width: number, readonly height: number) {
    const { exports } = new WebAssembly.Instance((compiled ??= new WebAssembly.Module(module)));
    ({ memory: this.#memory, draw: this.#draw, paste: this.#paste } = exports as { memory: WebAssembly.Memory; draw: Loop; paste: Loop });
    this.#photo = this.room((width + 1) * (height + 1) * 4); // one more column and row: the neighbours of the last pixels
    this.#frame = this.room(width * height * 4);
  }

  /** The address of so many bytes for a loop to work with. Views of the memory that were made before are of no use any more. */
  room(bytes: number): number {
    const at = this.#end;
    this.#end += Math.ceil(bytes / VECTOR) * VECTOR;
    this.#memory.grow(Math.max(0, Math.ceil(this.#end / PAGE) - this.#memory.buffer.byteLength / PAGE));
    return at;
  }

  /** A view of so many numbers at an address, good until there is more room. */
  floats(at: number, count: number): Float32Array {
    return new Float32Array(this.#memory.buffer, at, count);
  }

  bytes(at: number, count: number): DataView {
    return new DataView(this.#memory.buffer, at, count);
  }

  /** RGBA bytes of the frame, good until there is more room. */
  get frame(): Uint8ClampedArray {
    return new Uint8ClampedArray(this.#memory.buffer, this.#frame, this.width * this.height * 4);
  }

  /** Makes a frame that is the photo, unless it is already of this photo. A photo given again must be unchanged. */
  show(photo: Picture): void {
    if (photo === this.#shown) return;
    const { width, height, frame } = this, { data } = photo, stride = width + 1;
    frame.set(data);
    for (let i = 3; i < data.length; i += 4) frame[i] = 255;
    const from = new Uint32Array(frame.buffer, frame.byteOffset, width * height);
    const pixels = new Uint32Array(frame.buffer, this.#photo, stride * (height + 1));
    for (let y = 0; y < height; y++) {
      pixels.set(from.subarray(y * width, (y + 1) * width), y * stride);
      pixels[y * stride + width] = pixels[y * stride + width - 1]!;
    }
    pixels.copyWithin(height * stride, (height - 1) * stride, height * stride);
    this.#shown = photo;
  }

  /** The loop `draw`, with its numbers behind the frame's height. */
  draw(...numbers: number[]): void {
    this.#draw(this.#photo, this.#frame, this.width, this.height, ...numbers);
  }

  /** The loop `paste`, with its numbers behind the frame's height. */
  paste(...numbers: number[]): void {
    this.#paste(this.#photo, this.#frame, this.width, this.height, ...numbers);
  }

  /** The frame in memory of its own. */
  copy(): Picture {
    return { width: this.width, height: this.height, data: this.frame.slice() };
  }
}
