/** What moves the photo: a motion, the sliders, or the camera. */

import type { Landmarks } from "../../../bindings/web/src/crop.js";
import type { AnimatorWorker, Motion, WorkerFrame } from "../../../bindings/web/src/worker_client.js";
import type { HandDriver } from "./hand.js";
import { InputProblem } from "./photo.js";

/** A frame that the animator was asked for; wrapped, so that asking and its coming are waited for apart. */
export interface Asked {
  readonly frame: Promise<WorkerFrame>;
}

/** One driver. `ask` orders the frame that is due, and waits while none is; one call at a time. */
export interface Source {
  readonly name: string;
  /** Frames asked for and not yet there. Two are animated at once, one is pasted or shown; more even out, but come later. */
  readonly ahead: number;
  begin(animator: AnimatorWorker): Promise<void>;
  ask(animator: AnimatorWorker): Promise<Asked>;
  end(): void;
}

const FRAME_MS = 1000 / 30;
/** A camera that gives no new picture for so long is not waited for: it must not stall the page. */
const STALLED_MS = 500;

/** Plays a motion over and over, at its own pace; frames that come too late are left out. */
export class MotionSource implements Source {
  readonly name: string;
  readonly ahead = 4;
  #began = 0;
  #lastTime = -1;
  #take = 0;

  constructor(readonly motion: Motion) {
    this.name = motion.name || "motion";
  }

  async begin(animator: AnimatorWorker): Promise<void> {
    await animator.start(this.motion.takes[0]!.reference, this.motion.imageSize);
    this.#began = performance.now();
    this.#lastTime = -1;
    this.#take = 0;
  }

  async ask(animator: AnimatorWorker): Promise<Asked> {
    const { motion } = this;
    let { index, time } = this.#due();
    while (time <= this.#lastTime) {
      await pause(2);
      ({ index, time } = this.#due());
    }
    if (!motion.loop && time >= motion.durationMs) {
      await this.begin(animator); // its end does not run into its start: begin anew
      ({ index, time } = this.#due());
    }
    this.#lastTime = time;
    const take = motion.takeOf(index), anew = take !== this.#take;
    this.#take = take;
    const face = anew ? { landmarks: motion.takes[take]!.reference, size: motion.imageSize } : undefined;
    return { frame: animator.step(motion.landmarks[index]!, time, face) };
  }

  end(): void {}

  #due(): { index: number; time: number } {
    const { timestampsMs, durationMs } = this.motion;
    const elapsed = performance.now() - this.#began, round = Math.floor(elapsed / durationMs), within = elapsed - round * durationMs;
    let index = timestampsMs.length - 1;
    while (index > 0 && timestampsMs[index]! > within) index--;
    return { index, time: round * durationMs + timestampsMs[index]! };
  }
}

/** The face that the sliders make. */
export class HandSource implements Source {
  readonly name = "by hand";
  readonly ahead = 3;
  #began = 0;
  #last = -Infinity;

  constructor(readonly driver: HandDriver) {}

  async begin(animator: AnimatorWorker): Promise<void> {
    await animator.start(this.driver.rest, this.driver.imageSize);
    this.#began = performance.now();
    this.#last = -Infinity;
  }

  async ask(animator: AnimatorWorker): Promise<Asked> {
    const wait = this.#last + FRAME_MS - performance.now();
    if (wait > 0) await pause(wait);
    this.#last = performance.now();
    const face: Landmarks = this.driver.face();
    return { frame: animator.step(face, this.#last - this.#began + 1) };
  }

  end(): void {}
}

/** The face before the camera, as in a mirror. */
export class CameraSource implements Source {
  readonly name = "camera";
  readonly ahead = 3;
  #lastTime = -Infinity;
  /** Whether the camera gave a picture since the last one was taken. */
  #fresh = true;
  #arrived = (): void => {};

  private constructor(readonly video: HTMLVideoElement, readonly stream: MediaStream) {
    this.#watch();
  }

  /**
   * Asks for the camera.
   * @param ended called if the camera goes away by itself.
   * @throws InputProblem there is none, or it may not be used.
   */
  static async open(video: HTMLVideoElement, ended: () => void): Promise<CameraSource> {
    const devices = navigator.mediaDevices as MediaDevices | undefined;
    if (!devices) throw new InputProblem("Cameras work only on pages opened at localhost or over HTTPS.");
    let stream: MediaStream;
    try {
      stream = await devices.getUserMedia({ video: { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: "user" }, audio: false });
    } catch (error) {
      throw new InputProblem(cameraProblem(error instanceof Error ? error.name : ""));
    }
    stream.getVideoTracks()[0]?.addEventListener("ended", ended);
    video.srcObject = stream;
    video.hidden = false;
    await video.play();
    return new CameraSource(video, stream);
  }

  async begin(animator: AnimatorWorker): Promise<void> {
    await animator.reset();
    this.#lastTime = -Infinity;
  }

  async ask(animator: AnimatorWorker): Promise<Asked> {
    if (!this.#fresh) await Promise.race([new Promise<void>((resolve) => (this.#arrived = resolve)), pause(STALLED_MS)]);
    this.#fresh = false;
    const time = Math.max(performance.now(), this.#lastTime + 0.1);
    this.#lastTime = time;
    const frame = typeof VideoFrame === "undefined" ? await createImageBitmap(this.video) : new VideoFrame(this.video);
    return { frame: animator.follow(frame, time, true) };
  }

  #watch(): void {
    this.video.requestVideoFrameCallback(() => {
      this.#fresh = true;
      this.#arrived();
      if (this.stream.active) this.#watch();
    });
  }

  end(): void {
    this.#arrived(); // nobody waits for its next picture any more
    for (const track of this.stream.getTracks()) track.stop();
    this.video.srcObject = null;
    this.video.hidden = true;
  }
}

function cameraProblem(name: string): string {
  if (name === "NotAllowedError") return "The camera was refused. Allow it in the browser's address bar, then press the button again.";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "No camera was found. Connect one, then press the button again.";
  if (name === "NotReadableError") return "The camera cannot be used: another program may hold it.";
  return `The camera cannot be used (${name || "unknown reason"}).`;
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
