/** The page's side of the worker: the same calls as promises, so that the page never freezes. */

import { RuntimeError, ValueError } from "./errors.js";
import type { CallName, EnrolledFace, Reply, WorkerCalls, WorkerFrame, WorkerOptions } from "./worker_protocol.js";
import type { Landmarks } from "./crop.js";
import type { Picture } from "./picture.js";
import type { RetargetOptions } from "./retarget.js";

export { Motion } from "./motion.js";
export type { EnrolledFace, WorkerFrame, WorkerOptions } from "./worker_protocol.js";

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** The worker broke down; make a new one. */
export class WorkerCrash extends RuntimeError {}

export class AnimatorWorker {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #crash: WorkerCrash | undefined;
  #count = 0;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#take(data);
    worker.onerror = (event) => this.#fail(event.message || "its script could not be loaded");
    worker.onmessageerror = () => this.#fail("a message could not be read");
  }

  /**
   * Starts a worker and loads the models in it.
   * @param workerUrl of the built `worker.js`.
   * @throws WorkerCrash it cannot be started, or the models cannot be loaded.
   */
  static async create(workerUrl: string | URL, options: WorkerOptions): Promise<AnimatorWorker> {
    const client = new AnimatorWorker(new Worker(workerUrl));
    try {
      await client.#call("open", options);
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** Whether the worker broke down. */
  get crashed(): boolean {
    return this.#crash !== undefined;
  }

  /** @throws ValueError no face in the photo, another `consent`. */
  enroll(photo: Picture, consent?: string): Promise<EnrolledFace> {
    return this.#call("enroll", { photo, consent });
  }

  /** Begins with a driver of given landmarks (a motion's first frame), in frames of `size`: width, height. */
  start(landmarks: Landmarks, size: readonly [number, number]): Promise<void> {
    return this.#call("start", { landmarks, size });
  }

  /** One frame of that driver. */
  step(landmarks: Landmarks, timestampMs: number): Promise<WorkerFrame> {
    return this.#call("step", { landmarks, timestampMs });
  }

  /** One frame of a camera or video, which is handed over; `mirror`: as in a mirror. */
  follow(frame: ImageBitmap, timestampMs: number, mirror = false): Promise<WorkerFrame> {
    return this.#call("follow", { frame, timestampMs, mirror }, [frame]);
  }

  setGains(options: Pick<RetargetOptions, "regions" | "gains">): Promise<void> {
    return this.#call("setGains", options);
  }

  /** Whether frames carry the pixel mark from now on, as those must that are kept. */
  setMarked(marked: boolean): Promise<void> {
    return this.#call("setMarked", marked);
  }

  /** Forgets the driver. */
  reset(): Promise<void> {
    return this.#call("reset", undefined);
  }

  /** Ends the worker; what is still asked of it fails. */
  close(): void {
    this.#fail("it was closed");
  }

  #call<Name extends CallName>(call: Name, argument: WorkerCalls[Name][0], transfer: Transferable[] = []): Promise<WorkerCalls[Name][1]> {
    if (this.#crash) return Promise.reject(this.#crash);
    return new Promise((resolve, reject) => {
      const id = this.#count++;
      this.#pending.set(id, { resolve: resolve as Pending["resolve"], reject });
      this.#worker.postMessage({ id, call, argument }, transfer);
    });
  }

  #take(reply: Reply): void {
    const waiting = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if ("result" in reply) return waiting?.resolve(reply.result);
    const { name, message, fatal } = reply.error;
    waiting?.reject(fatal ? new WorkerCrash(message) : name === "ValueError" ? new ValueError(message) : new RuntimeError(message));
    if (fatal) this.#fail(message);
  }

  #fail(reason: string): void {
    this.#crash ??= new WorkerCrash(`the animator stopped: ${reason}`);
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(this.#crash);
    this.#pending.clear();
  }
}
