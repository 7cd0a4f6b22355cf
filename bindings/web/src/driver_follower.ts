/** Follows the one face of a video that drives: the Python SDK's `DriverFollower`. */

import { type DriverFace, DriverRule } from "./driver_rule.js";
import type { Picture } from "./picture.js";
import { PictureChange } from "./picture_change.js";
import { type Face, type FaceTracker, withoutRepeats } from "./tracker.js";

/** While another face may still become the driver, only every so many frames are searched for more. */
const SEARCH_EVERY = 5;
/** A cut changes so much of the picture at once; whoever steps in front of the driver changes less. */
const CUT_SHARE = 0.35;
/** While the driver is not in sight, only every so many frames get the thorough search of a still. */
const THOROUGH_EVERY = 15;

/** Finds the driver's face in the frames of a video and stays with it; after a cut it chooses anew. One call at a time. */
export class DriverFollower {
  #rule: DriverRule;
  #change = new PictureChange();
  #cut = false; // since the driver was last in sight
  #chosenAnew = false;
  #otherPicture = false;
  #size = "";
  #frame = 0;
  #lost = 0;

  /**
   * @param tracker its `numFaces` is how many faces may come into question.
   * @throws ValueError no such `which`.
   */
  constructor(readonly tracker: FaceTracker, readonly which: DriverFace = "auto") {
    this.#rule = new DriverRule(which);
  }

  /** Whether another face drives since the last frame, so that motion has to be counted from it anew. */
  get changed(): boolean {
    return this.#rule.changed || this.#chosenAnew;
  }

  /** Whether the last frame's picture was another one than the frame's before it, all at once. */
  get otherPicture(): boolean {
    return this.#otherPicture;
  }

  /** Forgets the video, so that another may begin. */
  reset(): void {
    this.#change = new PictureChange();
    this.#begin();
  }

  #begin(): void {
    this.#rule = new DriverRule(this.which);
    this.#cut = this.#chosenAnew = false;
    this.#size = "";
    this.#frame = this.#lost = 0;
  }

  /**
   * The driver's face in the next frame; undefined: it is not in sight, and no other face takes its place.
   * @throws ValueError not a picture, or a tiny one.
   */
  async track(picture: Picture, timestampMs: number): Promise<Face | undefined> {
    const size = `${picture.width} x ${picture.height}`;
    if (size !== this.#size) {
      this.#begin();
      this.#size = size;
    }
    this.#otherPicture = this.#change.becomesAnother(picture);
    this.#cut ||= this.#otherPicture && this.#change.share > CUT_SHARE;
    let faces = await this.tracker.lookAt(picture, this.#rule.places);
    let inSight = faces.some(({ landmarks }) => this.#rule.recognises(landmarks));
    if (!inSight || (this.#rule.isOpen(timestampMs) && this.#frame % SEARCH_EVERY === 0)) {
      const found = await this.tracker.search(picture, !inSight && this.#lost % THOROUGH_EVERY === 0, faces);
      faces = withoutRepeats([...faces, ...found]);
      inSight = faces.some(({ landmarks }) => this.#rule.recognises(landmarks));
    }
    this.#chosenAnew = this.#cut && !inSight && faces.length > 0 && this.#rule.hasDriver;
    if (this.#chosenAnew) this.#rule = new DriverRule(this.which);
    const driver = this.#rule.drive(faces.map(({ landmarks }) => landmarks), timestampMs, picture.width, picture.height);
    this.#frame++;
    this.#lost = driver === undefined ? this.#lost + 1 : 0;
    this.#cut &&= driver === undefined;
    return driver === undefined ? undefined : faces[driver];
  }
}
