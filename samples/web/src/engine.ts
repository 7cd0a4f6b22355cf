/** Keeps an animator running: starts it, plays a source on it, and starts it anew when it breaks down. */

import {
  AnimatorWorker, type EnrolledFace, WorkerCrash, type WorkerFaceChoice, type WorkerFrame, type WorkerOptions,
} from "../../../bindings/web/src/worker_client.js";
import type { Landmarks } from "../../../bindings/web/src/crop.js";
import type { Picture } from "../../../bindings/web/src/picture.js";
import type { RetargetOptions } from "../../../bindings/web/src/retarget.js";
import { Turns } from "../../../bindings/web/src/turns.js";
import type { Source } from "./sources.js";

/** So many breakdowns in a row, with no frame between them, and it is given up. */
const MOST_CRASHES = 3;
export interface EngineEvents {
  frame(frame: WorkerFrame): void;
  /** It broke down; it runs again if `again`. */
  crash(again: boolean): void;
  /** A source failed with a message for the user. */
  failed(error: Error): void;
}

export class Engine {
  #animator: AnimatorWorker | undefined;
  #photo: { picture: Picture; consent: string; face: WorkerFaceChoice; others: readonly Picture[] } | undefined;
  #gains: Pick<RetargetOptions, "gains"> = {};
  #source: Source | undefined;
  #round = 0;
  readonly #runs = new Turns();
  #crashes = 0;
  #paused = false;
  #marked = false;

  constructor(readonly options: WorkerOptions, readonly events: EngineEvents) {}

  /** @throws WorkerCrash the models cannot be loaded. */
  async open(): Promise<void> {
    this.#animator = await AnimatorWorker.create(this.options);
  }

  /**
   * The faces of a photo, from left to right.
   * @throws ValueError there is none.
   */
  faces(picture: Picture): Promise<Landmarks[]> {
    return this.#ready().faces(picture);
  }

  /**
   * @param others further photos of the same person, which lend their eyes and mouths.
   * @throws ValueError no such face in a photo; the one before stays.
   */
  async enroll(picture: Picture, consent: string, face: WorkerFaceChoice, others: readonly Picture[]): Promise<EnrolledFace> {
    this.#stop();
    const enrolled = await this.#ready().enroll(picture, consent, face, others);
    this.#photo = { picture, consent, face, others };
    return enrolled;
  }

  /**
   * Does work that needs the animator alone; what plays waits meanwhile.
   * @throws what `work` throws.
   */
  async alone<T>(work: (animator: AnimatorWorker) => Promise<T>): Promise<T> {
    const wasPaused = this.#paused;
    this.pause(true);
    try {
      return await this.#runs.take(() => work(this.#ready()));
    } catch (error) {
      if (error instanceof WorkerCrash) await this.#restart(this.#round);
      throw error;
    } finally {
      this.pause(wasPaused);
    }
  }

  get photo(): Picture | undefined {
    return this.#photo?.picture;
  }

  /** Which of the photo's faces moves. */
  get face(): WorkerFaceChoice | undefined {
    return this.#photo?.face;
  }

  get source(): Source | undefined {
    return this.#source;
  }

  get sourceName(): string {
    return this.#source?.name ?? "";
  }

  /** Plays a source until another one, or `stop`; the source before is ended. */
  play(source: Source): void {
    if (this.#source !== source) this.#source?.end();
    this.#source = source;
    const round = ++this.#round;
    // In turn: a frame that the source before still asks for must not come between this one's start and its first frame.
    void this.#runs.take(() => this.#run(source, round));
  }

  /** Plays the source again that was playing, from its start. */
  again(): void {
    if (this.#source) this.play(this.#source);
  }

  pause(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (paused) this.#stop();
    else this.again();
  }

  get paused(): boolean {
    return this.#paused;
  }

  async setGains(gains: Pick<RetargetOptions, "gains">): Promise<void> {
    this.#gains = gains;
    await this.#animator?.setGains(gains).catch(() => {}); // a breakdown is told where frames are made
  }

  /** Counts the camera's motion from its next face on. */
  async reanchor(): Promise<void> {
    await this.#animator?.reanchor().catch(() => {});
  }

  /** Whether frames carry the mark that `monalive verify` finds; resolves once those that follow do. */
  async setMarked(marked: boolean): Promise<void> {
    this.#marked = marked;
    await this.#animator?.setMarked(marked).catch(() => {});
  }

  /** Ends the worker as a breakdown would, for tests. */
  crash(): void {
    this.#animator?.close();
  }

  #stop(): void {
    this.#round++;
    this.#source?.rest();
  }

  #ready(): AnimatorWorker {
    if (!this.#animator) throw new WorkerCrash("the animator is not running; reload the page");
    return this.#animator;
  }

  async #run(source: Source, round: number): Promise<void> {
    const current = (): boolean => round === this.#round && !this.#paused;
    try {
      if (!this.#photo || !current()) return;
      await source.begin(this.#ready());
      const coming: Promise<unknown>[] = [];
      while (current()) {
        const { frame } = await source.ask(this.#ready());
        const shown = frame.then((made) => current() && this.#show(made));
        shown.catch(() => {}); // looked at below, in its turn
        if (coming.push(shown) === source.ahead) await coming.shift();
      }
    } catch (error) {
      if (!current()) return;
      if (error instanceof WorkerCrash) await this.#restart(round);
      else this.events.failed(error as Error);
    }
  }

  #show(frame: WorkerFrame): void {
    this.#crashes = 0;
    this.events.frame(frame);
  }

  async #restart(round: number): Promise<void> {
    const again = ++this.#crashes < MOST_CRASHES;
    this.events.crash(again);
    if (!again) return;
    try {
      await this.open();
      const { picture, consent, face, others } = this.#photo ?? {};
      if (picture) await this.#ready().enroll(picture, consent, face, others);
      await this.#ready().setGains(this.#gains);
      await this.#ready().setMarked(this.#marked);
    } catch (error) {
      this.events.failed(error as Error);
      return;
    }
    if (round === this.#round) this.again();
  }
}
