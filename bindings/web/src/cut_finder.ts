/**
 * Finds cuts in a driver's video: the picture becomes another one, and the face is elsewhere all at once. A flash alone, or a
 * head that shakes, is none; a leap that no head can make needs no other sign.
 */

import type { Landmarks } from "./crop.js";

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
  #steps: number[] = [];
  #face: Landmarks | undefined;
  #velocity: Float64Array | undefined; // of the frame before; undefined where it showed no face
  #faceMs = 0;
  #otherPicture = false; // since the last face, as is the next
  #otherFace = false;

  /**
   * Whether there is a cut between the last frame with a face and this one; never without a face. `otherPicture`: the picture became
   * another one all at once. `otherFace`: another face is followed from this frame on, which is as good as a cut.
   */
  find(landmarks: Landmarks | undefined, timestampMs: number, otherPicture: boolean, otherFace = false): boolean {
    this.#otherPicture ||= otherPicture;
    this.#otherFace ||= otherFace;
    if (!landmarks) {
      this.#velocity = undefined;
      return false;
    }
    const last = this.#face, elapsed = timestampMs - this.#faceMs, changed = this.#otherPicture, other = this.#otherFace;
    this.#face = landmarks;
    this.#faceMs = timestampMs;
    this.#otherPicture = this.#otherFace = false;
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
    const most = changed ? ELSEWHERE * Math.min(longer, LONGEST) : NO_HEAD_CAN * longer;
    if (other || unforeseen > Math.max(most, TIMES_USUAL_STEP * Math.max(0, ...this.#steps))) {
      this.#steps = [];
      this.#velocity = undefined;
      return true;
    }
    this.#steps = [...this.#steps, step].slice(-REMEMBERED);
    this.#velocity = velocity;
    return false;
  }
}

function meanLength(vectors: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < vectors.length; i += 2) sum += Math.hypot(vectors[i]!, vectors[i + 1]!);
  return (sum * 2) / vectors.length;
}
