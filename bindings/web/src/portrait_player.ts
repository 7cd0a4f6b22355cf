/** One portrait following one driver: retargeting, networks, paste-back, then eyes and mouth, frame by frame. */

import type { Landmarks, SquareCrop } from "./crop.js";
import type { Anchoring } from "./driver_anchor.js";
import type { Network } from "./network.js";
import { PasteBack, NETWORK_SIZE } from "./paste_back.js";
import { copyOf, isBlackAndWhite, type Picture, toGrey } from "./picture.js";
import type { Portrait } from "./portrait.js";
import { RegionLayers } from "./region_layers.js";
import type { RegionNetworks } from "./region_networks.js";
import { Retargeter, type RetargetNetworks, type RetargetOptions } from "./retarget.js";
import { Turns } from "./turns.js";

const SURROUNDINGS_VALUES = 16 * 16 * 3;

/** A frame of the result. */
export interface AnimatedFrame {
  /** The whole photo with the face animated; outside the crop it is the photo. The caller's own: nobody else looks at it again. */
  readonly image: Picture;
  /** The part that moves, pixels of `image`. */
  readonly crop: SquareCrop;
  /** The crop alone, 256 x 256: cut out of `image` when it is first looked at. */
  readonly cropImage: Picture;
  /** In units of the portrait's crop. */
  readonly landmarks: Landmarks;
  readonly timestampMs: number;
  /** Whether the driver's face was found; if not, the last pose is held. */
  readonly driverFound: boolean;
  /** Whether there is a cut in the driver just before, or another face drives: the motion restarts here. */
  readonly cut: boolean;
}

/** The networks that a player needs. */
export interface PlayerNetworks {
  readonly animate: Network;
  /**
   * Those of eyes and mouth; bundles of earlier versions have none.
   * @internal
   */
  readonly regions?: RegionNetworks | undefined;
  readonly retarget: RetargetNetworks;
}

/** What follows a driver: one portrait or several of the same photo. */
export interface Player {
  readonly portraits: readonly Portrait[];
  /** Takes the driver's reference frame: landmarks in pixels of frames of `size` (width, height). */
  start(driver: Landmarks, size: readonly [number, number]): Promise<void>;
  /** Counts the motion from another face, of frames of `size`, from the next frame on; the portrait glides over. */
  anchored(to: Anchoring, size: readonly [number, number]): Promise<void>;
  /** What a frame of the driver makes of the photo. */
  frame(driver: Landmarks, timestampMs: number): Promise<AnimatedFrame>;
  /** As `frame`, but returns as soon as the pose is known and the frame is being drawn. */
  order(driver: Landmarks, timestampMs: number): Promise<{ readonly coming: Promise<AnimatedFrame> }>;
  /** The last frame again, or the photo where there is none. */
  hold(timestampMs: number): Promise<AnimatedFrame>;
  /** Changes what of the driver's motion is taken over, from the next frame on. */
  setGains(options: Pick<RetargetOptions, "regions" | "gains">): void;
}

/**
 * Call `start` with the driver's reference frame, then `frame` for every frame. A call need not wait for the one before: then
 * a frame's pose is worked out while the one before is drawn. Frames come in the order of the calls.
 */
export class PortraitPlayer implements Player {
  readonly retargeter: Retargeter;
  readonly portraits: readonly Portrait[];
  readonly #pasteBack: PasteBack;
  readonly #grey: boolean;
  readonly #regions: RegionLayers | undefined;
  readonly #poses = new Turns();
  #cut = false; // before the next frame
  /** Of the last frame drawn. */
  #last: Landmarks | undefined;
  /** Of the last frame ordered. */
  #lastMs = -Infinity;
  /** Settles when all that was ordered is drawn. */
  #drawn: Promise<unknown> = Promise.resolve();

  constructor(readonly portrait: Portrait, readonly networks: PlayerNetworks, options: RetargetOptions) {
    const { photo, crop, landmarks } = portrait;
    this.portraits = [portrait];
    this.retargeter = new Retargeter(networks.retarget, landmarks, crop, options);
    this.#pasteBack = new PasteBack(crop, photo.width, photo.height);
    this.#grey = isBlackAndWhite(crop.extract(photo, NETWORK_SIZE));
    this.#regions = networks.regions && new RegionLayers(portrait, networks.regions, this.#pasteBack, this.#grey);
  }

  start(driver: Landmarks, size: readonly [number, number]): Promise<void> {
    return this.#poses.take(() => this.retargeter.start(driver, size));
  }

  anchored({ landmarks, glideMs, afterCut }: Anchoring, size: readonly [number, number]): Promise<void> {
    return this.#poses.take(async () => {
      await this.retargeter.restart(landmarks, size, glideMs, afterCut);
      this.#cut ||= afterCut;
    });
  }

  setGains(options: Pick<RetargetOptions, "regions" | "gains">): void {
    this.retargeter.setGains(options);
  }

  async frame(driver: Landmarks, timestampMs: number): Promise<AnimatedFrame> {
    return (await this.order(driver, timestampMs)).coming;
  }

  order(driver: Landmarks, timestampMs: number): Promise<{ readonly coming: Promise<AnimatedFrame> }> {
    return this.#poses.take(async () => {
      const landmarks = await this.retargeter.step(driver, timestampMs), cut = this.#cut;
      this.#cut = false;
      return { coming: this.draw(landmarks, timestampMs, cut) };
    });
  }

  /** The photo with the face of `landmarks` (crop units). */
  draw(landmarks: Landmarks, timestampMs: number, cut = false): Promise<AnimatedFrame> {
    const frame = this.#draw(landmarks, timestampMs, cut, this.#drawn);
    this.#drawn = frame.catch(() => {}); // told to whom the frame is for
    return frame;
  }

  async hold(timestampMs: number): Promise<AnimatedFrame> {
    await this.#drawn;
    const { photo, crop, landmarks } = this.portrait;
    if (this.#last) return frameOf(this.#pasteBack.canvas.copy(), crop, this.#last, timestampMs, { driverFound: false });
    return frameOf(copyOf(photo), crop, crop.toUnit(landmarks), timestampMs, { driverFound: false });
  }

  async #draw(landmarks: Landmarks, timestampMs: number, cut: boolean, before: Promise<unknown>): Promise<AnimatedFrame> {
    const target = landmarks.filter((_, index) => index % 3 < 2);
    // Zeros stand for "not measured": the network decides what moves along with the head.
    const surroundings = new Float32Array(SURROUNDINGS_VALUES), elapsedMs = timestampMs - this.#lastMs;
    this.#lastMs = timestampMs;
    const [out, regions] = await Promise.all([
      this.networks.animate.run({ target_landmarks: target, surroundings }, this.portrait.inputs),
      this.#regions?.animate(landmarks, elapsedMs),
    ]);
    await before; // the networks may run in several places
    const painted = out["painted"]!;
    if (this.#grey) toGrey(painted);
    this.#last = landmarks;
    this.#pasteBack.draw(this.portrait.photo, out["flow"]!, out["mask"]!, painted);
    if (regions) this.#regions!.paste(regions);
    return frameOf(this.#pasteBack.canvas.copy(), this.portrait.crop, landmarks, timestampMs, { cut });
  }
}

function frameOf(
  image: Picture, crop: SquareCrop, landmarks: Landmarks, timestampMs: number, { driverFound = true, cut = false },
): AnimatedFrame {
  let cropImage: Picture | undefined;
  return {
    image,
    crop,
    get cropImage() {
      return (cropImage ??= crop.extract(image, NETWORK_SIZE));
    },
    landmarks,
    timestampMs,
    driverFound,
    cut,
  };
}
