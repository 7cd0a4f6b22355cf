/** How a video's picture changes from frame to frame, and when it becomes another one all at once. */

import type { Picture } from "./picture.js";

/** The picture as so many cells each way, each the mean of 4 x 4 pixels spread over it. */
const CELLS = 24, SAMPLES = 4;
/** Mean difference of the cells, in levels, above which, and above so many times the usual, a picture is another. */
const OTHER_PICTURE = 8, TIMES_USUAL = 3;
/** Frames that tell what is usual. */
const REMEMBERED = 8;

/** Call it with every frame of a video, in order. */
export class PictureChange {
  /** How much of the picture was clearly another in the last frame than in the one before, from 0 to 1. */
  share = 0;
  #cells: Float32Array | undefined;
  #differences: number[] = [];

  /** Whether the picture became another one since the frame before. */
  becomesAnother(picture: Picture): boolean {
    const before = this.#cells, cells = (this.#cells = cellsOf(picture));
    if (!before) return false;
    const changes = Array.from({ length: CELLS ** 2 }, (_, cell) => {
      let sum = 0;
      for (let i = cell * 3; i < cell * 3 + 3; i++) sum += Math.abs(cells[i]! - before[i]!);
      return sum / 3;
    });
    const difference = changes.reduce((sum, value) => sum + value, 0) / changes.length, usual = median(this.#differences);
    this.share = changes.filter((value) => value > OTHER_PICTURE).length / changes.length;
    this.#differences = [...this.#differences, difference].slice(-REMEMBERED);
    return difference > Math.max(OTHER_PICTURE, TIMES_USUAL * usual);
  }
}

/** The mean colour of each cell. */
function cellsOf({ width, height, data }: Picture): Float32Array {
  const cells = new Float32Array(CELLS * CELLS * 3), side = CELLS * SAMPLES;
  for (let v = 0; v < side; v++) {
    const row = Math.floor(((v + 0.5) * height) / side) * width, to = Math.floor(v / SAMPLES) * CELLS;
    for (let u = 0; u < side; u++) {
      const from = (row + Math.floor(((u + 0.5) * width) / side)) * 4, cell = (to + Math.floor(u / SAMPLES)) * 3;
      for (let channel = 0; channel < 3; channel++) cells[cell + channel]! += data[from + channel]! / SAMPLES ** 2;
    }
  }
  return cells;
}

/** 0 of nothing. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b), half = sorted.length / 2;
  return sorted.length ? (sorted[Math.ceil(half) - 1]! + sorted[Math.floor(half)]!) / 2 : 0;
}
