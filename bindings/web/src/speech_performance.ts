/**
 * What a face does beside its lips while it speaks: it nods on stress, blinks at pauses, and looks away to think.
 *
 * Computed curves with a seed; none of it was taken from a person.
 */

import { mood, type Mood } from "./moods.js";
import { ease, glances, type Key, keyframes, pulse } from "./motion_curves.js";
import { Random } from "./random.js";
import { checkedGains, REGIONS, type Region } from "./retarget.js";
import type { Accent, Phrase, Rhythm } from "./rhythm.js";
import { type Performance, plus } from "./synthetic_driver.js";

const REST_SECONDS = 0.12, SETTLING_SECONDS = 0.3, MOOD_SECONDS = 0.6;
/** Lips get ready before a phrase is heard, and come to rest after it. */
const BEFORE_PHRASE = 0.15, AFTER_PHRASE = 0.12, LIPS_EASE = 0.12;
const BLINKS_APART = [2, 5] as const;
/** A blink moves to the end of a phrase that is so near, seconds. */
const BLINK_AT_PAUSE = 0.8;
const CLOSER = "mouthClose", LONG_PAUSE = 0.5;
/** So often a speaking head turns elsewhere, in so much time, by so many degrees of yaw, pitch and roll (deviation). */
const DIRECTION_SECONDS = 2.4, TURN_SECONDS = 0.7, DIRECTIONS = [2.4, 0.8, 1.3] as const;

/** How a face speaks. */
export interface Speaking {
  expression: Mood;
  /** Strength by region, from 0 to 3. */
  gain: Readonly<Partial<Record<Region, number>>>;
  /** Another one moves head, brows and eyes otherwise; the lips stay as they are. */
  seed: number;
}

/**
 * Lets a face speak, which begins and ends at rest.
 * @param performance at rest; it is filled in.
 * @param lips coefficients by name, one value a frame each.
 * @throws ValueError such an expression, region or gain does not exist.
 */
export function performSpeech(performance: Performance, lips: ReadonlyMap<string, Float64Array>, rhythm: Rhythm, { expression, gain, seed }: Speaking): void {
  const strengths = checkedGains({ gains: gain }), strength = (region: Region): number => strengths[REGIONS.indexOf(region)]!;
  const offsets = mood(expression, performance.basis.names);
  // Each of its own, so that what one does never changes another.
  const [head, brows, eyes, blinks] = [0, 1, 2, 3].map((stream) => new Random(seed, 1000 + stream)) as [Random, Random, Random, Random];
  performance.breathe(1.2, seed);
  moveHead(performance, rhythm, head);
  raiseBrows(performance, rhythm, brows);
  look(performance, rhythm, eyes);
  performance.blink(blinkMoments(performance.seconds, rhythm, blinks));
  const whole = envelope(performance, REST_SECONDS, SETTLING_SECONDS);
  for (const curve of [...performance.coefficients.values(), ...performance.head, ...performance.gaze, ...performance.shift]) times(curve, whole);
  performance.add(envelope(performance, MOOD_SECONDS, MOOD_SECONDS), offsets);
  scaleRegions(performance, strength);
  leaveLipsAlone(performance);
  const speaks = performance.curve((time, i) => whole[i]! * lipsEnvelope(time, performance.seconds, rhythm.phrases));
  for (const [name, curve] of lips) performance.add(curve.map((value, i) => speaks[i]! * value), [[name, strength("lips")]]);
}

/** 1 in phrases and around them, 0 in pauses: there lips are shut, whatever noise sounds like. */
function lipsEnvelope(time: number, seconds: number, phrases: readonly Phrase[]): number {
  return phrases.reduce((opened, [start, end]) => {
    const begin = start - BEFORE_PHRASE, stop = Math.min(end + AFTER_PHRASE, seconds);
    return Math.max(opened, ease((time - begin) / LIPS_EASE + 1) * ease((stop - time) / LIPS_EASE + 1));
  }, 0);
}

/** How far a head goes down on a stressed syllable. */
function nod(time: number, { time: at, strength }: Accent): number {
  return strength * pulse(time, at - 0.14, 0.16, 0.02, 0.38);
}

function moveHead(performance: Performance, rhythm: Rhythm, random: Random): void {
  const [yaw, pitch, roll] = performance.head;
  for (const accent of rhythm.accents) {
    const down = random.uniform() < 0.75 ? 2.6 : -1.6, tilt = random.normal(0, 0.6), nods = performance.curve((time) => nod(time, accent));
    plus(pitch, nods.map((value) => down * value));
    plus(roll, nods.map((value) => tilt * value));
  }
  const keys = directions(rhythm, performance.seconds, random);
  [yaw, pitch, roll].forEach((curve, axis) => {
    const own = keys.map(({ time, angles }): Key => [time, angles[axis]!]);
    plus(curve, performance.curve((time) => keyframes(time, own)));
  });
}

/** Yaw, pitch and roll that are reached by then: every phrase has its own; in long pauses the head comes back. */
function directions({ phrases }: Rhythm, seconds: number, random: Random): { time: number; angles: readonly number[] }[] {
  const keys = [{ time: 0, angles: [0, 0, 0] as readonly number[] }];
  phrases.forEach(([start, end], index) => {
    const following = phrases[index + 1]?.[0] ?? seconds;
    for (let moment = start; moment < end; moment += DIRECTION_SECONDS) {
      const last = keys.at(-1)!;
      if (moment <= last.time || moment + TURN_SECONDS >= seconds) continue;
      const angles = DIRECTIONS.map((deviation) => Math.min(Math.max(random.normal(0, deviation), -5), 5));
      keys.push({ time: moment, angles: last.angles }, { time: moment + TURN_SECONDS, angles });
    }
    const { time, angles } = keys.at(-1)!;
    if (following - end > LONG_PAUSE && end > time) {
      keys.push({ time: end, angles }, { time: end + 0.8 * (following - end), angles: angles.map((angle) => 0.4 * angle) });
    }
  });
  return keys;
}

/** On stressed syllables, but often not at all. */
function raiseBrows(performance: Performance, { accents }: Rhythm, random: Random): void {
  for (const { time: at, strength } of accents) {
    const chance = random.uniform(), amount = random.uniform(0.2, 0.4);
    if (chance >= 0.25 + 0.5 * strength) continue;
    performance.add(performance.curve((time) => strength * amount * pulse(time, at - 0.18, 0.2, 0.1, 0.5)), [["browInnerUp", 1], ["browOuterUp", 0.8]]);
  }
}

/** At whom it speaks to; now and then, while it thinks what to say next, aside. */
function look(performance: Performance, { phrases }: Rhythm, random: Random): void {
  const across: Key[] = [[-1, 0]], down: Key[] = [[-1, 0]];
  phrases.forEach(([start], index) => {
    const end = phrases[index - 1]?.[1] ?? 0;
    const aside = random.uniform(), side = random.normal(0, 5), height = random.normal(-1, 2.5);
    if (start - end <= LONG_PAUSE || aside >= 0.5) return;
    across.push([end + 0.15, Math.min(Math.max(side, -9), 9)], [start + 0.25, 0]);
    down.push([end + 0.15, Math.min(Math.max(height, -5), 4)], [start + 0.25, 0]);
  });
  performance.look(performance.curve((time) => glances(time, across)), performance.curve((time) => glances(time, down)));
}

function blinkMoments(seconds: number, { phrases }: Rhythm, random: Random): number[] {
  const ends = phrases.map(([, end]) => end + 0.08).filter((end) => end > 0.3 && end < seconds - 0.45), moments: number[] = [];
  let due = random.uniform(0.6, 2.2);
  while (due < seconds - 0.45) {
    const now = due, [nearest] = ends.filter((end) => Math.abs(end - now) < BLINK_AT_PAUSE).sort((a, b) => Math.abs(a - now) - Math.abs(b - now));
    const moment = nearest ?? due;
    if (!moments.length || moment - moments.at(-1)! > 0.8) moments.push(moment);
    due = Math.max(due, moment) + random.uniform(...BLINKS_APART);
  }
  return moments;
}

/** From 0 at the first frame to 1, and back to 0 one frame after the last. */
function envelope({ time, seconds }: Performance, rise: number, fall: number): Float64Array {
  return time.map((now) => ease(now / Math.min(rise, seconds / 2)) * ease((seconds - now) / Math.min(fall, seconds / 2)));
}

/** Takes back what smiles, brows and blinks, which the expression model learnt together, do to the lips' opening. */
function leaveLipsAlone(performance: Performance): void {
  const { basis } = performance, opening = new Float64Array(performance.time.length);
  for (const [name, curve] of performance.coefficients) {
    const share = basis.lipsOpening(name);
    plus(opening, curve.map((value) => share * value));
  }
  const closing = -basis.lipsOpening(CLOSER);
  performance.add(opening.map((value) => value / closing), [[CLOSER, 1]]);
}

/** Applies the gain of each region to what a face does so far. */
function scaleRegions(performance: Performance, strength: (region: Region) => number): void {
  for (const [name, curve] of performance.coefficients) {
    times(curve, strength(name.startsWith("eye") ? "eyes" : name.startsWith("brow") ? "brows" : "lips"));
  }
  for (const curve of performance.gaze) times(curve, strength("eyes"));
  for (const curve of [...performance.head, ...performance.shift]) times(curve, strength("pose"));
}

/** In place. */
function times(curve: Float64Array, factor: Float64Array | number): void {
  curve.forEach((value, i) => (curve[i] = value * (typeof factor === "number" ? factor : factor[i]!)));
}
