/** The page's side of the worker: the same calls as promises, so that the page never freezes. */

import { Calls } from "./calls.js";
import type { Landmarks } from "./crop.js";
import { RuntimeError } from "./errors.js";
import type { GivenFrame } from "./frame_reader.js";
import { Motion } from "./motion.js";
import type { Picture } from "./picture.js";
import type { RetargetOptions } from "./retarget.js";
import type { SpeechOptions } from "./speech_motion.js";
import type { Voice } from "./voice.js";
import { wasmFiles } from "./wasm_files.js";
import type { DriverLandmarks, EnrolledFace, WorkerCalls, WorkerFaceChoice, WorkerFrame, WorkerOptions, WorkerSpeech } from "./worker_protocol.js";

export { Motion };
export type { EnrolledFace, WorkerFaceChoice, WorkerFrame, WorkerOptions, WorkerSpeech } from "./worker_protocol.js";

/** The worker broke down; make a new one. */
export class WorkerCrash extends RuntimeError {}

const NO_THREADS =
  "monalive: there is no SharedArrayBuffer here, so each network runs on one thread, which is slower. Serve the page with the headers " +
  "Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.";

/** A `PhotoAnimator` in a worker, so that the page stays quick while frames are made. */
export class AnimatorWorker {
  readonly #calls: Calls<WorkerCalls>;

  #threads = false;

  private constructor(worker: Worker) {
    this.#calls = new Calls(worker, (reason) => new WorkerCrash(`the animator stopped: ${reason}`));
  }

  /**
   * Starts a worker and loads the models in it; once more where it breaks down, as over a network a script may be broken off.
   * @throws WorkerCrash it cannot be started, or the models cannot be loaded.
   */
  static create(options: WorkerOptions): Promise<AnimatorWorker> {
    return AnimatorWorker.#created(options).catch((error: unknown) => {
      if (error instanceof WorkerCrash) return AnimatorWorker.#created(options);
      throw error;
    });
  }

  static async #created({ workerUrl, wasmUrl, ...settings }: WorkerOptions): Promise<AnimatorWorker> {
    // Bundlers look for the second form, as it is, and take the worker along.
    const worker = workerUrl ? new Worker(workerUrl) : new Worker(new URL("./worker.js", import.meta.url));
    const client = new AnimatorWorker(worker);
    try {
      const { threads } = await client.#calls.ask("open", { ...settings, wasm: wasmFiles(wasmUrl) });
      client.#threads = threads;
      if (!threads) console.info(NO_THREADS);
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** Whether networks may use several threads: only where the page is cross-origin isolated. */
  get threads(): boolean {
    return this.#threads;
  }

  /** Whether the worker broke down. */
  get crashed(): boolean {
    return this.#calls.crashed;
  }

  /**
   * The landmarks of a photo's faces, from left to right: the numbers that `enroll` takes.
   * @throws ValueError no face in the photo.
   */
  faces(photo: Picture): Promise<Landmarks[]> {
    return this.#calls.ask("faces", photo);
  }

  /**
   * Makes the portrait that is animated from now on.
   * @param others further photos of the same person, which lend their eyes and mouths; not where `face` is "all".
   * @throws ValueError no face in a photo, or not the one asked for; another `consent`.
   */
  enroll(photo: Picture, consent?: string, face: WorkerFaceChoice = "largest", others: readonly Picture[] = []): Promise<EnrolledFace> {
    return this.#calls.ask("enroll", { photo, consent, face, others });
  }

  /** Begins to take the motion off a video: `read` each of its frames, then ask for what was `taken`. */
  take(): Promise<void> {
    return this.#calls.ask("take", undefined);
  }

  /**
   * Looks for the face in the video's next frame, which is handed over.
   * @returns whether it was found.
   * @throws ValueError time that does not move forward, or a frame of another size.
   */
  read(frame: GivenFrame, timestampMs: number): Promise<boolean> {
    return this.#calls.ask("read", { frame, timestampMs }, [frame]);
  }

  /** @throws ValueError no face was found in any frame. */
  async taken(name = ""): Promise<Motion> {
    return new Motion(await this.#calls.ask("taken", name));
  }

  /**
   * Begins to make the motion of somebody who says what is heard: `hear` until all of it was, then ask for what is `spoken`.
   * @returns whether any speech is heard; if not, the mouth stays shut.
   * @throws ValueError files or options that cannot be used.
   */
  listen(voice: Voice, speech: WorkerSpeech, options: SpeechOptions = {}): Promise<boolean> {
    return this.#calls.ask("listen", { samples: voice.samples, speech, options });
  }

  /** Hears the next second or so; the share of the sound that was heard, 1 at its end. */
  hear(): Promise<number> {
    return this.#calls.ask("hear", undefined);
  }

  /** @throws ValueError an expression, region or gain that does not exist. */
  async spoken(): Promise<Motion> {
    return new Motion(await this.#calls.ask("spoken", undefined));
  }

  /**
   * Begins with a driver of given landmarks (what a motion's first take is counted from), in frames of `size`: width, height.
   * @param smooth as in the options by default; off for motions that speak.
   */
  start(landmarks: Landmarks, size: readonly [number, number], smooth?: boolean): Promise<void> {
    return this.#calls.ask("start", { landmarks, size, smooth });
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

  /** Changes how much of the driver's motion is taken over, from the next frame on. */
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
