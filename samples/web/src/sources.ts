/** What moves the photo: a driver's motion, the sliders, or the camera. */

import type { Landmarks } from "../../../bindings/web/src/crop.js";
import type { AnimatorWorker, WorkerFrame } from "../../../bindings/web/src/worker_client.js";
import { type Along, type Driver, driverPicture } from "./drivers.js";
import { frameAround } from "./face_drawing.js";
import type { HandDriver } from "./hand.js";
import { InputProblem } from "./problems.js";
import { begin, momentAt, type Way } from "./playback.js";
import type { DriverPicture } from "./views.js";

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
  /** How the driver looked at the time of a frame; undefined: there is nothing to see. */
  picture(timestampMs: number): DriverPicture | undefined;
  /** It is not shown for a while; `begin` comes before the next frame. */
  rest(): void;
  end(): void;
}

const FRAME_MS = 1000 / 30;
/** A camera that gives no new picture for so long is not waited for: it must not stall the page. */
const STALLED_MS = 500;
/** The page is hidden, or its screen slow, if it draws nothing for so long. */
const SLOWEST_SCREEN_MS = 100;

/** Plays a motion over and over, or back and forth, at its own pace, in as many frames as screen and machine manage. */
export class MotionSource implements Source {
  readonly name: string;
  readonly ahead = 4;
  #began = 0;
  #lastTime = -1;
  #take = 0;
  #round = 0;
  #resting = false;

  constructor(readonly driver: Driver, readonly way: Way) {
    this.name = driver.kind;
  }

  async begin(animator: AnimatorWorker): Promise<void> {
    const { motion } = this.driver;
    this.#resting = false;
    await begin(animator, motion);
    await this.#along?.start();
    if (this.#resting) this.#along?.stop(); // meanwhile
    this.#began = performance.now();
    this.#lastTime = -1;
    this.#take = this.#round = 0;
  }

  async ask(animator: AnimatorWorker): Promise<Asked> {
    const { motion } = this.driver;
    do await nextScreen(); while (this.#elapsedMs() <= this.#lastTime && !this.#resting); // a film that was stopped stands still
    const { landmarks, timeMs, take, round } = momentAt(motion, this.way, Math.max(this.#elapsedMs(), this.#lastTime + 0.1));
    const anew = take !== this.#take;
    if (round !== this.#round && this.way === "loop" && !motion.loop) {
      await begin(animator, motion); // its end does not run into its start
    }
    this.#lastTime = timeMs;
    this.#take = take;
    this.#round = round;
    const face = anew ? { landmarks: motion.takes[take]!.reference, size: motion.imageSize } : undefined;
    return { frame: animator.step(landmarks, timeMs, face) };
  }

  picture(timestampMs: number): DriverPicture {
    return driverPicture(this.driver, this.way, timestampMs);
  }

  rest(): void {
    this.#resting = true;
    this.#along?.stop();
  }

  end(): void {
    this.rest();
  }

  /** What is played along, with its sound; nothing runs backwards. */
  get #along(): Along | undefined {
    return this.way === "loop" ? this.driver.film ?? this.driver.voice : undefined;
  }

  #elapsedMs(): number {
    return this.#along?.elapsedMs(this.driver.motion.durationMs) ?? performance.now() - this.#began;
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

  picture(): DriverPicture {
    return { face: this.driver.face(), frame: frameAround([this.driver.rest]) };
  }

  rest(): void {}

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

  picture(): DriverPicture {
    return { image: this.video, width: this.video.videoWidth, height: this.video.videoHeight, mirror: true };
  }

  rest(): void {}

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

/** Waits until the screen is about to be drawn. */
function nextScreen(): Promise<unknown> {
  return Promise.race([new Promise((resolve) => requestAnimationFrame(resolve)), pause(SLOWEST_SCREEN_MS)]);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
