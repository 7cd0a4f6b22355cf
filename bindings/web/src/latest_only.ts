/** Keeps up with a live source by leaving out items that came while it was busy. */

import { messageOf } from "./archive.js";
import { RuntimeError } from "./errors.js";

/** Runs `work` on the newest item handed in, one at a time; an item not yet begun is replaced by the next. */
export class LatestOnly<T> {
  #waiting: { item: T } | undefined;
  #busy = false;
  #closed = false;
  #error: unknown;

  constructor(readonly work: (item: T) => Promise<void>) {}

  /**
   * Hands in an item and returns at once.
   * @throws RuntimeError an item before failed; its error is the cause.
   */
  submit(item: T): void {
    const error = this.#error;
    this.#error = undefined;
    if (error !== undefined) throw new RuntimeError(`animating a live frame failed: ${messageOf(error)}`, { cause: error });
    this.#waiting = { item };
    if (!this.#busy) void this.#run();
  }

  /** Drops an item that waits; the one at work is finished. */
  close(): void {
    this.#closed = true;
    this.#waiting = undefined;
  }

  async #run(): Promise<void> {
    this.#busy = true;
    while (this.#waiting && !this.#closed) {
      const { item } = this.#waiting;
      this.#waiting = undefined;
      try {
        await this.work(item);
      } catch (error) {
        this.#error = error;
      }
    }
    this.#busy = false;
  }
}
