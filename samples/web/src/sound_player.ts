/** Plays the sound of a motion that speaks, in step with it. */

import type { Along } from "./drivers.js";

/** A browser that lets no sound be heard yet is not waited for longer. */
const PATIENCE_MS = 500;

export class SoundPlayer implements Along {
  readonly #context = new AudioContext();
  readonly #buffer: AudioBuffer;
  #playing: AudioBufferSourceNode | undefined;
  /** Milliseconds on a clock that tells how long it has been playing. */
  #now = (): number => 0;
  #began = 0;

  /**
   * @param samples mono, `rate` a second.
   * @param durationMs of the motion: after so long, the sound begins anew with it.
   */
  constructor(samples: Float32Array<ArrayBuffer>, rate: number, durationMs: number) {
    const length = Math.round((durationMs * rate) / 1000);
    this.#buffer = this.#context.createBuffer(1, length, rate);
    this.#buffer.copyToChannel(samples.subarray(0, length), 0);
  }

  /** Plays it from its start; without sound where the browser allows none yet. */
  async start(): Promise<void> {
    this.stop();
    await Promise.race([this.#context.resume(), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
    this.#playing = new AudioBufferSourceNode(this.#context, { buffer: this.#buffer, loop: true });
    this.#playing.connect(this.#context.destination);
    this.#playing.start();
    const { state, baseLatency } = this.#context, late = (this.#context.outputLatency || baseLatency || 0) * 1000;
    this.#now = state === "running" ? () => this.#context.currentTime * 1000 - late : () => performance.now();
    this.#began = this.#now() + (state === "running" ? late : 0);
  }

  stop(): void {
    this.#playing?.disconnect();
    this.#playing = undefined;
  }

  /** How long it has been heard. */
  elapsedMs(): number {
    return Math.max(0, this.#now() - this.#began);
  }

  close(): void {
    void this.#context.close();
  }
}
