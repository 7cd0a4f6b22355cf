/** The network that tells from sound what a mouth does: one window of sound, one set of coefficients. */

import { isRecord } from "./archive.js";
import type { Bundle } from "./bundle.js";
import { ValueError } from "./errors.js";
import { loadPart, type Network, type Runtime } from "./network.js";

const PART = "speech";
/** Of the sound that it takes: mono, so many samples a second, in [-1, 1]. */
export const SAMPLE_RATE = 16000;

/** Reads mouth shapes off sound. It keeps nothing from call to call. */
export class LipsNetwork {
  /** Of the coefficients, some of the 52 expressions; 0 is the face at rest. */
  readonly names: readonly string[];
  /** Samples of the window before and after the moment that is asked for. */
  readonly before: number;
  readonly after: number;

  /**
   * @param network takes `sound`, gives `coefficients`.
   * @param manifest the part's entry: `coefficients` (names), `sample_rate`, `before_ms`, `after_ms`.
   * @throws ValueError the manifest lacks one of these, or asks for another rate.
   */
  constructor(private readonly network: Network, manifest: unknown) {
    const { coefficients, sample_rate: rate, before_ms: before, after_ms: after } = isRecord(manifest) ? manifest : {};
    if (!Array.isArray(coefficients) || ![rate, before, after].every(Number.isFinite)) {
      throw new ValueError(`the bundle's part '${PART}' does not say what it takes and gives; get the file again`);
    }
    this.names = coefficients.map(String);
    this.before = Math.round((Number(before) * SAMPLE_RATE) / 1000);
    this.after = Math.round((Number(after) * SAMPLE_RATE) / 1000);
    if (rate !== SAMPLE_RATE || this.before < 0 || this.after < 0 || !this.window) {
      throw new ValueError(`the bundle's part '${PART}' takes sound in a form that this version does not know; update monalive`);
    }
  }

  /**
   * From a bundle with the part `speech`.
   * @throws ValueError it has no such part, or one that cannot be used.
   */
  static async load(bundle: Bundle, runtime: Runtime): Promise<LipsNetwork> {
    const parts = bundle.manifest["parts"] as Record<string, unknown>;
    const network = await loadPart(bundle, PART, runtime);
    try {
      return new LipsNetwork(network, parts[PART]);
    } catch (error) {
      network.close();
      throw error;
    }
  }

  /** Samples that it takes. */
  get window(): number {
    return this.before + this.after;
  }

  /**
   * The coefficients of one window of sound.
   * @throws ValueError a window of another length.
   */
  async shape(sound: Float32Array): Promise<Float32Array> {
    if (sound.length !== this.window) throw new ValueError(`a window of sound has ${this.window} samples, not ${sound.length}`);
    return (await this.network.run({ sound }))["coefficients"]!;
  }

  /**
   * The coefficients at moments of a sound; before and after it there is silence.
   * @param samples of the whole sound.
   * @param seconds moments, from its beginning.
   */
  async shapes(samples: Float32Array, seconds: readonly number[]): Promise<Float32Array[]> {
    const found: Float32Array[] = [];
    for (const moment of seconds) {
      const first = Math.round(moment * SAMPLE_RATE) - this.before; // of the window, in the sound
      const window = new Float32Array(this.window);
      const from = Math.max(first, 0), to = Math.min(first + this.window, samples.length);
      if (to > from) window.set(samples.subarray(from, to), from - first);
      found.push(await this.shape(window));
    }
    return found;
  }

  /** Frees the network. */
  close(): void {
    this.network.close();
  }
}
