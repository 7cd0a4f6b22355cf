/** The page's side of the worker: the same calls as promises, so that the page never freezes. */

import { Calls } from "./calls.js";
import type { Landmarks } from "./crop.js";
import { RuntimeError } from "./errors.js";
import type { GivenFrame } from "./frame_reader.js";
import type { Picture } from "./picture.js";
import type { RetargetOptions } from "./retarget.js";
import type { DriverLandmarks, EnrolledFace, WorkerCalls, WorkerFrame, WorkerOptions } from "./worker_protocol.js";

export { Motion } from "./motion.js";
export type { EnrolledFace, WorkerFrame, WorkerOptions } from "./worker_protocol.js";

/** The worker broke down; make a new one. */
export class WorkerCrash extends RuntimeError {}

export class AnimatorWorker {
  readonly #calls: Calls<WorkerCalls>;

  private constructor(worker: Worker) {
    this.#calls = new Calls(worker, (reason) => new WorkerCrash(`the animator stopped: ${reason}`));
  }

  /**
   * Starts a worker and loads the models in it.
   * @param workerUrl of the built `worker.js`.
   * @throws WorkerCrash it cannot be started, or the models cannot be loaded.
   */
  static async create(workerUrl: string | URL, options: WorkerOptions): Promise<AnimatorWorker> {
    const client = new AnimatorWorker(new Worker(workerUrl));
    try {
      await client.#calls.ask("open", options);
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** Whether the worker broke down. */
  get crashed(): boolean {
    return this.#calls.crashed;
  }

  /** @throws ValueError no face in the photo, another `consent`. */
  enroll(photo: Picture, consent?: string): Promise<EnrolledFace> {
    return this.#calls.ask("enroll", { photo, consent });
  }

  /** Begins with a driver of given landmarks (what a motion's first take is counted from), in frames of `size`: width, height. */
  start(landmarks: Landmarks, size: readonly [number, number]): Promise<void> {
    return this.#calls.ask("start", { landmarks, size });
  }

  /**
   * One frame of that driver; `anew`: counted from another face from here on, as after a cut. Ask for the next before this one is
   * there: two or three on the way keep all cores busy.
   */
  step(landmarks: Landmarks, timestampMs: number, anew?: DriverLandmarks): Promise<WorkerFrame> {
    return this.#calls.ask("step", { landmarks, timestampMs, anew });
  }

  /** One frame of a camera or video, which is handed over; `mirror`: as in a mirror. */
  follow(frame: GivenFrame, timestampMs: number, mirror = false): Promise<WorkerFrame> {
    return this.#calls.ask("follow", { frame, timestampMs, mirror }, [frame]);
  }

  setGains(options: Pick<RetargetOptions, "regions" | "gains">): Promise<void> {
    return this.#calls.ask("setGains", options);
  }

  /** Whether frames carry the pixel mark from now on, as those must that are kept. */
  setMarked(marked: boolean): Promise<void> {
    return this.#calls.ask("setMarked", marked);
  }

  /** Counts the motion of a camera or video from its next face on: the portrait glides to rest. */
  reanchor(): Promise<void> {
    return this.#calls.ask("reanchor", undefined);
  }

  /** Forgets the driver. */
  reset(): Promise<void> {
    return this.#calls.ask("reset", undefined);
  }

  /** Ends the worker; what is still asked of it fails. */
  close(): void {
    this.#calls.fail("it was closed");
  }
}
