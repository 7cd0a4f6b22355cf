/** Curves over time that move like a living face, as functions of the time in seconds. */

import type { Random } from "./random.js";

/** A value that is reached at a time, in seconds. */
export type Key = readonly [time: number, value: number];

const BLINK: readonly Key[] = [
  [-0.12, 0], [-0.08, 0.12], [-0.04, 0.65], [0, 1], [0.04, 0.95], [0.08, 0.7], [0.12, 0.42], [0.16, 0.2], [0.2, 0.07], [0.24, 0],
];
const SACCADE_SECONDS = 0.08;

/** 0 to 1 as x goes from 0 to 1, with no speed and no acceleration at either end. */
export function ease(x: number): number {
  const u = Math.min(Math.max(x, 0), 1);
  return u * u * u * (10 + u * (6 * u - 15));
}

/** From 0 to 1 in `rise` seconds from `start`, there for `hold` seconds, and back in `fall` seconds. */
export function pulse(time: number, start: number, rise: number, hold: number, fall: number): number {
  return ease((time - start) / rise) - ease((time - start - rise - hold) / fall);
}

/** Eased from each key to the next; the first and last value are held. */
export function keyframes(time: number, keys: readonly Key[]): number {
  let value = keys[0]![1];
  for (let i = 1; i < keys.length; i++) {
    const [before, low] = keys[i - 1]!, [after, high] = keys[i]!;
    value += (high - low) * ease((time - before) / (after - before));
  }
  return value;
}

/** Eyelids, 0 open to 1 closed, that are shut at each of `moments`. */
export function blink(time: number, moments: readonly number[]): number {
  return moments.reduce((shut, moment) => Math.max(shut, blinkAt(time - moment)), 0);
}

function blinkAt(since: number): number {
  const next = BLINK.findIndex(([moment]) => moment > since);
  if (next <= 0) return 0;
  const [before, low] = BLINK[next - 1]!, [after, high] = BLINK[next]!;
  return low + ((high - low) * (since - before)) / (after - before);
}

/** Gaze that rests and jumps: at each key it leaps to its value, as eyes do. */
export function glances(time: number, keys: readonly Key[]): number {
  let value = 0, last = 0;
  for (const [moment, target] of keys) {
    value += (target - last) * ease((time - moment) / SACCADE_SECONDS);
    last = target;
  }
  return value;
}

/** A slow wander of about `amplitude` that is 0 at time 0 and runs into itself after `seconds`. */
export function sway(seconds: number, amplitude: number, random: Random): (time: number) => number {
  const count = Math.max(3, Math.round(0.7 * seconds));
  const strengths = Array.from({ length: count }, (_, i) => random.normal(0, 1) / (i + 1) ** 0.8);
  const scale = amplitude / Math.sqrt(strengths.reduce((sum, strength) => sum + strength ** 2, 0) / 2);
  return (time) => strengths.reduce((sum, strength, i) => sum + scale * strength * Math.sin((2 * Math.PI * (i + 1) * time) / seconds), 0);
}
