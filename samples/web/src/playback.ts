/** In which order a motion's frames are shown: over and over, or back and forth. */

import type { Landmarks } from "../../../bindings/web/src/crop.js";
import type { AnimatorWorker, Motion } from "../../../bindings/web/src/worker_client.js";

export type Way = "loop" | "boomerang";

/** A face of the driver at one time of the playback. */
export interface Moment {
  readonly landmarks: Landmarks;
  /** Since the playback began. */
  readonly timeMs: number;
  /** The part of the motion that it belongs to: after a cut, the motion is counted from another face. */
  readonly take: number;
  /** How often the motion was played before; a motion whose end does not run into its start begins anew with each. */
  readonly round: number;
}

/** A frame of a video. */
export interface VideoMoment extends Moment {
  readonly durationMs: number;
  /** Where in the driver it is. */
  readonly driverMs: number;
}

/** Lets the animator begin with a motion. Smoothing comes late and would leave lips open: what speaks is played as it is. */
export function begin(animator: AnimatorWorker, { takes, imageSize, speech }: Motion): Promise<void> {
  return animator.start(takes[0]!.reference, imageSize, speech ? false : undefined);
}

/** How long one round takes. */
export function roundMs(motion: Motion, way: Way): number {
  const last = motion.timestampsMs[motion.length - 1]!;
  return way === "loop" || last === 0 ? motion.durationMs : 2 * last;
}

/** Where in the motion a playback is after so long. */
export function placeMs(motion: Motion, way: Way, elapsedMs: number): number {
  const round = roundMs(motion, way), within = elapsedMs - Math.floor(elapsedMs / round) * round;
  return way === "loop" ? within : Math.min(within, round - within);
}

/**
 * The driver's face after so long, also between two of its frames, so that screens of any rate show it evenly. Of a motion that
 * speaks only its own frames: between two of them lips that are shut in one would be open.
 */
export function momentAt(motion: Motion, way: Way, elapsedMs: number): Moment {
  const place = placeMs(motion, way, elapsedMs), { timestampsMs, landmarks } = motion;
  let index = motion.length - 1;
  while (index > 0 && timestampsMs[index]! > place) index--;
  const wraps = way === "loop" && motion.loop && index === motion.length - 1;
  const next = wraps ? 0 : Math.min(index + 1, motion.length - 1), take = motion.takeOf(index);
  const until = wraps ? motion.durationMs : timestampsMs[next]!, lasts = until - timestampsMs[index]!;
  const share = !motion.speech && motion.takeOf(next) === take && lasts > 0 ? Math.min((place - timestampsMs[index]!) / lasts, 1) : 0;
  const from = landmarks[index]!, to = landmarks[next]!;
  return {
    landmarks: share ? from.map((value, i) => value + (to[i]! - value) * share) : from,
    timeMs: elapsedMs, take, round: Math.floor(elapsedMs / roundMs(motion, way)),
  };
}

/** All frames of a video that plays a motion so many times: each of the motion's own frames, none in between. */
export function videoMoments(motion: Motion, way: Way, rounds: number): VideoMoment[] {
  const { timestampsMs, landmarks, length } = motion, onceMs = roundMs(motion, way);
  const forth = Array.from({ length }, (_, index) => index);
  const back = way === "boomerang" ? forth.slice(1, -1).reverse() : [];
  const moments: Omit<VideoMoment, "durationMs">[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const [at, index] of [...forth, ...back].entries()) {
      const driverMs = timestampsMs[index]!, within = at < length ? driverMs : onceMs - driverMs;
      moments.push({ landmarks: landmarks[index]!, timeMs: round * onceMs + within, take: motion.takeOf(index), round, driverMs });
    }
  }
  return moments.map((moment, at) => ({ ...moment, durationMs: (moments[at + 1]?.timeMs ?? rounds * onceMs) - moment.timeMs }));
}
