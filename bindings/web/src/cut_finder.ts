/**
 * Finds cuts in a driver's video: the picture becomes another one, and the face is elsewhere all at once. A flash alone, or a
 * head that shakes, is none; a leap that no head can make needs no other sign.
 */

import type { Landmarks } from "./crop.js";
import type { Picture } from "./picture.js";

/** The picture as so many cells each way, each the mean of 4 x 4 pixels spread over it. */
const CELLS = 24, SAMPLES = 4;
/** Mean difference of the cells, in levels, above which, and above so many times the usual, a picture is another. */
const OTHER_PICTURE = 8, TIMES_USUAL_PICTURE = 3;
/** How far the face must move in `FRAME_MS`, in outer-eye-corner distances: in another picture, and in any. */
const ELSEWHERE = 0.12, NO_HEAD_CAN = 0.5, TIMES_USUAL_STEP = 3, FRAME_MS = 40;
/** Frames that a change of the picture may have waited for the face to be seen. */
const LONGEST = 3;
/** Frames that tell what is usual. */
const REMEMBERED = 8;
/** Points that move with the skull: `POSE_POINTS` of landmarks.py. */
const POSE_POINTS = [
  168, 6, 197, 195, 5, 4, 1, 33, 133, 362, 263, 127, 356, 234, 454, 93, 323, 162, 389,
];
const OUTER_CORNERS = [33, 263] as const;

/** Call it with every frame of a video, in order, those without a face too. */
export class CutFinder {
  #cells: Float32Array | undefined;
  #differences: number[] = [];
  #steps: number[] = [];
  #face: Landmarks | undefined;
  #velocity: Float64Array | undefined; // of the frame before; undefined where it showed no face
  #faceMs = 0;
  #otherPicture = false; // since the last face

  /** Whether there is a cut between the last frame with a face and this one; never without a face. */
  find(picture: Picture, landmarks: Landmarks | undefined, timestampMs: number): boolean {
    this.#otherPicture = this.#becomesAnother(picture) || this.#otherPicture;
    if (!landmarks) {
      this.#velocity = undefined;
      return false;
    }
    const last = this.#face, elapsed = timestampMs - this.#faceMs, otherPicture = this.#otherPicture;
    this.#face = landmarks;
    this.#faceMs = timestampMs;
    this.#otherPicture = false;
    if (!last) return false;
    const [right, left] = OUTER_CORNERS, apart = [0, 1, 2].map((axis) => last[left * 3 + axis]! - last[right * 3 + axis]!);
    const size = Math.max(Math.hypot(...apart), 1e-9), velocity = new Float64Array(POSE_POINTS.length * 2);
    POSE_POINTS.forEach((point, index) => {
      for (const axis of [0, 1]) velocity[index * 2 + axis] = (landmarks[point * 3 + axis]! - last[point * 3 + axis]!) / size;
    });
    const step = meanLength(velocity), before = this.#velocity;
    // A head that moves keeps on.
    const unforeseen = before ? Math.min(step, meanLength(velocity.map((value, index) => value - before[index]!))) : step;
    const longer = Math.max(1, elapsed / FRAME_MS);
    const most = otherPicture ? ELSEWHERE * Math.min(longer, LONGEST) : NO_HEAD_CAN * longer;
    if (unforeseen > Math.max(most, TIMES_USUAL_STEP * Math.max(0, ...this.#steps))) {
      this.#steps = [];
      this.#velocity = undefined;
      return true;
    }
    this.#steps = [...this.#steps, step].slice(-REMEMBERED);
    this.#velocity = velocity;
    return false;
  }

  #becomesAnother(picture: Picture): boolean {
    const before = this.#cells, cells = (this.#cells = cellsOf(picture));
    if (!before) return false;
    const difference = cells.reduce((sum, value, index) => sum + Math.abs(value - before[index]!), 0) / cells.length;
    const usual = median(this.#differences);
    this.#differences = [...this.#differences, difference].slice(-REMEMBERED);
    return difference > Math.max(OTHER_PICTURE, TIMES_USUAL_PICTURE * usual);
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

function meanLength(vectors: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < vectors.length; i += 2) sum += Math.hypot(vectors[i]!, vectors[i + 1]!);
  return (sum * 2) / vectors.length;
}

/** 0 of nothing. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b), half = sorted.length / 2;
  return sorted.length ? (sorted[Math.ceil(half) - 1]! + sorted[Math.floor(half)]!) / 2 : 0;
}
