/** What can move the photo and be made into a video: a motion, with the pictures and the sound that go with it. */

import { Motion } from "../../../bindings/web/src/worker_client.js";
import { type Frame, frameAround } from "./face_drawing.js";
import type { Film } from "./film.js";
import { placeMs, type Way } from "./playback.js";
import type { DriverPicture } from "./views.js";

/** What is played along with a motion, and tells its time. */
export interface Along {
  /** From its start. */
  start(): Promise<void>;
  stop(): void;
  /** How long it has been playing, whole rounds of `durationMs` included. */
  elapsedMs(durationMs: number): number;
  close(): void;
}

/** Whoever makes one of these has all of the page: playing, videos, `.motion` files. */
export interface Driver {
  /** What a signature says of it: a built-in motion's name, or what kind of driver it is. */
  readonly kind: string;
  readonly motion: Motion;
  /** The video that it was taken from. */
  readonly film?: Film;
  /** The sound that it was made from, where that is played. */
  readonly voice?: Along;
  /** A media file whose sound goes with the motion, from `startMs` on. */
  readonly sound?: { readonly file: Blob; readonly startMs: number };
}

const frames = new WeakMap<Motion, Frame>();

/** How a driver looks after so long: its film, as far as that runs forward and is played along, else its face in lines. */
export function driverPicture({ motion, film }: Driver, way: Way, elapsedMs: number): DriverPicture {
  if (film && way === "loop") return film.picture();
  return faceOf(motion, placeMs(motion, way, elapsedMs));
}

/** A motion's face nearest to a time, in lines. */
export function faceOf(motion: Motion, placeAtMs: number): DriverPicture {
  let frame = frames.get(motion);
  if (!frame) frames.set(motion, (frame = frameAround(motion.landmarks)));
  const index = motion.timestampsMs.findLastIndex((time) => time <= placeAtMs);
  return { face: motion.landmarks[Math.max(index, 0)]!, frame };
}
