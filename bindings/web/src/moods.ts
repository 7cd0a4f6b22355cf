/** Moods in which somebody may speak: small constant changes of a face. */

import { ValueError } from "./errors.js";

/** Coefficients; a name without a side stands for both. */
const MOODS = {
  neutral: {},
  happy: { mouthSmile: 0.38, cheekSquint: 0.15, eyeSquint: 0.15, browOuterUp: 0.08 },
  sad: { mouthFrown: 0.3, browInnerUp: 0.45, browDown: 0.08, eyeBlink: 0.08 },
  surprised: { browInnerUp: 0.45, browOuterUp: 0.45, eyeWide: 0.4 },
  angry: { browDown: 0.5, eyeSquint: 0.22, noseSneer: 0.15, mouthFrown: 0.12 },
  worried: { browInnerUp: 0.5, browDown: 0.15, eyeWide: 0.12, mouthStretch: 0.1 },
} as const satisfies Record<Mood, Readonly<Record<string, number>>>;
/** Names of moods. */
export type Mood = "neutral" | "happy" | "sad" | "surprised" | "angry" | "worried";
/** All of them. */
export const MOOD_NAMES = Object.keys(MOODS) as readonly Mood[];

/**
 * What a mood adds to a face: coefficients by the expression model's names.
 * @throws ValueError there is no such mood.
 */
export function mood(name: Mood, known: readonly string[]): ReadonlyMap<string, number> {
  if (!Object.hasOwn(MOODS, name)) throw new ValueError(`there is no expression '${name}'; choose from ${MOOD_NAMES.join(", ")}`);
  return new Map(Object.entries(MOODS[name]).flatMap(([coefficient, amount]) =>
    (known.includes(coefficient) ? [coefficient] : [`${coefficient}Left`, `${coefficient}Right`]).map((side) => [side, amount] as const)));
}
