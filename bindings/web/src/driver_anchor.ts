/** What the motion of a driver is counted from while its frames come one by one: nobody knows those still to come. */

import type { Landmarks } from "./crop.js";
import { CutFinder } from "./cut_finder.js";
import { ValueError } from "./errors.js";
import { departures, faceMeasures, type Measures, mostNeutral } from "./neutral_face.js";

/**
 * "neutral": the first face, then each more neutral one of the first three seconds; "first": the first face; "recent": as
 * "neutral", and every 15 seconds the most neutral face since; or the number of a frame, from 0. After a cut it begins anew.
 */
export type Reference = "neutral" | "first" | "recent" | number;

/** The motion is counted from another face from this frame on. */
export interface Anchoring {
  /** Of that face, in pixels of the driver's frames. */
  readonly landmarks: Landmarks;
  /** How long the portrait takes to get there. */
  readonly glideMs: number;
  readonly afterCut: boolean;
}

const FIRST_SECONDS_MS = 3000, AGAIN_MS = 15_000;
const AFTER_CUT_MS = 500, SETTLING_MS = 500, AGAIN_GLIDE_MS = 2000;
/** A frame of the first seconds takes over if it is so much more neutral than the one in use. */
const CLEARLY = 0.5;
/** Later, the most neutral frame takes over slowly if it is neutral enough. */
const NEUTRAL_ENOUGH = 1;

/** Of the first face after a cut. */
export function afterCut(landmarks: Landmarks): Anchoring {
  return { landmarks, glideMs: AFTER_CUT_MS, afterCut: true };
}

/** @throws ValueError another reference. */
export function requireReference(reference: Reference): void {
  if (["neutral", "first", "recent"].includes(String(reference)) || (Number.isInteger(reference) && Number(reference) >= 0)) return;
  throw new ValueError(`the reference must be 'neutral', 'first', 'recent' or the number of a frame, from 0; not ${reference}`);
}

/** Call `next` with every frame of a driver. */
export class DriverAnchor {
  readonly #cuts = new CutFinder();
  #number = -1;
  #asked = false;
  /** Faces that may take over, and what they measure. */
  #faces: Landmarks[] = [];
  #measures: Measures[] = [];
  /** Of the face in use. */
  #used: Measures | undefined;
  #lookingUntil = 0;
  #changedMs = 0;

  /** @throws ValueError another reference. */
  constructor(readonly reference: Reference = "neutral") {
    requireReference(reference);
  }

  /** Makes the next face the one that the motion is counted from. */
  ask(): void {
    this.#asked = true;
  }

  /**
   * What the motion is counted from now; undefined: as before. The first face of all is always an anchoring. `otherPicture`: the picture
   * became another one all at once, which may be a cut. `otherFace`: another face drives from this frame on; that counts as a cut.
   */
  next(landmarks: Landmarks | undefined, timestampMs: number, otherPicture: boolean, otherFace = false): Anchoring | undefined {
    this.#number++;
    const cut = this.#cuts.find(landmarks, timestampMs, otherPicture, otherFace);
    if (!landmarks) return undefined;
    const asked = this.#asked || this.#number === this.reference;
    if (!this.#used || cut || asked) {
      this.#asked = false;
      this.#open(landmarks, timestampMs, asked);
      return { ...afterCut(landmarks), afterCut: cut };
    }
    const looking = timestampMs <= this.#lookingUntil;
    if (!looking && this.reference !== "recent") return undefined;
    this.#faces.push(landmarks);
    this.#measures.push(faceMeasures(landmarks));
    if (timestampMs - this.#changedMs < (looking ? SETTLING_MS : AGAIN_MS)) return undefined;
    return looking ? this.#moreNeutral(timestampMs) : this.#recent(timestampMs);
  }

  #open(landmarks: Landmarks, timestampMs: number, settled: boolean): void {
    this.#used = faceMeasures(landmarks);
    this.#faces = [landmarks];
    this.#measures = [this.#used];
    const looks = !settled && (this.reference === "neutral" || this.reference === "recent");
    this.#lookingUntil = timestampMs + (looks ? FIRST_SECONDS_MS : 0);
    this.#changedMs = timestampMs;
  }

  /** In the first seconds. */
  #moreNeutral(timestampMs: number): Anchoring | undefined {
    const best = mostNeutral(this.#measures), cost = departures([...this.#measures, this.#used!]);
    if (cost.at(-1)! - cost[best]! < CLEARLY) return undefined;
    this.#used = this.#measures[best]!;
    this.#changedMs = timestampMs;
    return { landmarks: this.#faces[best]!, glideMs: SETTLING_MS, afterCut: false };
  }

  /** Every so often; of those nearly alike the last one, and all are forgotten. */
  #recent(timestampMs: number): Anchoring | undefined {
    const best = this.#faces.length - 1 - mostNeutral([...this.#measures].reverse()), cost = departures([...this.#measures, this.#used!]);
    const landmarks = this.#faces[best]!, measures = this.#measures[best]!;
    this.#faces = [];
    this.#measures = [];
    this.#changedMs = timestampMs;
    if (cost[best]! > Math.max(NEUTRAL_ENOUGH, cost.at(-1)!)) return undefined;
    this.#used = measures;
    return { landmarks, glideMs: AGAIN_GLIDE_MS, afterCut: false };
  }
}
