/** Memory of the pixel loop in `blend.wat`, and the call of it. */

import module from "./blend.wat";
import type { Picture } from "./picture.js";
import type { Taps } from "./resample.js";

/** Bytes of a cell (four float32) and of an entry that says how pixels are made of cells. */
const CELL = 16, ENTRY = 40;
const PAGE = 1 << 16;

/** How the cells along one side of the crop become pixels. */
export interface Enlarging {
  readonly linear: Taps;
  readonly cubic: Taps;
}

/** Where the square lies in the photo, in whole pixels. */
export interface Square {
  readonly left: number;
  readonly top: number;
  readonly side: number;
}

type Draw = (...numbers: number[]) => void;

let compiled: WebAssembly.Module | undefined;

/** Draws a moved and painted square over photos of one size. */
export class Blender {
  /** (cells, cells, 4): shift in photo pixels (x, y), share of the paint in [0, 1], unused. To be written before `draw`. */
  readonly motion: Float32Array;
  /** (cells, cells, 4): levels in [0, 255], alpha (255). To be written before `draw`. */
  readonly paint: Float32Array;
  readonly #photo: Uint32Array;
  readonly #frame: Uint8ClampedArray;
  readonly #draw: () => void;
  #shown: Picture | undefined;

  /** @param cells values along a side of motion and paint. */
  constructor(readonly width: number, readonly height: number, cells: number, { left, top, side }: Square, columns: Enlarging, rows: Enlarging) {
    const { memory, draw } = new WebAssembly.Instance((compiled ??= new WebAssembly.Module(module))).exports as { memory: WebAssembly.Memory; draw: Draw };
    let end = 0;
    const room = (bytes: number): number => {
      const at = end;
      end += Math.ceil(bytes / CELL) * CELL;
      return at;
    };
    // One more column and row of the photo: the neighbours of its last pixels. One more row and cell of motion likewise.
    const photo = room((width + 1) * (height + 1) * 4), frame = room(width * height * 4), rowBytes = cells * CELL;
    const motion = room((cells + 1) * rowBytes), paint = room(cells * rowBytes), motionRow = room(rowBytes + CELL), paintRow = room(rowBytes);
    const across = room(side * ENTRY), down = room(side * ENTRY);
    memory.grow(Math.max(0, Math.ceil(end / PAGE) - memory.buffer.byteLength / PAGE));
    this.#photo = new Uint32Array(memory.buffer, photo, (width + 1) * (height + 1));
    this.#frame = new Uint8ClampedArray(memory.buffer, frame, width * height * 4);
    this.motion = new Float32Array(memory.buffer, motion, cells * cells * 4);
    this.paint = new Float32Array(memory.buffer, paint, cells * cells * 4);
    write(new DataView(memory.buffer, across, side * ENTRY), columns, CELL);
    write(new DataView(memory.buffer, down, side * ENTRY), rows, rowBytes);
    const x0 = Math.max(left, 0), y0 = Math.max(top, 0), x1 = Math.min(left + side, width), y1 = Math.min(top + side, height);
    this.#draw = () => draw(photo, frame, width, height, motion, paint, rowBytes, motionRow, paintRow,
      across + (x0 - left) * ENTRY, down + (y0 - top) * ENTRY, x0, y0, x1, y1);
  }

  /** The photo with the square drawn over it; outside the square it is the photo. A photo given again must be unchanged. */
  draw(photo: Picture): Picture {
    if (photo !== this.#shown) this.#take(photo);
    this.#draw();
    return this.drawn();
  }

  /** What was drawn last, in memory of its own. */
  drawn(): Picture {
    return { width: this.width, height: this.height, data: this.#frame.slice() };
  }

  #take(photo: Picture): void {
    const { width, height } = this, { data } = photo, pixels = this.#photo, stride = width + 1;
    this.#frame.set(data);
    for (let i = 3; i < data.length; i += 4) this.#frame[i] = 255;
    const frame = new Uint32Array(this.#frame.buffer, this.#frame.byteOffset, width * height);
    for (let y = 0; y < height; y++) {
      pixels.set(frame.subarray(y * width, (y + 1) * width), y * stride);
      pixels[y * stride + width] = pixels[y * stride + width - 1]!;
    }
    pixels.copyWithin(height * stride, (height - 1) * stride, height * stride);
    this.#shown = photo;
  }
}

/** Entries as `blend.wat` reads them; `unit`: bytes from one cell to the next. */
function write(entries: DataView, { linear, cubic }: Enlarging, unit: number): void {
  for (let i = 0, at = 0; at < entries.byteLength; i++, at += ENTRY) {
    const first = linear.index[i * 2]!, beyond = linear.index[i * 2 + 1] === first; // at an edge a cell is its own neighbour
    entries.setInt32(at, first * unit, true);
    entries.setFloat32(at + 4, beyond ? 0 : linear.weight[i * 2 + 1]!, true);
    for (let k = 0; k < 4; k++) {
      entries.setInt32(at + 8 + k * 4, cubic.index[i * 4 + k]! * unit, true);
      entries.setFloat32(at + 24 + k * 4, cubic.weight[i * 4 + k]!, true);
    }
  }
}
