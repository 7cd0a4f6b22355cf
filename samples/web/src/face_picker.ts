/** The faces of a photo, as buttons over the picture. */

import type { Landmarks } from "../../../bindings/web/src/crop.js";
import type { Picture } from "../../../bindings/web/src/picture.js";
import type { WorkerFaceChoice } from "../../../bindings/web/src/worker_client.js";
import { frameAround } from "./face_drawing.js";

export class FacePicker {
  /** @param chosen called when the user chooses another face, or all. */
  constructor(readonly list: HTMLElement, readonly chosen: (face: WorkerFaceChoice) => void) {}

  /** Offers the faces of a photo if there are several. */
  offer(faces: readonly Landmarks[], { width, height }: Picture, current: WorkerFaceChoice): void {
    this.hide();
    if (faces.length < 2) return;
    faces.forEach((face, index) => {
      const { x, y, side } = frameAround([face]), button = this.#button(index, `Face ${index + 1} of ${faces.length}`);
      button.className = "face";
      const share = (length: number, of: number): string => `${(100 * length) / of}%`;
      Object.assign(button.style, { left: share(x, width), top: share(y, height), width: share(side, width), height: share(side, height) });
    });
    this.#button("all", "All faces").textContent = "All faces";
    this.#mark(current);
    this.list.hidden = false;
  }

  hide(): void {
    this.list.hidden = true;
    this.list.replaceChildren();
  }

  #button(face: WorkerFaceChoice, label: string): HTMLButtonElement {
    const button = Object.assign(document.createElement("button"), { type: "button", value: `${face}`, ariaLabel: label });
    button.addEventListener("click", () => {
      this.#mark(face);
      this.chosen(face);
    });
    this.list.append(button);
    return button;
  }

  #mark(face: WorkerFaceChoice): void {
    for (const button of this.list.querySelectorAll("button")) button.ariaPressed = String(button.value === `${face}`);
  }
}

/** The number of the largest face. */
export function largestFace(faces: readonly Landmarks[]): number {
  const sides = faces.map((face) => frameAround([face]).side);
  return sides.indexOf(Math.max(...sides));
}
