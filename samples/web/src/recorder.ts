/** Records what the canvas shows. */

import { InputProblem } from "./problems.js";

const TYPES = ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm", "video/mp4"];
const BITS_PER_SECOND = 6_000_000;

export class Recorder {
  readonly #recorder: MediaRecorder;
  readonly #parts: Blob[] = [];

  /** @throws InputProblem this browser records no video. */
  constructor(canvas: HTMLCanvasElement) {
    const type = typeof MediaRecorder === "undefined" ? undefined : TYPES.find((each) => MediaRecorder.isTypeSupported(each));
    if (!type) throw new InputProblem("This browser cannot record videos. Use a current Chrome, Edge, Firefox or Safari.");
    this.#recorder = new MediaRecorder(canvas.captureStream(), { mimeType: type, videoBitsPerSecond: BITS_PER_SECOND });
    this.#recorder.ondataavailable = ({ data }) => this.#parts.push(data);
    this.#recorder.start(1000);
  }

  /** Nothing is recorded while the page is hidden. */
  hold(held: boolean): void {
    if (held && this.#recorder.state === "recording") this.#recorder.pause();
    if (!held && this.#recorder.state === "paused") this.#recorder.resume();
  }

  /**
   * Ends the recording; the whole video.
   * @throws InputProblem it failed, or the picture did not move in the meantime.
   */
  stop(): Promise<Blob> {
    return new Promise((resolve, reject) => {
      this.#recorder.onstop = () => {
        const video = new Blob(this.#parts, { type: this.#recorder.mimeType });
        if (video.size) resolve(video);
        else reject(new InputProblem("Nothing was recorded: the picture did not move. Let it play, and record again."));
      };
      this.#recorder.onerror = () => reject(new InputProblem("The recording failed."));
      this.#recorder.stop();
    });
  }
}
