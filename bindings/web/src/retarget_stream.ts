/** The retargeting networks' state from one frame to the next. */

import type { Landmarks } from "./crop.js";
import { ValueError } from "./errors.js";
import type { Network, Tensors } from "./network.js";

const NEXT = "next_";

/** A network that runs once per frame of one driver; what it gives as `next_X` is its `X` of the next frame. */
export class RetargetStream {
  readonly #values: Record<string, Float32Array>;
  #timestampMs: number | undefined;

  /**
   * @param given its inputs that the driver's frames do not bring.
   * @param smooth whether the filters in it are told how much time passes; if not, they let every frame through.
   */
  constructor(readonly network: Network, given: Tensors, readonly smooth: boolean) {
    this.#values = { ...given };
  }

  /** Changes inputs from the next frame on. */
  change(given: Tensors): void {
    Object.assign(this.#values, given);
  }

  /**
   * 478 x 3 pixels of the driver's frame to 478 x 3 in units of the crop.
   * @throws ValueError time that does not move forward while smoothing, or landmarks to which no pose can be fitted.
   */
  async step(driver: Landmarks, timestampMs: number): Promise<Landmarks> {
    const elapsed = Float32Array.of(this.#elapsed(timestampMs));
    const made = await this.network.run({ ...this.#values, driver_landmarks: driver, elapsed_ms: elapsed });
    const landmarks = withPose(made["landmarks"]!);
    for (const [name, values] of Object.entries(made)) {
      if (name.startsWith(NEXT)) this.#values[name.slice(NEXT.length)] = values;
    }
    if (this.smooth) this.#timestampMs = timestampMs;
    return landmarks;
  }

  /** Milliseconds since the frame before; 0 lets a frame through as it is. */
  #elapsed(timestampMs: number): number {
    const before = this.#timestampMs;
    if (before === undefined) return 0;
    if (timestampMs > before) return timestampMs - before;
    throw new ValueError(`timestamps must increase: ${timestampMs} ms came after ${before} ms`);
  }
}

/**
 * What a retargeting network made of a face.
 * @throws ValueError it made no numbers.
 */
export function withPose(values: Float32Array): Float32Array {
  if (values.every(Number.isFinite)) return values;
  throw new ValueError("the points of the face coincide or lie on a line; no pose can be fitted to them");
}
