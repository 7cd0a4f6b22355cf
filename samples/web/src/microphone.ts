/** Records a voice with the microphone. */

import { InputProblem } from "./problems.js";

export class VoiceRecorder {
  readonly #parts: Blob[] = [];

  private constructor(private readonly stream: MediaStream, private readonly recorder: MediaRecorder) {
    recorder.ondataavailable = ({ data }) => this.#parts.push(data);
    recorder.start(1000);
  }

  /**
   * Asks for the microphone, and records from then on.
   * @throws InputProblem there is none, or it may not be used.
   */
  static async open(): Promise<VoiceRecorder> {
    const devices = navigator.mediaDevices as MediaDevices | undefined;
    if (!devices) throw new InputProblem("Microphones work only on pages opened at localhost or over HTTPS.");
    if (typeof MediaRecorder === "undefined") throw new InputProblem("This browser cannot record sound. Open a sound file instead.");
    try {
      const stream = await devices.getUserMedia({ audio: true });
      return new VoiceRecorder(stream, new MediaRecorder(stream));
    } catch (error) {
      throw new InputProblem(problem(error instanceof Error ? error.name : ""));
    }
  }

  /** Ends the recording, and lets go of the microphone; what was recorded. */
  async stop(): Promise<Blob> {
    const { recorder } = this;
    if (recorder.state !== "inactive") {
      await new Promise((resolve) => {
        recorder.onstop = resolve;
        recorder.stop();
      });
    }
    for (const track of this.stream.getTracks()) track.stop();
    return new Blob(this.#parts, { type: recorder.mimeType });
  }
}

function problem(name: string): string {
  if (name === "NotAllowedError") return "The microphone was refused. Allow it in the browser's address bar, then press the button again.";
  if (name === "NotFoundError") return "No microphone was found. Connect one, or open a sound file.";
  return `The microphone cannot be used (${name || "unknown reason"}).`;
}
