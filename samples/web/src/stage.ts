/** The picture: shows frames in the view that is chosen, with the badge, and counts them. */

import type { Picture } from "../../../bindings/web/src/picture.js";
import { drawBadge } from "./ai_made.js";
import { Composition, type DriverPicture, type View } from "./views.js";

export class Stage {
  readonly #context: CanvasRenderingContext2D;
  readonly #composition = new Composition();
  #times: number[] = [];
  #last: { picture: Picture; driver: DriverPicture | undefined } | undefined;
  #aspect = "";
  /** The photo as it was, for views beside it. */
  photo: Picture | undefined;
  view: View = "result";
  badge = true;
  /** Moving frames shown so far. */
  frames = 0;

  constructor(readonly canvas: HTMLCanvasElement) {
    this.#context = canvas.getContext("2d")!;
  }

  /** A photo that does not move (yet). */
  showStill(picture: Picture): void {
    this.#last = { picture, driver: undefined };
    this.again();
  }

  /** A frame, and how the driver looked. */
  show(picture: Picture, driver: DriverPicture | undefined): void {
    this.#last = { picture, driver };
    this.again();
    this.frames++;
    this.#times.push(performance.now());
  }

  /** Shows the last picture anew, after badge or view were switched. */
  again(): void {
    if (!this.#last) return;
    this.#composition.draw(this.#context, this.view, this.#last.picture, this.photo, this.#last.driver);
    if (this.badge) drawBadge(this.#context);
    const { width, height, parentElement } = this.canvas, aspect = `${width / height}`;
    if (aspect !== this.#aspect) parentElement!.style.setProperty("--aspect", (this.#aspect = aspect));
  }

  /** Frames per second over the last two seconds. */
  get rate(): number {
    const now = performance.now();
    this.#times = this.#times.filter((time) => time > now - 2000);
    return this.#times.length < 2 ? 0 : ((this.#times.length - 1) * 1000) / (this.#times.at(-1)! - this.#times[0]!);
  }
}
