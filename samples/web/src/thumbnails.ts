/** Small drawings of the built-in motions, which move while one looks at them. */

import type { Motion } from "../../../bindings/web/src/worker_client.js";
import { drawFace, type Frame, frameAround } from "./face_drawing.js";
import { momentAt } from "./playback.js";

const SIDE = 96;

export class Thumbnail {
  readonly canvas = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE, ariaHidden: "true" });
  readonly #context = this.canvas.getContext("2d")!;
  #motion: Motion | undefined;
  #frame: Frame | undefined;
  #moving = 0;

  /** @param choice moves it while the pointer is over it, or the focus in it. */
  constructor(choice: HTMLElement) {
    const still = matchMedia("(prefers-reduced-motion: reduce)");
    for (const begin of ["pointerenter", "focusin"]) choice.addEventListener(begin, () => still.matches || this.#move());
    for (const end of ["pointerleave", "focusout"]) choice.addEventListener(end, () => this.rest());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.rest());
  }

  /** Draws the motion's most telling face. */
  show(motion: Motion): void {
    this.#motion = motion;
    this.#frame = frameAround(motion.landmarks);
    this.rest();
  }

  #move(): void {
    const began = performance.now(), mine = ++this.#moving;
    const draw = (): void => {
      if (mine !== this.#moving || !this.#motion) return;
      this.#draw(performance.now() - began);
      requestAnimationFrame(draw);
    };
    draw();
  }

  /** Draws it still, in the colour that its text has now. */
  rest(): void {
    this.#moving++;
    if (this.#motion) this.#draw(farthestMs(this.#motion));
  }

  #draw(elapsedMs: number): void {
    this.#context.clearRect(0, 0, SIDE, SIDE);
    const { landmarks } = momentAt(this.#motion!, "loop", elapsedMs);
    drawFace(this.#context, landmarks, this.#frame!, getComputedStyle(this.canvas).color, { x: 2, y: 2, side: SIDE - 4 });
  }
}

/** When the face is farthest from where it begins. */
function farthestMs({ landmarks, timestampsMs }: Motion): number {
  const rest = landmarks[0]!;
  const away = landmarks.map((face) => face.reduce((sum, value, i) => (i % 3 < 2 ? sum + (value - rest[i]!) ** 2 : sum), 0));
  return timestampsMs[away.indexOf(Math.max(...away))]!;
}
