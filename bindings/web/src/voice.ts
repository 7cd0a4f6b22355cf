/** The sound of somebody who speaks, as the lips' network takes it: one channel at 16 kHz. */

import { ValueError } from "./errors.js";
import { SAMPLE_RATE } from "./lips_network.js";

const LONGEST_SECONDS = 600, LEAST_RATE = 4000, MOST_RATE = 384_000, MOST_CHANNELS = 16, FAR_OUTSIDE = 8;
/** Sound that never gets louder than this is taken for silence: -60 dB of full scale. */
const SILENT = 1e-3;
/** Crossings of zero of the resampling filter to each side, and the part of the band that it lets through. */
const CROSSINGS = 16, BAND = 0.94;

/** Sound to move lips by. */
export class Voice {
  private constructor(
    /** Mono, 16,000 a second, in [-1, 1]. */
    readonly samples: Float32Array<ArrayBuffer>,
  ) {}

  /**
   * Sound as numbers.
   * @param samples mono, or one array for each channel, in [-1, 1].
   * @param rate samples a second, 4,000 to 384,000.
   * @throws ValueError no samples, channels of unlike length, numbers that are not finite or far outside the range, such a rate,
   *   or longer than ten minutes.
   */
  static fromSamples(samples: Float32Array | readonly Float32Array[], rate: number): Voice {
    const channels = samples instanceof Float32Array ? [samples] : samples, length = channels[0]?.length ?? 0;
    if (!(Number.isInteger(rate) && rate >= LEAST_RATE && rate <= MOST_RATE)) {
      throw new ValueError(`sound has ${LEAST_RATE} to ${MOST_RATE} samples a second, not ${rate}`);
    }
    if (!length || channels.length > MOST_CHANNELS || channels.some((channel) => channel.length !== length)) {
      throw new ValueError(`sound must be 1 to ${MOST_CHANNELS} channels of as many samples each, one or more`);
    }
    if (length / rate > LONGEST_SECONDS) throw new ValueError(`the sound is longer than ${LONGEST_SECONDS / 60} minutes; cut it into pieces`);
    const mono = new Float32Array(length);
    for (const channel of channels) for (let i = 0; i < length; i++) mono[i]! += channel[i]! / channels.length;
    if (mono.some((value) => !(Math.abs(value) <= FAR_OUTSIDE))) {
      throw new ValueError("samples must be finite numbers from -1 to 1; divide them by their full scale");
    }
    return new Voice(rate === SAMPLE_RATE ? mono : resampled(mono, rate));
  }

  /** Its length. */
  get seconds(): number {
    return this.samples.length / SAMPLE_RATE;
  }

  /** Whether nothing can be heard. */
  get silent(): boolean {
    return !this.samples.some((value) => Math.abs(value) >= SILENT);
  }
}

/** Sound at another rate, by a low-pass filter at the lower of the two bands. */
function resampled(samples: Float32Array, rate: number): Float32Array<ArrayBuffer> {
  const common = divisor(rate, SAMPLE_RATE), up = SAMPLE_RATE / common, down = rate / common;
  const band = BAND * Math.min(1, SAMPLE_RATE / rate), reach = Math.ceil(CROSSINGS / band), filters = new Map<number, Float32Array>();
  const made = new Float32Array(Math.ceil((samples.length * up) / down));
  for (let i = 0; i < made.length; i++) {
    const at = Math.floor((i * down) / up), phase = (i * down) % up; // of `up` parts of a sample
    let filter = filters.get(phase);
    if (!filter) filters.set(phase, (filter = lowPass(phase / up, band, reach)));
    let value = 0;
    for (let tap = Math.max(0, reach - at), last = Math.min(2 * reach, samples.length - 1 - at + reach); tap <= last; tap++) {
      value += filter[tap]! * samples[at + tap - reach]!;
    }
    made[i] = value;
  }
  return made;
}

/** Weights of the samples from `reach` before to `reach` after one, for a moment that lies `offset` of a sample behind it. */
function lowPass(offset: number, band: number, reach: number): Float32Array {
  const weights = Float32Array.from({ length: 2 * reach + 1 }, (_, tap) => {
    const away = tap - reach - offset, turn = Math.PI * band * away;
    const window = Math.abs(away) < reach ? 0.5 + 0.5 * Math.cos((Math.PI * away) / reach) : 0;
    return window * (turn ? Math.sin(turn) / turn : 1);
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

function divisor(a: number, b: number): number {
  return b ? divisor(b, a % b) : a;
}
