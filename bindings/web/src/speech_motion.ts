/** A motion that speaks: lips from sound, everything else from its rhythm. */

import { ValueError } from "./errors.js";
import type { ExpressionBasis } from "./expressions.js";
import type { LipsNetwork } from "./lips_network.js";
import { Motion } from "./motion.js";
import { type Rhythm, rhythmOf, smoothed } from "./rhythm.js";
import { performSpeech, type Speaking } from "./speech_performance.js";
import { IMAGE_SIZE, Performance } from "./synthetic_driver.js";
import type { Voice } from "./voice.js";

const SPEECH_FPS = 25, LEAST_FPS = 10, MOST_FPS = 120; // slower than that lips are not seen to shut
/** Moments a second, at least, at which the network is asked. */
const LIPS_RATE = 50;
/** Standard deviation of the smoothing: a closure of 80 ms stays shut. */
const LIPS_SECONDS = 0.012;
/** So long a motion goes on after the last word, to come to rest. */
const AFTER_SPEECH = 0.5;
const MOST_SHAPE = 1.5;
/** Moments that are heard at once. */
const PIECE = 50;

/** How a face speaks, and how often it is looked at: "neutral", no gains, seed 0 and 25 by default. */
export interface SpeechOptions extends Partial<Speaking> {
  /** Frames per second of the motion, 10 to 120. */
  fps?: number;
}

/** Makes a motion from a sound, piece by piece: `hear` until the sound is over, then `motion`. */
export class SpeechListener {
  readonly #speaking: Speaking;
  readonly #fps: number;
  readonly #count: number;
  readonly #often: number;
  readonly #rhythm: Rhythm;
  readonly #shapes: Float32Array[] = [];

  /**
   * @param network reads the lips off the sound.
   * @throws ValueError such a rate or seed does not exist.
   */
  constructor(
    readonly voice: Voice, readonly network: LipsNetwork, readonly basis: ExpressionBasis,
    { expression = "neutral", gain = {}, seed = 0, fps = SPEECH_FPS }: SpeechOptions = {},
  ) {
    if (!(fps >= LEAST_FPS && fps <= MOST_FPS)) throw new ValueError(`speech needs a frame rate from ${LEAST_FPS} to ${MOST_FPS}, not ${fps}`);
    if (!(Number.isInteger(seed) && seed >= 0)) throw new ValueError(`a seed must be a whole number from 0, not ${seed}`);
    this.#speaking = { expression, gain, seed };
    this.#fps = fps;
    this.#rhythm = rhythmOf(voice);
    const end = this.#rhythm.phrases.at(-1)?.[1];
    this.#count = Math.max(1, Math.ceil(Math.max(voice.seconds, (end ?? 0) + AFTER_SPEECH) * fps - 1e-6));
    this.#often = Math.ceil(LIPS_RATE / fps);
  }

  /** Whether any speech is heard; if not, the mouth stays shut. */
  get speechHeard(): boolean {
    return !this.voice.silent && this.#rhythm.phrases.length > 0;
  }

  /** Hears the next second or so; the share of the sound that was heard, 1 at its end. */
  async hear(): Promise<number> {
    const moments = (this.#count - 1) * this.#often + 1, from = this.#shapes.length;
    const seconds = Array.from({ length: Math.min(PIECE, moments - from) }, (_, i) => (from + i) / (this.#often * this.#fps));
    this.#shapes.push(...await this.network.shapes(this.voice.samples, seconds));
    return this.#shapes.length / moments;
  }

  /**
   * What was heard, as a motion in step with the sound from its first sample on; it begins and ends at rest.
   * @throws ValueError such an expression, region or gain does not exist.
   */
  motion(): Motion {
    const time = Float64Array.from({ length: this.#count }, (_, frame) => frame / this.#fps);
    const performance = new Performance(this.basis, time, this.#count / this.#fps);
    performSpeech(performance, this.#lips(), this.#rhythm, this.#speaking);
    const timestampsMs = time.map((_, frame) => (frame * 1000) / this.#fps);
    return new Motion({ landmarks: performance.landmarks(), timestampsMs, imageSize: IMAGE_SIZE, fps: this.#fps, name: "speech", loop: true, speech: true });
  }

  /** Coefficients by name, one value a frame each. */
  #lips(): Map<string, Float64Array> {
    return new Map(this.network.names.map((name, index) => {
      const heard = Float64Array.from(this.#shapes, (shape) => Math.min(Math.max(shape[index]!, 0), MOST_SHAPE));
      return [name, smoothed(heard, LIPS_SECONDS * this.#often * this.#fps).filter((_, moment) => moment % this.#often === 0)];
    }));
  }
}

/**
 * Makes a motion from recorded speech.
 *
 * The lips are read off the sound by a small network. Blinks, glances, small movements of the head and of the brows are computed:
 * they follow its stress and its pauses, and come from no real person. Whose portrait it is played on has to be stated.
 * @throws ValueError such an expression, region, gain, seed or rate does not exist.
 */
export async function speechMotion(voice: Voice, network: LipsNetwork, basis: ExpressionBasis, options: SpeechOptions = {}): Promise<Motion> {
  const listener = new SpeechListener(voice, network, basis, options);
  while (await listener.hear() < 1);
  return listener.motion();
}
