/** A driving motion: a moving face's landmarks over time, and the `.motion` file that holds them. */

import { Archive, isRecord, readable, reworded } from "./archive.js";
import { LANDMARK_COUNT, type Landmarks } from "./crop.js";
import { ValueError } from "./errors.js";
import { halfToFloat } from "./half_float.js";
import { faceMeasures, mostNeutral } from "./neutral_face.js";

export const FORMAT = "monalive.motion";
export const VERSION = 2;
export const MANIFEST = "manifest.json";
export const LANDMARKS = "landmarks.u16";
export const TIMESTAMPS = "timestamps.f64";
const SURROUNDINGS = "surroundings.f16";
export const REFERENCES = "references.u16";
const MAX_MANIFEST_BYTES = 2 ** 20;
/** Of a take, in which its most neutral frame is looked for. */
export const FIRST_SECONDS_MS = 3000;
const MAX_FRAMES = 1_000_000; // eleven hours; more is a damaged or hostile file
const FRAME_VALUES = LANDMARK_COUNT * 3;
/** Values of a frame's surroundings: 16 x 16 cells of flow (x, y) and how much is known. */
const SURROUNDINGS_VALUES = 16 * 16 * 3;

/** Frames of a motion without a cut between them: the first of them, and the face that relative motion is counted from. */
export interface Take {
  readonly start: number;
  readonly reference: Landmarks;
}

/** What a motion is made of. */
export interface MotionFields {
  readonly landmarks: readonly Landmarks[];
  readonly timestampsMs: Float64Array;
  readonly imageSize: readonly [number, number];
  readonly fps: number;
  readonly name?: string;
  readonly loop?: boolean;
  readonly surroundings?: readonly Float32Array[] | undefined;
  readonly takes?: readonly Take[];
  readonly speech?: boolean;
}

/** A face's landmarks over time. */
export class Motion {
  /** Per frame: 478 x 3 pixels of the driver's frames. */
  readonly landmarks: readonly Landmarks[];
  /** From 0, increasing. */
  readonly timestampsMs: Float64Array;
  /** Width and height of the driver's frames. */
  readonly imageSize: readonly [number, number];
  readonly fps: number;
  readonly name: string;
  /** The last frame runs into the first, one frame time later. */
  readonly loop: boolean;
  /** Per frame: 16 x 16 x 3; undefined where nothing was measured. */
  readonly surroundings: readonly Float32Array[] | undefined;
  /** Where relative motion starts anew, and from what it is counted there; without cuts one, counted from the first frame by default. */
  readonly takes: readonly Take[];
  /** A sound drove the lips: whose face it is played on was stated, and what is made of it says so. */
  readonly speech: boolean;

  /** @throws ValueError a field has another size, is not finite, or is out of range. */
  constructor({ landmarks, timestampsMs, imageSize, fps, name = "", loop = false, surroundings, takes = [], speech = false }: MotionFields) {
    if (!landmarks.length || landmarks.some((frame) => frame.length !== FRAME_VALUES)) {
      throw new ValueError(`a motion's landmarks must be frames of ${LANDMARK_COUNT} x 3 values`);
    }
    if (timestampsMs.length !== landmarks.length) {
      throw new ValueError(`a motion of ${landmarks.length} frames needs as many timestamps, got ${timestampsMs.length}`);
    }
    if (!timestampsMs.every(Number.isFinite) || !landmarks.every((frame) => frame.every(Number.isFinite))) {
      throw new ValueError("a motion's landmarks and timestamps must be finite");
    }
    if (timestampsMs[0] !== 0 || timestampsMs.some((time, index) => index > 0 && time <= timestampsMs[index - 1]!)) {
      throw new ValueError("a motion's timestamps must start at 0 and increase from frame to frame");
    }
    if (!(imageSize[0] >= 1 && imageSize[1] >= 1)) throw new ValueError(`a motion's image size must be positive, got ${imageSize}`);
    if (!(Number.isFinite(fps) && fps > 0)) throw new ValueError(`a motion's frame rate must be positive, got ${fps}`);
    if (surroundings && !surroundings.every(isSurroundings)) {
      throw new ValueError("a motion's surroundings must be finite, and how much of them is known from 0 to 1");
    }
    requireTakes(takes, landmarks.length);
    this.takes = takes.length ? takes : [{ start: 0, reference: landmarks[0]! }];
    this.landmarks = landmarks;
    this.timestampsMs = timestampsMs;
    this.imageSize = imageSize;
    this.fps = fps;
    this.name = name;
    this.loop = loop;
    this.surroundings = surroundings;
    this.speech = speech;
  }

  /** Number of frames. */
  get length(): number {
    return this.landmarks.length;
  }

  /** The number of the take that a frame belongs to. */
  takeOf(frame: number): number {
    return this.takes.findLastIndex(({ start }) => start <= frame);
  }

  /**
   * The same motion, counted from another frame: in each take the most neutral one of its first three seconds, its first one, or
   * the frame of a number, from 0, for the take it is in (the others have their most neutral one).
   * @throws ValueError no such frame.
   */
  withReference(reference: "neutral" | "first" | number): Motion {
    const asked = typeof reference === "number" ? reference : undefined;
    if (asked === undefined ? !["neutral", "first"].includes(String(reference)) : !(Number.isInteger(asked) && asked >= 0)) {
      throw new ValueError(`the reference must be 'neutral', 'first' or the number of a frame, from 0; not ${reference}`);
    }
    if (asked !== undefined && asked >= this.length) {
      throw new ValueError(`the reference is frame ${asked}, but the motion has ${this.length} frames, counted from 0`);
    }
    const takes = this.takes.map(({ start }, take) => {
      const end = this.takes[take + 1]?.start ?? this.length;
      if (asked !== undefined && asked >= start && asked < end) return { start, reference: this.landmarks[asked]! };
      const latest = reference === "first" ? 0 : this.timestampsMs[start]! + FIRST_SECONDS_MS;
      const faces = this.landmarks.slice(start, end).filter((_, index) => !index || this.timestampsMs[start + index]! <= latest);
      return { start, reference: faces[mostNeutral(faces.map(faceMeasures))]! };
    });
    return new Motion({ ...this, takes });
  }

  /** From the first frame to the end of the last one. */
  get durationMs(): number {
    return this.timestampsMs[this.length - 1]! + 1000 / this.fps;
  }

  /**
   * Reads a `.motion` file.
   * @param content the file's bytes.
   * @param where what to call it in an error.
   * @throws ValueError it is not a motion, is cut off or damaged, or was written by a newer version.
   */
  static load(content: Uint8Array, where = "the file"): Motion {
    const { manifest, frames, levels, times, around, starts, references } = readable(
      () => readMembers(new Archive(content), where),
      (reason) => `${where} is not a .motion file, or it is cut off or damaged (${reason}). ` +
        "Extract the motion again with `monalive motion extract`.",
    );
    return reworded(
      () => {
        const offset = triple(manifest["offset"]), step = triple(manifest["step"]);
        const landmarks: Landmarks[] = [];
        const now = new Uint16Array(FRAME_VALUES); // every frame but the first holds the change, modulo 65536
        for (let frame = 0; frame < frames; frame++) {
          const points = new Float32Array(FRAME_VALUES);
          for (let i = 0; i < FRAME_VALUES; i++) {
            now[i]! += levels[frame * FRAME_VALUES + i]!;
            points[i] = offset[i % 3]! + now[i]! * step[i % 3]!;
          }
          landmarks.push(points);
        }
        const takes = starts.map((start, take) => ({
          start,
          reference: Float32Array.from({ length: FRAME_VALUES }, (_, i) => offset[i % 3]! + references[take * FRAME_VALUES + i]! * step[i % 3]!),
        }));
        const size = manifest["image_size"];
        if (!Array.isArray(size) || size.length !== 2) throw new Error("it has no image size");
        return new Motion({
          landmarks,
          timestampsMs: times,
          imageSize: [Math.trunc(number(size[0])), Math.trunc(number(size[1]))],
          fps: number(manifest["fps"]),
          name: String(manifest["name"] ?? ""),
          loop: Boolean(manifest["loop"]),
          surroundings: around,
          takes,
          speech: manifest["speech"] === true,
        });
      },
      (reason) => `${where} is a .motion file with invalid contents (${reason}).`,
    );
  }
}

interface Members {
  readonly manifest: Record<string, unknown>;
  readonly frames: number;
  readonly levels: Uint16Array;
  readonly times: Float64Array;
  readonly around: Float32Array[] | undefined;
  /** The frames that takes begin with, and what each is counted from; empty where the file does not say. */
  readonly starts: number[];
  readonly references: Uint16Array;
}

function readMembers(archive: Archive, where: string): Members {
  const manifest = archive.readJson(MANIFEST, MAX_MANIFEST_BYTES);
  if (!isRecord(manifest) || manifest["format"] !== FORMAT) throw new ValueError(`${where} is a zip archive but not a .motion file.`);
  const { version, frames, surroundings = false, speech = false } = manifest;
  if (!Number.isInteger(version) || (version as number) > VERSION) {
    throw new ValueError(
      `${where} has version ${String(version)} of the .motion format; this monalive reads up to ${VERSION}; update monalive`,
    );
  }
  if (!Number.isInteger(frames) || (frames as number) < 1 || (frames as number) > MAX_FRAMES || [surroundings, speech].some((flag) => typeof flag !== "boolean")) {
    throw new ValueError(`${where} is a zip archive but not a .motion file (${String(frames)} frames).`);
  }
  const count = frames as number;
  const exactly = (name: string, bytes: number): ArrayBuffer => {
    const member = archive.read(name, bytes);
    if (member.length !== bytes) throw new Error(`${name} has ${member.length} bytes`);
    return member.buffer;
  };
  // Typed arrays read in the machine's byte order, which is little-endian wherever a browser runs today.
  const levels = new Uint16Array(exactly(LANDMARKS, count * FRAME_VALUES * 2));
  const times = new Float64Array(exactly(TIMESTAMPS, count * 8));
  let around: Float32Array[] | undefined;
  if (surroundings) {
    const halves = new Uint16Array(exactly(SURROUNDINGS, count * SURROUNDINGS_VALUES * 2));
    const values = Float32Array.from(halves, halfToFloat);
    around = Array.from({ length: count }, (_, i) => values.subarray(i * SURROUNDINGS_VALUES, (i + 1) * SURROUNDINGS_VALUES));
  }
  const starts = manifest["takes"] ?? [];
  if (!Array.isArray(starts) || starts.length > count || !starts.every(Number.isInteger)) throw new Error("its takes are no frames");
  const references = new Uint16Array(starts.length ? exactly(REFERENCES, starts.length * FRAME_VALUES * 2) : new ArrayBuffer(0));
  return { manifest, frames: count, levels, times, around, starts, references };
}

function requireTakes(takes: readonly Take[], frames: number): void {
  if (takes.some(({ start }, take) => start >= frames || (take ? start <= takes[take - 1]!.start : start !== 0))) {
    throw new ValueError("a motion's takes must begin with frame 0 and follow each other within it");
  }
  if (!takes.every(({ reference }) => reference.length === FRAME_VALUES && reference.every(Number.isFinite))) {
    throw new ValueError(`a take's reference must be ${LANDMARK_COUNT} x 3 finite values`);
  }
}

function isSurroundings(values: Float32Array): boolean {
  return values.length === SURROUNDINGS_VALUES &&
    values.every((value, i) => Number.isFinite(value) && (i % 3 < 2 || (value >= 0 && value <= 1)));
}

function triple(values: unknown): number[] {
  if (!Array.isArray(values) || values.length !== 3) throw new Error("a scale has not three values");
  return values.map(number);
}

function number(value: unknown): number {
  if (typeof value !== "number") throw new Error(`${String(value)} is no number`);
  return value;
}
