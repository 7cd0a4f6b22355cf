/** What a page and the worker that animates for it say to each other. */

import type { Landmarks } from "./crop.js";
import type { Reference } from "./driver_anchor.js";
import type { DriverFace } from "./driver_rule.js";
import type { GivenFrame } from "./frame_reader.js";
import type { Picture } from "./picture.js";
import type { RetargetOptions } from "./retarget.js";

/** Model files and settings; the page fetches, the worker loads. */
export interface WorkerOptions {
  bundle: Uint8Array;
  /** A bundle with the face tracker's networks, for a `bundle` that holds none. */
  tracker?: Uint8Array;
  /** URL of the folder with LiteRT.js' wasm files, ending in a slash. */
  wasmUrl: string;
  numThreads?: number;
  retarget?: RetargetOptions;
  /** As in `PhotoAnimatorOptions`. */
  maxFaces?: number;
  driverFace?: DriverFace;
  /** What the motion of `follow` is counted from; "recent" by default, as a camera needs it. */
  reference?: Reference;
}

/** An animated frame as it crosses over: the whole photo, and what is known of it. */
export interface WorkerFrame {
  readonly image: Picture;
  readonly timestampMs: number;
  readonly driverFound: boolean;
  readonly cut: boolean;
  /** Milliseconds of work in the worker. */
  readonly workMs: number;
}

/** Where the enrolled face is, in pixels of the photo. */
export interface EnrolledFace {
  readonly crop: { readonly x: number; readonly y: number; readonly side: number };
  readonly landmarks: Landmarks;
  readonly modelVersion: string;
}

/** A driver's landmarks, in pixels of frames of `size`: width, height. */
export interface DriverLandmarks {
  readonly landmarks: Landmarks;
  readonly size: readonly [number, number];
}

/** Calls, with their arguments and results. A step or follow may be asked for before the last has been answered. */
export interface WorkerCalls {
  open: [WorkerOptions, void];
  /** Makes the portrait that the calls below animate. */
  enroll: [{ photo: Picture; consent: string | undefined }, EnrolledFace];
  /** Begins with a driver of given landmarks: its reference frame. */
  start: [DriverLandmarks, void];
  /** One frame of that driver; `anew`: the motion is counted from another face from here on, as after a cut. */
  step: [{ landmarks: Landmarks; timestampMs: number; anew: DriverLandmarks | undefined }, WorkerFrame];
  /** One frame of a camera or video, as in a mirror if asked for. */
  follow: [{ frame: GivenFrame; timestampMs: number; mirror: boolean }, WorkerFrame];
  setGains: [Pick<RetargetOptions, "regions" | "gains">, void];
  /** Whether frames carry the pixel mark, as those must that are kept; each time it is switched on, with a new id. */
  setMarked: [boolean, void];
  /** Counts the motion of `follow` from its next face on. */
  reanchor: [undefined, void];
  /** Forgets the driver. */
  reset: [undefined, void];
}
