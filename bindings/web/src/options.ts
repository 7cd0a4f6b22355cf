/** Options of the photo animator, after MediaPipe Tasks. */

import { type Reference, requireReference } from "./driver_anchor.js";
import { type DriverFace, DriverRule } from "./driver_rule.js";
import { ValueError } from "./errors.js";
import type { AnimatedFrame } from "./portrait_player.js";
import { checkedGains, type RetargetOptions } from "./retarget.js";

/** What the driver is: single pictures, a video's frames in order, or a live camera. */
export type RunningMode = "IMAGE" | "VIDEO" | "LIVE_STREAM";

/** Options of `PhotoAnimator.create`. */
export interface PhotoAnimatorOptions {
  /** The bundle file's bytes. */
  bundle: Uint8Array;
  /** A bundle file with the face tracker's networks, for a `bundle` that holds none. */
  tracker?: Uint8Array;
  /** URL of the folder with LiteRT.js' wasm files, ending in a slash; by default `wasm/` beside this script. */
  wasmUrl?: string;
  runningMode?: RunningMode;
  /** CPU threads per network, 1 to 64; more than 1 needs a cross-origin isolated page. */
  numThreads?: number;
  retarget?: RetargetOptions;
  /** So many faces of a picture are taken, the largest (default 16). */
  maxFaces?: number;
  /** Whose motion is taken where the driver shows several faces (default "auto"). */
  driverFace?: DriverFace;
  /**
   * What the motion of a driver's frames is counted from; "recent" in LIVE_STREAM, else "neutral" by default. Absolute motion does
   * without.
   */
  reference?: Reference;
  /** Called with every result in LIVE_STREAM mode; only there. */
  resultCallback?: (frame: AnimatedFrame, timestampMs: number) => void;
}

/** Faces that are taken from a picture or come into question as drivers, unless another limit is asked for. */
export const MAX_FACES = 16;

/** @throws ValueError options that do not go together. */
export function requireConsistent(options: Partial<PhotoAnimatorOptions>): void {
  const {
    runningMode = "IMAGE", numThreads = 2, retarget = {}, reference = "neutral", resultCallback, maxFaces = MAX_FACES, driverFace,
  } = options;
  if (!["IMAGE", "VIDEO", "LIVE_STREAM"].includes(runningMode)) {
    throw new ValueError(`the running mode is IMAGE, VIDEO or LIVE_STREAM, not ${runningMode}`);
  }
  if (!(Number.isInteger(numThreads) && numThreads >= 1 && numThreads <= 64)) {
    throw new ValueError(`the number of threads must be from 1 to 64, not ${numThreads}`);
  }
  if (!(Number.isInteger(maxFaces) && maxFaces >= 1)) throw new ValueError(`maxFaces must be at least 1, not ${maxFaces}`);
  new DriverRule(driverFace);
  checkedGains(retarget);
  requireReference(reference);
  const live = runningMode === "LIVE_STREAM";
  if (live && !resultCallback) throw new ValueError("running mode LIVE_STREAM needs a resultCallback: results arrive there");
  if (!live && resultCallback) {
    throw new ValueError(`a resultCallback is for LIVE_STREAM; in ${runningMode} results are returned`);
  }
}
