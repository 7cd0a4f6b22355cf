/** A driver's video, played in the page beside what it drives. */

import type { Along } from "./drivers.js";
import type { DriverPicture } from "./views.js";

export class Film implements Along {
  readonly video = document.createElement("video");
  #rounds = 0;
  #last = 0;

  private constructor(readonly file: Blob) {
    this.video.src = URL.createObjectURL(file);
    this.video.playsInline = this.video.loop = true;
  }

  /** Opens a video; undefined: the browser plays none like it. */
  static async open(file: Blob): Promise<Film | undefined> {
    const film = new Film(file);
    const plays = await new Promise<boolean>((resolve) => {
      film.video.addEventListener("loadeddata", () => resolve(true), { once: true });
      film.video.addEventListener("error", () => resolve(false), { once: true });
      film.video.load();
    });
    if (plays) return film;
    film.close();
    return undefined;
  }

  /** Plays it from its start; without sound where the browser allows none yet. */
  async start(): Promise<void> {
    this.#rounds = this.#last = 0;
    this.video.currentTime = 0;
    await this.video.play().catch(async () => {
      this.video.muted = true;
      await this.video.play().catch(() => {});
    });
  }

  stop(): void {
    this.video.pause();
  }

  /** How long it has been playing, whole rounds of `durationMs` included. */
  elapsedMs(durationMs: number): number {
    const now = this.video.currentTime * 1000;
    if (now < this.#last - durationMs / 2) this.#rounds++;
    this.#last = now;
    return this.#rounds * durationMs + Math.min(now, durationMs - 1);
  }

  picture(): DriverPicture {
    return { image: this.video, width: this.video.videoWidth, height: this.video.videoHeight, mirror: false };
  }

  close(): void {
    this.video.pause();
    URL.revokeObjectURL(this.video.src);
    this.video.removeAttribute("src");
  }
}
