/** What the loop `draw` in `blend.wat` works with, and the call of it. */

import type { Canvas } from "./canvas.js";
import type { Taps } from "./resample.js";

/** Bytes of a cell (four float32) and of an entry that says how pixels are made of cells. */
const CELL = 16, ENTRY = 40;

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

/** Draws a moved and painted square into a canvas. */
export class Blender {
  readonly #canvas: Canvas;
  readonly #motion: number;
  readonly #paint: number;
  readonly #values: number;
  readonly #draw: () => void;

  /** @param cells values along a side of motion and paint. */
  constructor(canvas: Canvas, cells: number, { left, top, side }: Square, columns: Enlarging, rows: Enlarging) {
    const rowBytes = cells * CELL;
    // One more row and cell of motion: the neighbours of the last ones.
    const motion = canvas.room((cells + 1) * rowBytes), paint = canvas.room(cells * rowBytes);
    const motionRow = canvas.room(rowBytes + CELL), paintRow = canvas.room(rowBytes);
    const across = canvas.room(side * ENTRY), down = canvas.room(side * ENTRY);
    write(canvas.bytes(across, side * ENTRY), columns, CELL);
    write(canvas.bytes(down, side * ENTRY), rows, rowBytes);
    this.#canvas = canvas;
    this.#motion = motion;
    this.#paint = paint;
    this.#values = cells * cells * 4;
    const x0 = Math.max(left, 0), y0 = Math.max(top, 0);
    const x1 = Math.min(left + side, canvas.width), y1 = Math.min(top + side, canvas.height);
    this.#draw = () => canvas.draw(motion, paint, rowBytes, motionRow, paintRow,
      across + (x0 - left) * ENTRY, down + (y0 - top) * ENTRY, x0, y0, x1, y1);
  }

  /** (cells, cells, 4): shift in photo pixels (x, y), share of the paint in [0, 1], unused. To be written before `draw`. */
  get motion(): Float32Array {
    return this.#canvas.floats(this.#motion, this.#values);
  }

  /** (cells, cells, 4): levels in [0, 255], alpha (255). To be written before `draw`. */
  get paint(): Float32Array {
    return this.#canvas.floats(this.#paint, this.#values);
  }

  /** Draws the square over the frame. */
  draw(): void {
    this.#draw();
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
