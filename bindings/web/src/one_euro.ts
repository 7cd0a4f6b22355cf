/**
 * The One-Euro filter: steady at rest, quick in motion.
 *
 * Casiez, Roussel, Vogel, "1 Euro Filter", CHI 2012: a first-order low-pass whose cutoff rises with the signal's speed.
 * The coordinates of a point share one speed.
 */

import { ValueError } from "./errors.js";

export interface OneEuroOptions {
  /** Cutoff at rest in Hz; lower is steadier and slower. */
  minCutoff: number;
  /** Hz of cutoff gained per unit of speed. */
  beta: number;
  /** Cutoff of the speed estimate in Hz. */
  derivativeCutoff?: number;
  /** (N, N) rows of weights by which each of N points averages its neighbours' velocities. */
  pool?: ArrayLike<number>;
}

/** Filters arrays of points, `coordinates` values each, that arrive one frame at a time. */
export class OneEuroFilter {
  readonly #options: Required<Omit<OneEuroOptions, "pool">>;
  readonly #pool: ArrayLike<number> | undefined;
  #values: Float64Array | undefined;
  #velocity = new Float64Array();
  #timestampMs = 0;

  /** @throws ValueError an argument is not positive (beta may be 0). */
  constructor(readonly coordinates: number, { minCutoff, beta, derivativeCutoff = 1, pool }: OneEuroOptions) {
    if (!(minCutoff > 0 && derivativeCutoff > 0 && beta >= 0)) {
      throw new ValueError("cutoffs must be above 0 Hz and beta must not be negative");
    }
    this.#options = { minCutoff, beta, derivativeCutoff };
    this.#pool = pool;
  }

  /** Forgets the past: the next values pass unchanged. */
  reset(): void {
    this.#values = undefined;
  }

  /**
   * The filtered values.
   * @throws ValueError time does not move forward, or there are more or fewer values than before.
   */
  filter(values: ArrayLike<number>, timestampMs: number): Float64Array {
    const before = this.#values;
    if (!before) {
      this.#values = Float64Array.from(values);
      this.#velocity = new Float64Array(values.length);
      this.#timestampMs = timestampMs;
      return this.#values.slice();
    }
    const elapsed = (timestampMs - this.#timestampMs) / 1000;
    if (!(elapsed > 0)) {
      throw new ValueError(`timestamps must increase: ${timestampMs} ms came after ${this.#timestampMs} ms`);
    }
    if (values.length !== before.length) {
      throw new ValueError(`expected ${before.length} values as before, got ${values.length}`);
    }
    const { minCutoff, beta, derivativeCutoff } = this.#options;
    const trust = smoothingFactor(derivativeCutoff, elapsed);
    for (let i = 0; i < before.length; i++) {
      this.#velocity[i]! += trust * ((values[i]! - before[i]!) / elapsed - this.#velocity[i]!);
    }
    const pooled = this.#pooled();
    for (let i = 0; i < before.length; i += this.coordinates) {
      let squared = 0;
      for (let k = 0; k < this.coordinates; k++) squared += pooled[i + k]! ** 2;
      const share = smoothingFactor(minCutoff + beta * Math.sqrt(squared), elapsed);
      for (let k = 0; k < this.coordinates; k++) before[i + k]! += share * (values[i + k]! - before[i + k]!);
    }
    this.#timestampMs = timestampMs;
    return before.slice();
  }

  #pooled(): Float64Array {
    const pool = this.#pool;
    if (!pool) return this.#velocity;
    const points = this.#velocity.length / this.coordinates, pooled = new Float64Array(this.#velocity.length);
    for (let i = 0; i < points; i++) {
      for (let j = 0; j < points; j++) {
        const weight = pool[i * points + j]!;
        for (let k = 0; k < this.coordinates; k++) {
          pooled[i * this.coordinates + k]! += weight * this.#velocity[j * this.coordinates + k]!;
        }
      }
    }
    return pooled;
  }
}

/** Weight of the newest value in a first-order low-pass with `cutoff` Hz after `elapsed` seconds (Casiez, eq. 3). */
export function smoothingFactor(cutoff: number, elapsed: number): number {
  const turn = 2 * Math.PI * cutoff * elapsed;
  return turn / (turn + 1);
}
