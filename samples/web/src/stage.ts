/** The picture: shows frames, with the badge, and counts them. */

import type { Picture } from "../../../bindings/web/src/picture.js";
import { drawBadge } from "./ai_made.js";

export class Stage {
  readonly #context: CanvasRenderingContext2D;
  #times: number[] = [];
  #shown: Picture | undefined;
  badge = true;
  /** Moving frames shown so far. */
  frames = 0;

  constructor(readonly canvas: HTMLCanvasElement) {
    this.#context = canvas.getContext("2d")!;
  }

  show(picture: Picture, moving: boolean): void {
    const { canvas } = this;
    if (canvas.width !== picture.width || canvas.height !== picture.height) {
      canvas.width = picture.width;
      canvas.height = picture.height;
    }
    this.#context.putImageData(new ImageData(picture.data as Uint8ClampedArray<ArrayBuffer>, picture.width, picture.height), 0, 0);
    if (this.badge) drawBadge(this.#context);
    this.#shown = picture;
    if (!moving) return;
    this.frames++;
    this.#times.push(performance.now());
  }

  /** Shows the last picture anew, after the badge was switched. */
  again(): void {
    if (this.#shown) this.show(this.#shown, false);
  }

  /** Frames per second over the last two seconds. */
  get rate(): number {
    const now = performance.now();
    this.#times = this.#times.filter((time) => time > now - 2000);
    return this.#times.length < 2 ? 0 : ((this.#times.length - 1) * 1000) / (this.#times.at(-1)! - this.#times[0]!);
  }
}
