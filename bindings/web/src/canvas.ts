/** A photo and the frame made of it, in the memory of the pixel loops in `blend.wat`. */

import module from "./blend.wat";
import type { Picture } from "./picture.js";

const PAGE = 1 << 16;
/** Bytes of four float32: everything begins at a multiple. */
const VECTOR = 16;
/** Columns and rows around the photo that repeat its border: what the loops read before its first pixels and behind its last. */
const BEFORE = 1, AROUND = 3;

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
    this.#photo = this.room((width + AROUND) * (height + AROUND) * 4);
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

  /** A view of `count` bytes of the memory. */
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
    const { width, height, frame } = this, { data } = photo;
    frame.set(data);
    for (let i = 3; i < data.length; i += 4) frame[i] = 255;
    this.#write(new Uint32Array(frame.buffer, frame.byteOffset, width * height), this.#photo);
    this.#shown = photo;
  }

  /** Another photo of the same size for `paste`, from now on; its address. */
  lend({ data }: Picture): number {
    const { width, height } = this, at = this.room((width + AROUND) * (height + AROUND) * 4);
    this.#write(new Uint32Array(data.slice().buffer), at);
    return at + this.#toFirst;
  }

  /** Writes a photo with what lies around it. */
  #write(from: Uint32Array, at: number): void {
    const { width, height } = this, stride = width + AROUND;
    const pixels = new Uint32Array(this.#memory.buffer, at, stride * (height + AROUND));
    for (let y = 0; y < height + AROUND; y++) {
      const row = Math.min(Math.max(y - BEFORE, 0), height - 1) * width, to = y * stride;
      pixels.set(from.subarray(row, row + width), to + BEFORE);
      pixels.fill(from[row]!, to, to + BEFORE);
      pixels.fill(from[row + width - 1]!, to + BEFORE + width, to + stride);
    }
  }

  /** The loop `draw`, with its numbers behind the frame's height. */
  draw(...numbers: number[]): void {
    this.#draw(this.photo, this.#frame, this.width, this.height, ...numbers);
  }

  /** The loop `paste`, of the photo at an address, with its numbers behind the frame's height. */
  paste(photo: number, ...numbers: number[]): void {
    this.#paste(photo, this.#frame, this.width, this.height, ...numbers);
  }

  /** The address of the photo's first pixel. */
  get photo(): number {
    return this.#photo + this.#toFirst;
  }

  /** Bytes from where a photo begins to its first pixel. */
  get #toFirst(): number {
    return (BEFORE * (this.width + AROUND) + BEFORE) * 4;
  }

  /** The frame in memory of its own. */
  copy(): Picture {
    return { width: this.width, height: this.height, data: this.frame.slice() };
  }
}
