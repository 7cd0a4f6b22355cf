/** Several photos of one person: which of them an eye or the mouth of a frame is made of. As the SDK's `PhotoChoice`. */

/** Another photo must fit this much better than the one in use: faces should not flicker between photos. */
const SWITCH_BELOW = 0.85;
/** Time constant of a cross-fade. */
const FADE_MS = 93;
const LEAST_GATE = 0.03;
/**
 * What is hidden in a photo must be invented: an opening that is a pixel too narrow counts as much as if every landmark were this
 * many pixels away.
 */
const HIDDEN = 1.5;

export class PhotoChoice {
  #chosen = 0;
  #gates: number[];

  /**
   * @param faces 478 x 2 landmarks of every photo, in pixels of a region's crop; the first photo first.
   * @param shownBy landmarks that count.
   * @param opening upper and lower landmarks of lids or lips: they can be moved, what lies behind them cannot.
   */
  constructor(
    readonly faces: readonly Float32Array[], readonly shownBy: readonly number[], readonly opening: readonly (readonly [number, number])[],
  ) {
    this.#gates = faces.map((_, photo) => (photo ? 0 : 1));
  }

  /**
   * How much each photo has a say, from 0 to 1; above 0 for few of them.
   * @param wanted 478 x 2 landmarks of the frame.
   * @param elapsedMs since the frame before.
   */
  gates(wanted: Float32Array, elapsedMs: number): number[] {
    const distances = this.faces.map((face) => {
      const away = this.shownBy.reduce((sum, at) => sum + Math.hypot(face[at * 2]! - wanted[at * 2]!, face[at * 2 + 1]! - wanted[at * 2 + 1]!), 0);
      return away + HIDDEN * Math.max(this.#parted(wanted) - this.#parted(face), 0) * this.shownBy.length;
    });
    distances[this.#chosen]! *= SWITCH_BELOW;
    this.#chosen = distances.indexOf(Math.min(...distances));
    const part = 1 - Math.exp(-elapsedMs / FADE_MS);
    this.#gates = this.#gates.map((gate, photo) => gate + (Number(photo === this.#chosen) - gate) * part);
    return this.#gates.map((gate) => (gate < LEAST_GATE ? 0 : gate));
  }

  /** How far the opening is open, on average. */
  #parted(face: Float32Array): number {
    const gaps = this.opening.map(([upper, lower]) => Math.max(face[lower * 2 + 1]! - face[upper * 2 + 1]!, 0));
    return gaps.reduce((sum, gap) => sum + gap, 0) / Math.max(gaps.length, 1);
  }
}
