/** What a page and the worker that animates for it say to each other. */

import type { Landmarks } from "./crop.js";
import type { Reference } from "./driver_anchor.js";
import type { DriverFace } from "./driver_rule.js";
import type { GivenFrame } from "./frame_reader.js";
import type { MotionFields } from "./motion.js";
import type { FaceChoice } from "./photo_animator.js";
import type { Picture } from "./picture.js";
import type { RetargetOptions } from "./retarget.js";
import type { SpeechOptions } from "./speech_motion.js";
import type { WasmFiles } from "./wasm_files.js";

/** What the worker needs: model files and settings; the page fetches, the worker loads. */
export interface WorkerSettings {
  bundle: Uint8Array;
  /** A bundle with the face tracker's networks, for a `bundle` that holds none. */
  tracker?: Uint8Array;
  wasm: WasmFiles;
  numThreads?: number;
  retarget?: RetargetOptions;
  /** As in `PhotoAnimatorOptions`. */
  maxFaces?: number;
  driverFace?: DriverFace;
  /** What the motion of `follow` is counted from; "recent" by default, as a camera needs it. */
  reference?: Reference;
}

/** Options of `AnimatorWorker`. */
export interface WorkerOptions extends Omit<WorkerSettings, "wasm"> {
  /** URL of the built `worker.js`; by default the one beside this script. */
  workerUrl?: string | URL;
  /** URL of the folder with LiteRT.js' wasm files, ending in a slash; by default `wasm/` beside this script. */
  wasmUrl?: string;
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

/** Which face of a photo: the largest, a number counted from the left, from 0, or every one. */
export type WorkerFaceChoice = FaceChoice | "all";

/** Where the enrolled face is, in pixels of the photo; of several the leftmost. */
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

/** What speech needs: a bundle with the lips' network, and the expression model (`speech.bundle` and `expressions.npz` of the SDK). */
export interface WorkerSpeech {
  readonly bundle: Uint8Array;
  readonly expressions: Uint8Array;
}

/** Calls, with their arguments and results. A step or follow may be asked for before the last has been answered. */
export interface WorkerCalls {
  /** `threads`: whether networks may use several, which needs a cross-origin isolated page. */
  open: [WorkerSettings, { threads: boolean }];
  /** The faces of a photo, from left to right, in its pixels. */
  faces: [Picture, Landmarks[]];
  /** Makes the portrait, or the portraits, that the calls below animate. */
  enroll: [{ photo: Picture; consent: string | undefined; face: WorkerFaceChoice; others: readonly Picture[] }, EnrolledFace];
  /** Takes the motion off a video, frame by frame: `read` once for each, then `taken`. What was taken before is forgotten. */
  take: [undefined, void];
  /** Whether a face was found. */
  read: [{ frame: GivenFrame; timestampMs: number }, boolean];
  taken: [string, MotionFields];
  /** Makes a motion from sound (mono, 16 kHz), piece by piece: `hear` until it gives 1, then `spoken`. Whether there is any speech in it. */
  listen: [{ samples: Float32Array; speech: WorkerSpeech; options: SpeechOptions }, boolean];
  /** The share of the sound that was heard. */
  hear: [undefined, number];
  spoken: [undefined, MotionFields];
  /** Begins with a driver of given landmarks: its reference frame. */
  start: [DriverLandmarks & { smooth: boolean | undefined }, void];
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
