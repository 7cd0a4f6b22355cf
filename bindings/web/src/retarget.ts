/**
 * Carries a driver's motion over to a portrait: landmarks in, landmarks out.
 *
 * Relative transfer runs as the bundle's two retarget networks, so that every platform computes the same numbers: one
 * run per portrait and driver, one per frame, which smooths as well.
 */

import { LANDMARK_COUNT, type Landmarks, portraitCrop, type SquareCrop } from "./crop.js";
import { RuntimeError, ValueError } from "./errors.js";
import type { Network } from "./network.js";

export const REGIONS = ["pose", "eyes", "lips", "brows"] as const;
export type Region = (typeof REGIONS)[number];
export const MAX_GAIN = 3;

/** What of a driver's motion a portrait takes over. */
export interface RetargetOptions {
  /** Take the driver's landmarks as they are, face shape included; only with `smooth: false` and every region as it is. */
  absolute?: boolean;
  /** One-Euro smoothing of the result; on by default. */
  smooth?: boolean;
  /** Those that move; all by default. "eyes" includes the gaze, "lips" the jaw and cheeks. */
  regions?: readonly Region[];
  /** Strength per region, from 0 (still) over 1 (as the driver) to 3. */
  gains?: Readonly<Partial<Record<Region, number>>>;
}

export interface RetargetNetworks {
  readonly start: Network;
  readonly step: Network;
}

/**
 * The strength of each region, in the order of `REGIONS`; 0 where it is switched off.
 * @throws ValueError a region that does not exist, a gain out of range, or options that do not go together.
 */
export function checkedGains({ absolute, smooth = true, regions = REGIONS, gains = {} }: RetargetOptions): Float32Array {
  for (const name of [...regions, ...Object.keys(gains)]) {
    if (!(REGIONS as readonly string[]).includes(name)) {
      throw new ValueError(`unknown region '${name}'; choose from ${REGIONS.join(", ")}`);
    }
  }
  for (const [name, gain] of Object.entries(gains)) {
    if (!(gain >= 0 && gain <= MAX_GAIN)) throw new ValueError(`the gain of ${name} is ${gain}; it must be from 0 to ${MAX_GAIN}`);
  }
  const chosen = Float32Array.from(REGIONS, (name) => (regions.includes(name) ? (gains[name] ?? 1) : 0));
  if (absolute && (smooth || chosen.some((gain) => gain !== 1))) {
    throw new ValueError("absolute retargeting in the browser takes smooth: false and all regions at gain 1");
  }
  return chosen;
}

/** Turns one driver's landmarks into one portrait's, as a stream: `start`, then `step` for each frame. */
export class Retargeter {
  readonly #networks: RetargetNetworks;
  readonly #portrait: Landmarks;
  readonly #crop: SquareCrop;
  #options: RetargetOptions;
  #gains: Float32Array;
  #gainsChanged = false;
  #reference: Landmarks | undefined;
  #driverCrop: SquareCrop | undefined;
  #state: Record<string, Float32Array> | undefined;
  #timestampMs: number | undefined;

  /** @throws ValueError landmarks of another size or not finite, or options that do not go together. */
  constructor(networks: RetargetNetworks, portrait: Landmarks, crop: SquareCrop, options: RetargetOptions = {}) {
    this.#networks = networks;
    this.#portrait = checked(portrait, "portrait");
    this.#crop = crop;
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

  /** Takes the driver's reference frame, with which motion begins; `size`: width and height of its frames. */
  async start(driver: Landmarks, size: readonly [number, number]): Promise<void> {
    this.#reference = checked(driver, "driver");
    this.#timestampMs = undefined;
    if (this.#options.absolute) {
      this.#driverCrop = portraitCrop(driver, ...size);
      return;
    }
    this.#gainsChanged = false;
    this.#state = {
      ...(await this.#begin()),
      movement_filter: new Float32Array(6 * 2),
      face_filter: new Float32Array(LANDMARK_COUNT * 3),
      face_velocity: new Float32Array(LANDMARK_COUNT * 3),
      closing_filter: new Float32Array(2 * 2),
      gaze_filter: new Float32Array(4),
    };
  }

  /**
   * The portrait's landmarks for one frame of the driver, in units of the portrait's crop.
   * @throws RuntimeError `start` was not called.
   * @throws ValueError landmarks of another size or not finite; time that does not move forward while smoothing.
   */
  async step(driver: Landmarks, timestampMs: number): Promise<Landmarks> {
    checked(driver, "driver");
    if (this.#driverCrop) return this.#driverCrop.toUnit(driver);
    if (!this.#state) throw new RuntimeError("call start() with the driver's first frame before step()");
    if (this.#gainsChanged) {
      this.#gainsChanged = false;
      this.#state["scales"] = (await this.#begin())["scales"]!; // all that gains have a part in
    }
    const outputs = await this.#networks.step.run({ ...this.#state, ...this.#constants(), driver_landmarks: driver,
      elapsed_ms: Float32Array.of(this.#elapsed(timestampMs)) });
    for (const [name, values] of Object.entries(outputs)) {
      if (name.startsWith("next_")) this.#state[name.slice("next_".length)] = values;
    }
    return outputs["landmarks"]!;
  }

  #elapsed(timestampMs: number): number {
    const before = this.#timestampMs;
    this.#timestampMs = timestampMs;
    if (this.#options.smooth === false || before === undefined) return 0;
    if (timestampMs > before) return timestampMs - before;
    this.#timestampMs = before;
    throw new ValueError(`timestamps must increase: ${timestampMs} ms came after ${before} ms`);
  }

  #begin(): Promise<Record<string, Float32Array>> {
    return this.#networks.start.run({ ...this.#constants(), driver_reference: this.#reference! });
  }

  #constants(): Record<string, Float32Array> {
    const { x, y, side } = this.#crop;
    return { portrait_landmarks: this.#portrait, crop: Float32Array.of(x, y, side), gains: this.#gains };
  }
}

function checked(landmarks: Landmarks, whose: string): Landmarks {
  if (landmarks.length !== LANDMARK_COUNT * 3) {
    throw new ValueError(`the ${whose}'s landmarks must be ${LANDMARK_COUNT} x 3 values, got ${landmarks.length}`);
  }
  if (!landmarks.every(Number.isFinite)) throw new ValueError(`the ${whose}'s landmarks hold NaN or infinite values`);
  return landmarks;
}
