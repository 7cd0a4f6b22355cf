/**
 * Carries a driver's motion over to a portrait: landmarks in, landmarks out.
 *
 * All of it, smoothing included, is computed by the bundle's networks, so that every platform gets the same numbers.
 */

import { LANDMARK_COUNT, type Landmarks, portraitCrop, type SquareCrop } from "./crop.js";
import { RuntimeError, ValueError } from "./errors.js";
import type { Network, Tensors } from "./network.js";
import { RetargetStream, withPose } from "./retarget_stream.js";

/** Regions of the face whose strength can be set. */
export const REGIONS = ["pose", "eyes", "lips", "brows"] as const;
export type Region = (typeof REGIONS)[number];
export const MAX_GAIN = 3;
/** Lowest, then highest turn, shift and growth: so wide that float32 cannot tell them from none. Of absolute motion. */
const NO_LIMITS = Float32Array.from({ length: 12 }, (_, i) => (i < 6 ? -1e6 : 1e6));

/** What of a driver's motion a portrait takes over. */
export interface RetargetOptions {
  /**
   * Take the driver's landmarks as they are, face shape included, instead of their change since the driver's first frame. For
   * reenactment of a person by themselves, and for tests.
   */
  absolute?: boolean;
  /** One-Euro smoothing of the result; on by default. */
  smooth?: boolean;
  /** Those that move; all by default. "eyes" includes the gaze, "lips" the jaw and cheeks. */
  regions?: readonly Region[];
  /** Strength per region, from 0 (still) over 1 (as the driver) to 3. */
  gains?: Readonly<Partial<Record<Region, number>>>;
}

/** The bundle's retargeting networks. */
export interface RetargetNetworks {
  /** Ties a portrait to a driver's reference frame. */
  readonly start: Network;
  /** Relative motion, once per frame: see `RetargetStream`. */
  readonly step: Network;
  /** Absolute motion, once per frame: see `RetargetStream`. */
  readonly absolute: Network;
  /** A driver of whom there is one picture only: see `asMeanFace`. */
  readonly imageMode: Network;
}

/**
 * The strength of each region, in the order of `REGIONS`; 0 where it is switched off.
 * @throws ValueError a region that does not exist, or a gain out of range.
 */
export function checkedGains({ regions = REGIONS, gains = {} }: RetargetOptions): Float32Array {
  for (const name of [...regions, ...Object.keys(gains)]) {
    if (!(REGIONS as readonly string[]).includes(name)) {
      throw new ValueError(`unknown region '${name}'; choose from ${REGIONS.join(", ")}`);
    }
  }
  for (const [name, gain] of Object.entries(gains)) {
    if (!(gain >= 0 && gain <= MAX_GAIN)) throw new ValueError(`the gain of ${name} is ${gain}; it must be from 0 to ${MAX_GAIN}`);
  }
  return Float32Array.from(REGIONS, (name) => (regions.includes(name) ? (gains[name] ?? 1) : 0));
}

/** Turns one driver's landmarks into one portrait's, as a stream: `start`, then `step` for each frame. */
export class Retargeter {
  readonly #networks: RetargetNetworks;
  readonly #portrait: Still;
  #options: RetargetOptions;
  #gains: Float32Array;
  #gainsChanged = false;
  /** The driver's reference frame. */
  #driver: Still | undefined;
  #stream: RetargetStream | undefined;
  #glide: Glide | undefined;
  #last: Landmarks | undefined;

  /**
   * @param portrait 478 x 3 photo pixels.
   * @param crop the square whose units the result is in.
   * @throws ValueError landmarks of another size or not finite, or options that do not exist.
   */
  constructor(networks: RetargetNetworks, portrait: Landmarks, crop: SquareCrop, options: RetargetOptions = {}) {
    this.#networks = networks;
    this.#portrait = { landmarks: checked(portrait, "portrait"), crop };
    this.#options = options;
    this.#gains = checkedGains(options);
  }

  /** Changes the strengths from the next frame on, without a jump in what is smoothed. */
  setGains(options: Pick<RetargetOptions, "regions" | "gains">): void {
    const changed = { ...this.#options, ...options };
    this.#gains = checkedGains(changed);
    this.#options = changed;
    this.#gainsChanged = true;
  }

  /**
   * Takes the driver's reference frame, with which motion begins; `size`: width and height of its frames.
   * @throws ValueError landmarks of another size or not finite, or to which no pose can be fitted.
   */
  async start(driver: Landmarks, size: readonly [number, number]): Promise<void> {
    this.#driver = { landmarks: checked(driver, "driver"), crop: portraitCrop(driver, ...size) };
    this.#stream = this.#glide = this.#last = undefined;
    this.#stream = await this.#begin();
  }

  /**
   * Counts the motion from another frame of the driver from now on; within `glideMs` the result glides over and does not jump.
   * `afterCut`: from where the portrait is, since what the driver did before a cut says nothing of what it does now; otherwise
   * from how the portrait would have moved on.
   * @throws RuntimeError `start` was not called.
   * @throws ValueError as for `start`; nothing has changed then.
   */
  async restart(driver: Landmarks, size: readonly [number, number], glideMs: number, afterCut: boolean): Promise<void> {
    const before = this.#stream, still = this.#driver;
    if (!before) throw new RuntimeError("call start() with the driver's first frame before restart()");
    this.#driver = { landmarks: checked(driver, "driver"), crop: portraitCrop(driver, ...size) };
    try {
      this.#stream = await this.#begin();
    } catch (error) {
      this.#driver = still;
      throw error;
    }
    this.#glide = this.#last && new Glide(this.#last, afterCut ? undefined : before, glideMs);
  }

  /**
   * The portrait's landmarks for one frame of the driver, in units of the portrait's crop (of the driver's crop, laid over it, in
   * absolute motion).
   * @throws RuntimeError `start` was not called.
   * @throws ValueError landmarks of another size or not finite, or to which no pose can be fitted; time that does not move
   *   forward while smoothing.
   */
  async step(driver: Landmarks, timestampMs: number): Promise<Landmarks> {
    checked(driver, "driver");
    if (!this.#stream) throw new RuntimeError("call start() with the driver's first frame before step()");
    if (this.#gainsChanged) this.#stream = await this.#begin(this.#stream);
    let moved = await this.#stream.step(driver, timestampMs);
    if (this.#glide) {
      moved = await this.#glide.between(moved, driver, timestampMs);
      if (this.#glide.over) this.#glide = undefined;
    }
    this.#last = moved;
    return moved;
  }

  /** What follows the driver from its reference frame on; where it can be, it is what followed it `before`. */
  async #begin(before?: RetargetStream): Promise<RetargetStream> {
    this.#gainsChanged = false;
    const { absolute = false, smooth = true } = this.#options, { start, step, absolute: whole } = this.#networks;
    const { landmarks, crop } = absolute ? this.#driver! : this.#portrait; // absolute in parts moves the driver's own first frame
    if (absolute && this.#gains.every((gain) => gain === 1)) {
      const state = { landmark_filter: new Float32Array(LANDMARK_COUNT * 6) };
      return before?.network === whole ? before : new RetargetStream(whole, { driver_crop: numbers(crop), ...state }, smooth);
    }
    const given = { portrait_landmarks: landmarks, crop: numbers(crop), gains: this.#gains };
    const begun = await start.run({ ...given, driver_reference: this.#driver!.landmarks });
    Object.values(begun).forEach(withPose);
    if (before?.network === step) {
      before.change({ gains: this.#gains, scales: begun["scales"]! }); // all that gains have a part in
      return before;
    }
    const limits: Tensors = absolute ? { limits: NO_LIMITS } : {};
    return new RetargetStream(step, { ...given, ...begun, ...limits, ...newState() }, smooth);
  }
}

/** From one result to another, slowly at both ends. */
class Glide {
  over = false;
  #startMs: number | undefined;

  /**
   * @param held the last result.
   * @param before what made it, to go on with meanwhile; undefined: the result is held.
   * @param durationMs how long it takes from the first frame on.
   */
  constructor(readonly held: Landmarks, readonly before: RetargetStream | undefined, readonly durationMs: number) {}

  async between(made: Landmarks, driver: Landmarks, timestampMs: number): Promise<Landmarks> {
    this.#startMs ??= timestampMs;
    const done = Math.min((timestampMs - this.#startMs) / this.durationMs, 1), share = done * done * (3 - 2 * done);
    const old = (await this.before?.step(driver, timestampMs)) ?? this.held;
    this.over = done >= 1;
    return made.map((value, index) => old[index]! + share * (value - old[index]!));
  }
}

/** A face at rest and its square. */
interface Still {
  readonly landmarks: Landmarks;
  readonly crop: SquareCrop;
}

/** The filters of the retarget network before a driver's first frame. */
function newState(): Tensors {
  return {
    movement_filter: new Float32Array(6 * 2),
    face_filter: new Float32Array(LANDMARK_COUNT * 3),
    face_velocity: new Float32Array(LANDMARK_COUNT * 3),
    closing_filter: new Float32Array(2 * 2),
    gaze_filter: new Float32Array(4),
  };
}

function numbers({ x, y, side }: SquareCrop): Float32Array {
  return Float32Array.of(x, y, side);
}

function checked(landmarks: Landmarks, whose: string): Landmarks {
  if (landmarks.length !== LANDMARK_COUNT * 3) {
    throw new ValueError(`the ${whose}'s landmarks must be ${LANDMARK_COUNT} x 3 values, got ${landmarks.length}`);
  }
  if (!landmarks.every(Number.isFinite)) throw new ValueError(`the ${whose}'s landmarks hold NaN or infinite values`);
  return landmarks;
}
