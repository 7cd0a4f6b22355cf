/** Takes the motion of one face off a video's frames, as the Python SDK's `Motion.from_frames`. */

import type { Landmarks } from "./crop.js";
import { CutFinder } from "./cut_finder.js";
import { DriverFollower } from "./driver_follower.js";
import { ValueError } from "./errors.js";
import { FIRST_SECONDS_MS, Motion, type Take } from "./motion.js";
import { faceMeasures, mostNeutral } from "./neutral_face.js";
import type { Picture } from "./picture.js";

interface SeenFrame {
  readonly timeMs: number;
  /** Undefined where no face was found. */
  readonly landmarks: Landmarks | undefined;
  /** Whether there is a cut between the face before and this one. */
  readonly cut: boolean;
}

/** Call `add` with every frame, in order, then `motion`. Of each frame about 6 kB are kept. */
export class MotionTaker {
  readonly #cuts = new CutFinder();
  readonly #frames: SeenFrame[] = [];
  #size: readonly [number, number] | undefined;

  /** @param follower finds the face that drives; it must be new. */
  constructor(readonly follower: DriverFollower) {}

  /**
   * Looks for the face in the next frame.
   * @returns whether it was found.
   * @throws ValueError not a picture, or one of another size than those before.
   */
  async add(picture: Picture, timeMs: number): Promise<boolean> {
    const size = [picture.width, picture.height] as const, before = (this.#size ??= size);
    if (size[0] !== before[0] || size[1] !== before[1]) {
      throw new ValueError(`the frames change their size from ${before.join(" x ")} to ${size.join(" x ")}; convert the video to one size`);
    }
    const face = await this.follower.track(picture, timeMs), { otherPicture, changed } = this.follower;
    const cut = this.#cuts.find(face?.landmarks, timeMs, otherPicture, changed);
    this.#frames.push({ timeMs, landmarks: face?.landmarks, cut });
    return face !== undefined;
  }

  /**
   * Frames without a face hold what was found last, those before the first face that one. Motion is counted from the most neutral
   * face of the first three seconds, after a cut anew.
   * @throws ValueError there were no frames, or there was no face in any of them.
   */
  motion(name = ""): Motion {
    const frames = this.#frames, first = frames.find(({ landmarks }) => landmarks)?.landmarks;
    if (!this.#size) throw new ValueError("there are no frames to take a motion from");
    if (!first) throw new ValueError(`no face was found in any of ${frames.length} frames; use a video that shows a face`);
    let last = first;
    const landmarks = frames.map((frame) => (last = frame.landmarks ?? last));
    const began = frames[0]!.timeMs, lasted = frames.at(-1)!.timeMs - began;
    return new Motion({
      landmarks, name, takes: this.#takes(), imageSize: this.#size,
      timestampsMs: Float64Array.from(frames, ({ timeMs }) => timeMs - began),
      fps: frames.length > 1 ? (1000 * (frames.length - 1)) / lasted : 25,
    });
  }

  #takes(): Take[] {
    const begun = this.#frames.flatMap(({ cut }, index) => (cut ? [index] : []));
    return [0, ...begun].map((start, take, starts) => {
      const faces = this.#frames.slice(start, starts[take + 1]).filter(({ landmarks }) => landmarks);
      const opening = faces.filter(({ timeMs }) => timeMs - faces[0]!.timeMs <= FIRST_SECONDS_MS).map(({ landmarks }) => landmarks!);
      return { start, reference: opening[mostNeutral(opening.map(faceMeasures))]! };
    });
  }
}
