/** The rhythm of speech: how loud it is, where it pauses, and which syllables are stressed. */

import { SAMPLE_RATE } from "./lips_network.js";
import { quantile } from "./neutral_face.js";
import type { Voice } from "./voice.js";

export const HOP_SECONDS = 0.01;
const HOP = Math.round(HOP_SECONDS * SAMPLE_RATE);
/** Samples: 25 ms, 10 ms, and 50 ms, three periods of a deep voice. */
const LOUDNESS_WINDOW = 400, RUMBLE_WINDOW = 160, PITCH_WINDOW = 800;
const LOWEST_PITCH = 65, HIGHEST_PITCH = 420; // Hz
/** Of the sound that repeats itself after a period. */
const VOICED = 0.45;
const FLOOR_DB = -90, SILENT_DB = -55, SPEECH_BELOW_LOUD_DB = 32, NOISE_SHARE = 0.3;
const SHORTEST_PAUSE = 0.25, SHORTEST_SPEECH = 0.06, SYLLABLE_SECONDS = 0.05, SYLLABLES_APART = 0.12, ACCENTS_APART = 0.4;
/** A syllable stands out from those so near. */
const AROUND_SECONDS = 1.5;

/** A stressed syllable: when, in seconds, and how strongly, to 1. */
export interface Accent {
  readonly time: number;
  readonly strength: number;
}

/** Start and end of speech without a pause of a quarter second, in seconds. */
export type Phrase = readonly [start: number, end: number];

/** What is known of a sound beside its words. */
export interface Rhythm {
  /** Of full scale, one every `HOP_SECONDS`, each around its moment. */
  readonly loudnessDb: Float64Array;
  /** Pitch above 55 Hz; not a number where the voice does not sound. */
  readonly semitones: Float64Array;
  /** None in silence. */
  readonly phrases: readonly Phrase[];
  /** In order of time. */
  readonly accents: readonly Accent[];
}

/** Measures a sound. The same sound at another volume has the same rhythm, but for what is nearly silent. */
export function rhythmOf(voice: Voice): Rhythm {
  const samples = withoutRumble(voice.samples), loudnessDb = loudness(samples), found = phrases(loudnessDb);
  const speaking = new Uint8Array(loudnessDb.length);
  for (const [start, end] of found) speaking.fill(1, Math.round(start / HOP_SECONDS), Math.round(end / HOP_SECONDS));
  const semitones = pitch(samples, loudnessDb.length).map((value, hop) => (speaking[hop] ? value : NaN));
  return { loudnessDb, semitones, phrases: found, accents: accents(loudnessDb, semitones, speaking) };
}

/** Less what is below 60 Hz: breath, steps, mains; it can be louder than the voice. */
function withoutRumble(samples: Float32Array): Float32Array {
  const before = RUMBLE_WINDOW / 2;
  let kept = samples;
  for (let time = 0; time < 2; time++) {
    const from = kept;
    let total = 0;
    for (let i = 0; i < before - 1; i++) total += from[i] ?? 0;
    kept = from.map((value, i) => {
      total += (from[i + before - 1] ?? 0) - (from[i - before - 1] ?? 0);
      return value - total / RUMBLE_WINDOW;
    });
  }
  return kept;
}

/** Root mean square in dB of full scale, every 10 ms, from the first sample to the last. */
function loudness(samples: Float32Array): Float64Array {
  return Float64Array.from({ length: Math.max(1, Math.ceil(samples.length / HOP)) }, (_, hop) => {
    let power = 0;
    for (let i = hop * HOP - LOUDNESS_WINDOW / 2; i < hop * HOP + LOUDNESS_WINDOW / 2; i++) power += (samples[i] ?? 0) ** 2;
    return Math.max(10 * Math.log10(Math.max(power / LOUDNESS_WINDOW, 1e-12)), FLOOR_DB);
  });
}

function phrases(loudnessDb: Float64Array): Phrase[] {
  const noise = quantile([...loudnessDb], 0.1), loud = quantile([...loudnessDb], 0.95);
  // Without a pause at all, all of it is speech.
  const least = loud - noise < 6 && loud > SILENT_DB
    ? noise - 6
    : Math.max(noise + NOISE_SHARE * (loud - noise), loud - SPEECH_BELOW_LOUD_DB, SILENT_DB);
  const joined: { start: number; end: number }[] = [];
  loudnessDb.forEach((value, hop) => {
    if (!(value > least)) return;
    const last = joined.at(-1);
    if (last && (last.end === hop || (hop - last.end) * HOP_SECONDS < SHORTEST_PAUSE)) last.end = hop + 1;
    else joined.push({ start: hop, end: hop + 1 });
  });
  return joined
    .filter(({ start, end }) => (end - start) * HOP_SECONDS >= SHORTEST_SPEECH)
    .map(({ start, end }) => [start * HOP_SECONDS, end * HOP_SECONDS]);
}

/** Pitch by autocorrelation, made even for the window's taper (Boersma 1993); NaN where nothing repeats. */
function pitch(samples: Float32Array, count: number): Float64Array {
  const taper = Float64Array.from({ length: PITCH_WINDOW }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (PITCH_WINDOW - 1)));
  const shortest = Math.floor(SAMPLE_RATE / HIGHEST_PITCH), longest = Math.floor(SAMPLE_RATE / LOWEST_PITCH), own = repeats(taper, 0);
  // Of two periods that fit alike the shorter one is meant.
  const lags = Array.from({ length: longest - shortest }, (_, i) => i + shortest);
  const expected = lags.map((lag) => repeats(taper, lag) / own), preference = lags.map((lag) => 0.02 * Math.log2(lag / shortest));
  return Float64Array.from({ length: count }, (_, hop) => {
    const first = hop * HOP - PITCH_WINDOW / 2, window = taper.map((_, i) => samples[first + i] ?? 0);
    const mean = window.reduce((sum, value) => sum + value, 0) / PITCH_WINDOW;
    window.forEach((value, i) => (window[i] = (value - mean) * taper[i]!));
    const power = repeats(window, 0) + 1e-9;
    let best = 0, most = -Infinity, strength = 0;
    lags.forEach((lag, i) => {
      const here = repeats(window, lag) / power / expected[i]!;
      if (here - preference[i]! > most) [best, most, strength] = [lag, here - preference[i]!, here];
    });
    return strength > VOICED ? 12 * Math.log2(SAMPLE_RATE / best / 55) : NaN;
  });
}

function repeats(window: Float64Array, lag: number): number {
  let sum = 0;
  for (let i = lag; i < window.length; i++) sum += window[i]! * window[i - lag]!;
  return sum;
}

/** Syllables that are louder or higher than those around them. */
function accents(loudnessDb: Float64Array, semitones: Float64Array, speaking: Uint8Array): Accent[] {
  const spoken = [...loudnessDb].filter((_, hop) => speaking[hop]);
  if (!spoken.length) return [];
  const floor = quantile(spoken, 0.5) - 25, hills = smoothed(loudnessDb.map((value) => Math.max(value, floor)), SYLLABLE_SECONDS / HOP_SECONDS);
  const tops = [...hills.keys()].filter((i) => i && i + 1 < hills.length && speaking[i] && hills[i]! > hills[i - 1]! && hills[i]! >= hills[i + 1]!);
  const peaks = apart(tops, (peak) => hills[peak]!, SYLLABLES_APART), voiced = [...semitones].filter(Number.isFinite);
  const usual = voiced.length ? quantile(voiced, 0.5) : 0, high = new Map(peaks.map((peak) => [peak, pitchAt(semitones, peak, usual)]));
  const scores = new Map(peaks.map((peak) => {
    const near = peaks.filter((other) => Math.abs(other - peak) * HOP_SECONDS < AROUND_SECONDS);
    const above = (of: (peak: number) => number): number => of(peak) - near.reduce((sum, other) => sum + of(other), 0) / near.length;
    // 3 dB or 3 semitones above the others are one step of stress; the only syllable around stands out, too.
    return [peak, above((each) => hills[each]!) / 3 + above((each) => high.get(each)!) / 3 + 0.5];
  }));
  const score = (peak: number): number => scores.get(peak)!;
  return apart(peaks.filter((peak) => score(peak) > 0.5 - 1e-9), score, ACCENTS_APART)
    .map((peak) => ({ time: peak * HOP_SECONDS, strength: Math.min(1, score(peak) / 2) }));
}

function pitchAt(semitones: Float64Array, hop: number, usual: number): number {
  const near = [...semitones.subarray(Math.max(0, hop - 6), hop + 7)].filter(Number.isFinite);
  // An octave off is a mistake of the measurement more often than a voice.
  return near.length ? Math.min(Math.max(quantile(near, 0.5), usual - 7), usual + 9) : usual;
}

/** The highest of the peaks, none nearer than so many seconds to a higher one, in order of time. */
function apart(peaks: readonly number[], height: (peak: number) => number, seconds: number): number[] {
  const kept: number[] = [];
  for (const peak of [...peaks].sort((a, b) => height(b) - height(a))) {
    if (kept.every((other) => Math.abs(peak - other) * HOP_SECONDS >= seconds)) kept.push(peak);
  }
  return kept.sort((a, b) => a - b);
}

/** With a Gaussian of so many steps; the ends are held. */
export function smoothed(values: Float64Array, deviation: number): Float64Array {
  const reach = Math.max(1, Math.round(3 * deviation)), last = values.length - 1;
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-0.5 * ((i - reach) / deviation) ** 2));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return values.map((_, at) => weights.reduce((sum, weight, i) => sum + (weight / total) * values[Math.min(Math.max(at + i - reach, 0), last)]!, 0));
}
