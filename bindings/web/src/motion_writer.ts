/** Writes `.motion` files, as the Python SDK's `Motion.save`. */

import { strToU8, zipSync } from "fflate";
import { LANDMARK_COUNT, type Landmarks } from "./crop.js";
import { FORMAT, LANDMARKS, MANIFEST, type Motion, REFERENCES, TIMESTAMPS, VERSION } from "./motion.js";

const LEVELS = 65535;
const FRAME_VALUES = LANDMARK_COUNT * 3;
/** The same motion gives the same file, whatever the time of day. */
const NO_DATE = new Date(1980, 0, 1);

/** A motion's `.motion` file; surroundings, which the browser does not measure, are left out. */
export function motionFile(motion: Motion): Uint8Array<ArrayBuffer> {
  const references = motion.takes.map(({ reference }) => reference);
  const { low, step } = scale([...motion.landmarks, ...references]);
  const levels = (frames: readonly Landmarks[]): Uint16Array => {
    const all = new Uint16Array(frames.length * FRAME_VALUES);
    frames.forEach((points, frame) => {
      for (let i = 0; i < FRAME_VALUES; i++) all[frame * FRAME_VALUES + i] = Math.round((points[i]! - low[i % 3]!) / step[i % 3]!);
    });
    return all;
  };
  const frames = levels(motion.landmarks);
  // Every frame but the first holds the change, modulo 65536.
  for (let i = frames.length - 1; i >= FRAME_VALUES; i--) frames[i]! -= frames[i - FRAME_VALUES]!;
  const { name, loop, fps, imageSize } = motion;
  const manifest = {
    format: FORMAT, version: VERSION, name, loop, fps, image_size: imageSize, frames: motion.length, landmarks: LANDMARK_COUNT,
    offset: low, step, surroundings: false, takes: motion.takes.map(({ start }) => start),
    ...(motion.speech ? { speech: true } : {}),
  };
  // Typed arrays lie in the machine's byte order, which is little-endian wherever a browser runs today.
  const members = {
    [MANIFEST]: strToU8(JSON.stringify(manifest)), [LANDMARKS]: bytes(frames), [TIMESTAMPS]: bytes(motion.timestampsMs),
    [REFERENCES]: bytes(levels(references)),
  };
  return zipSync(members, { mtime: NO_DATE }) as Uint8Array<ArrayBuffer>;
}

/** Per axis: the least value, and what one level stands for. */
function scale(frames: readonly Landmarks[]): { low: number[]; step: number[] } {
  const low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity];
  for (const points of frames) {
    points.forEach((value, i) => {
      low[i % 3] = Math.min(low[i % 3]!, value);
      high[i % 3] = Math.max(high[i % 3]!, value);
    });
  }
  return { low, step: low.map((least, axis) => Math.max(high[axis]! - least, 1e-6) / LEVELS) };
}

function bytes({ buffer, byteOffset, byteLength }: Uint16Array | Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
