/** Who is animated: a photo, which of its faces, and whose face the user says it is. */

import type { Landmarks } from "../../../bindings/web/src/crop.js";
import type { Picture } from "../../../bindings/web/src/picture.js";
import type { WorkerFaceChoice } from "../../../bindings/web/src/worker_client.js";
import { element, say } from "./dom.js";
import type { Engine } from "./engine.js";
import { FacePicker, largestFace } from "./face_picker.js";
import { sha256 } from "./machine.js";
import { loadPhoto, type LoadedPhoto } from "./photo.js";
import type { Stage } from "./stage.js";

interface Chosen extends LoadedPhoto {
  readonly hash: string;
  readonly faces: readonly Landmarks[];
  /** Further photos of the same person. */
  readonly others: readonly Picture[];
}

export class Subject {
  readonly #picker = new FacePicker(element("faces"), (face) => {
    this.#face = face;
    this.changed();
  });
  #chosen: Chosen | undefined;
  #face: WorkerFaceChoice = "largest";
  #consent = "";
  #speaks = false;
  #taken = 0;

  /**
   * @param engine as soon as it is there.
   * @param changed called when the user answers, or chooses another face: animate it then.
   */
  constructor(readonly engine: Promise<Engine>, readonly stage: Stage, readonly changed: () => void) {
    for (const button of this.#answers) {
      button.addEventListener("click", () => {
        this.#consent = button.value;
        this.#showAnswer();
        changed();
      });
    }
  }

  /** As stated; empty: nobody has said yet. */
  get consent(): string {
    return this.#consent;
  }

  /** sha256 of the photo's file. */
  get hash(): string {
    return this.#chosen?.hash ?? "";
  }

  /**
   * Says whether what plays puts words into somebody's mouth. Whoever has said whose face it is is asked again for each sound:
   * to be moved is less than to speak.
   */
  setSpeaking(speaks: boolean): void {
    if (speaks) this.#consent = "";
    this.#speaks = speaks;
    this.#showAnswer();
  }

  /** Whether there is a photo whose face the user has spoken for. */
  get ready(): boolean {
    return this.#chosen !== undefined && this.#consent !== "";
  }

  /**
   * Takes a photo: shown at once, and if it has a face, the user is asked whose it is.
   * @throws InputProblem, ValueError not a picture, or no face in it; the photo before stays.
   */
  async take(file: Blob, name: string): Promise<void> {
    const mine = ++this.#taken;
    say(`Opening ${name}…`);
    const photo = await loadPhoto(file, name), hash = await sha256(file), before = this.stage.photo;
    if (mine !== this.#taken) return;
    const engine = await this.#shown(photo);
    let faces: Landmarks[];
    try {
      faces = await engine.faces(photo.picture);
    } catch (error) {
      if (mine !== this.#taken) return;
      this.stage.photo = before;
      if (before) this.stage.showStill(before);
      document.body.classList.toggle("empty", !before);
      if (this.#chosen) this.#picker.offer(this.#chosen.faces, this.#chosen.picture, this.#face);
      if (this.#consent) engine.pause(false);
      throw error;
    }
    if (mine !== this.#taken) return;
    this.#chosen = { ...photo, hash, faces, others: [] };
    element<HTMLInputElement>("more-photos").disabled = false;
    this.#face = largestFace(faces);
    this.#picker.offer(faces, photo.picture, this.#face);
    this.#consent = ""; // what was said holds for the photo it was said of
    this.#showAnswer();
    const several = faces.length > 1 ? ` It shows ${faces.length} faces: choose one in the picture, or all.` : "";
    say(`${photo.remark}${several} Say whose face it is, and it comes to life.`.trim());
  }

  /**
   * Takes further photos of the same person, which lend their eyes and mouths; what the user said holds for them, too.
   * @throws InputProblem, ValueError one is not a picture, or shows no face; then none is taken.
   */
  async add(files: readonly File[]): Promise<void> {
    const chosen = this.#chosen, engine = await this.engine, added: Picture[] = [];
    if (!chosen) return;
    for (const file of files) {
      say(`Looking for the face in ${file.name}…`);
      const { picture } = await loadPhoto(file, file.name);
      await engine.faces(picture);
      added.push(picture);
    }
    if (chosen !== this.#chosen) return;
    this.#chosen = { ...chosen, others: [...chosen.others, ...added] };
    this.#added();
    if (this.#consent) this.changed();
  }

  #added(): void {
    const count = this.#chosen?.others.length ?? 0;
    if (count) say(`${count + 1} photos of one person: this one moves, the others lend it their eyes and mouths.`);
  }

  /** Makes the portrait. */
  async enroll(): Promise<void> {
    if (!this.#chosen || !this.#consent) return;
    const engine = await this.engine;
    say("Preparing the photo…");
    const { picture, remark, others } = this.#chosen;
    await engine.enroll(picture, this.#consent, this.#face, others);
    say(remark);
    this.#added();
  }

  async #shown({ picture }: LoadedPhoto): Promise<Engine> {
    this.stage.photo = picture;
    this.stage.showStill(picture);
    document.body.classList.remove("empty");
    this.#picker.hide();
    say("Looking for the face…");
    const engine = await this.engine;
    engine.pause(true);
    this.stage.showStill(picture);
    return engine;
  }

  #showAnswer(): void {
    for (const button of this.#answers) button.ariaPressed = String(button.value === this.#consent);
    element("moves").hidden = this.#speaks;
    element("speaks").hidden = !this.#speaks;
    element("consent").classList.toggle("asked", !this.#consent && this.#chosen !== undefined);
  }

  get #answers(): NodeListOf<HTMLButtonElement> {
    return element("consent").querySelectorAll<HTMLButtonElement>("button");
  }
}
