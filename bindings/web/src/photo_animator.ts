/** The task object: enrol a person once, animate as often as you like. */

import { type AnimatorNetworks, loadNetworks } from "./animator_networks.js";
import { Bundle } from "./bundle.js";
import { bounds, type Landmarks, portraitCrop } from "./crop.js";
import { afterCut, DriverAnchor } from "./driver_anchor.js";
import { DriverFollower } from "./driver_follower.js";
import { DriverRule } from "./driver_rule.js";
import { RuntimeError, ValueError } from "./errors.js";
import { GroupPlayer } from "./group_player.js";
import { LatestOnly } from "./latest_only.js";
import { LiteRT, loadProgram } from "./litert.js";
import { asMeanFace } from "./mean_face.js";
import type { Motion } from "./motion.js";
import type { Runtime } from "./network.js";
import { MAX_FACES, type PhotoAnimatorOptions, requireConsistent, type RunningMode } from "./options.js";
import { NETWORK_SIZE } from "./paste_back.js";
import { aligned } from "./photo_alignment.js";
import { type Picture, requirePicture, toTensor } from "./picture.js";
import { type Consent, CONSENT_NOTICE, type LentPhoto, type Portrait, statedConsent } from "./portrait.js";
import { type AnimatedFrame, type Player, PortraitPlayer } from "./portrait_player.js";
import type { RetargetOptions } from "./retarget.js";
import { type Face, FaceTracker } from "./tracker.js";
import { Turns } from "./turns.js";
import { wasmFiles } from "./wasm_files.js";

/** One, or several of the same photo. */
export type Portraits = Portrait | readonly Portrait[];

/** Which face of a photo: the largest, or a number counted from the left, from 0. */
export type FaceChoice = "largest" | number;

/**
 * Brings photos to life. It computes in the thread that it is made in: on a page use `AnimatorWorker`.
 *
 *     const animator = await PhotoAnimator.createFromOptions({ bundle });
 *     const portrait = await animator.enroll(photo, { consent: "self" });
 *     for await (const frame of animator.play(portrait, motion)) show(frame.image);
 */
export class PhotoAnimator {
  static #noticed = false;
  readonly #options: Pick<PhotoAnimatorOptions, "resultCallback" | "driverFace" | "reference"> & {
    runningMode: RunningMode; retarget: RetargetOptions; maxFaces: number;
  };
  readonly #photoTracker: FaceTracker;
  readonly #driverTracker: FaceTracker;
  readonly #driver: DriverFollower;
  #following: { player: Player; anchor: DriverAnchor | undefined; started: boolean } | undefined;
  #lastTimestamp = -Infinity;
  #worker: LatestOnly<[Portrait, Picture, number]> | undefined;
  #closed = false;
  readonly #turns = new Turns();

  /** For networks that are loaded already; `createFromOptions` loads them. */
  constructor(
    readonly networks: AnimatorNetworks,
    options: Pick<PhotoAnimatorOptions, "runningMode" | "retarget" | "reference" | "resultCallback" | "maxFaces" | "driverFace"> = {},
    readonly runtime?: Runtime,
  ) {
    requireConsistent(options);
    this.#options = { runningMode: "IMAGE", retarget: {}, maxFaces: MAX_FACES, ...options };
    const { runningMode, retarget, maxFaces, driverFace } = this.#options;
    this.#photoTracker = new FaceTracker(networks.tracker, maxFaces + 1); // one more tells that there are more
    this.#driverTracker = new FaceTracker(networks.tracker, maxFaces, runningMode === "IMAGE" && !retarget.absolute);
    this.#driver = new DriverFollower(this.#driverTracker, driverFace);
  }

  /**
   * Loads the models and makes the animator.
   * @throws ValueError options that do not go together, or files that cannot be used.
   */
  static async createFromOptions(options: PhotoAnimatorOptions): Promise<PhotoAnimator> {
    requireConsistent(options);
    const { wasmUrl, numThreads = 2 } = options;
    const runtime = await LiteRT.create({ program: await loadProgram(wasmFiles(wasmUrl)), numThreads });
    const networks = await loadNetworks(await Bundle.load(options.bundle), options.tracker, runtime);
    return new PhotoAnimator(networks, options, runtime);
  }

  /**
   * Makes a portrait of a person. Without `consent` the first call logs whose consent is needed; it stops nothing.
   * @param others further photos of the same person, whose largest faces lend their eyes and mouths.
   * @throws ValueError not a picture, another `consent`, no face in one, or not the one asked for.
   */
  async enroll(
    photo: Picture,
    { face = "largest", consent, others = [] }: { face?: FaceChoice; consent?: string; others?: readonly Picture[] } = {},
  ): Promise<Portrait> {
    const stated = statedConsent(consent), faces = await this.#facesOf(photo, face === "largest");
    const portrait = await this.#enrolled(photo, chosenFace(faces, face).landmarks, stated), lent: LentPhoto[] = [];
    for (const other of others) {
      const { landmarks } = chosenFace(await this.#facesOf(other, true), "largest"), laid = aligned(other, landmarks, portrait);
      lent.push({ photo: laid.photo, regions: (await this.networks.regions?.enroll(laid.photo, laid.landmarks, laid.crop)) ?? [] });
    }
    return { ...portrait, lent };
  }

  /**
   * Makes a portrait of every person in a photo, from left to right, to be animated together.
   * @throws ValueError not a picture, another `consent`, or no face in it.
   */
  async enrollAll(photo: Picture, { consent }: { consent?: string } = {}): Promise<Portrait[]> {
    const stated = statedConsent(consent), portraits: Portrait[] = [];
    for (const { landmarks } of await this.faces(photo)) portraits.push(await this.#enrolled(photo, landmarks, stated));
    return portraits;
  }

  /**
   * The faces of a photo, from left to right: the numbers that `enroll` takes.
   * @throws ValueError not a picture, or no face in it.
   */
  async faces(photo: Picture): Promise<Face[]> {
    const faces = fromTheLeft(await this.#facesOf(photo, false));
    chosenFace(faces, "largest");
    return faces;
  }

  async #facesOf(photo: Picture, largestOnly: boolean): Promise<Face[]> {
    this.#requireOpen();
    requirePicture(photo);
    const found = await this.#photoTracker.detect(photo, largestOnly), faces = found.slice(0, this.#options.maxFaces);
    if (found.length > faces.length && !largestOnly) {
      console.warn(`the photo shows more than ${faces.length} faces: only the largest are taken; raise maxFaces`);
    }
    return faces;
  }

  async #enrolled(photo: Picture, landmarks: Landmarks, stated: Consent | undefined): Promise<Portrait> {
    if (!stated && !PhotoAnimator.#noticed) {
      PhotoAnimator.#noticed = true;
      console.warn(CONSENT_NOTICE);
    }
    const crop = portraitCrop(landmarks, photo.width, photo.height);
    const inputs = {
      photo: toTensor(crop.extract(photo, NETWORK_SIZE), (level) => level / 255),
      source_landmarks: crop.toUnit(landmarks).filter((_, index) => index % 3 < 2),
    };
    const enrolled = await this.networks.enroll.run(inputs), regions = await this.networks.regions?.enroll(photo, landmarks, crop);
    return { photo, landmarks, crop, consent: stated, inputs: { ...inputs, ...enrolled }, regions: regions ?? [] };
  }

  /**
   * Gives a portrait the pose and expression of one picture. Mode IMAGE. There is no earlier frame to compare with, so the
   * driver's expression is taken as blendshape scores and its pose as angles from the front: the shape of its face does not come
   * along.
   * @throws RuntimeError another running mode, or closed.
   * @throws ValueError not a picture, no face in it, or a bundle without the networks for this mode.
   */
  async animate(portrait: Portrait, driverImage: Picture): Promise<AnimatedFrame> {
    this.#requireMode("IMAGE", "animate");
    const faces = await this.#driverTracker.detect(driverImage), which = this.#options.driverFace, { width, height } = driverImage;
    if (!faces.length) throw new ValueError("no face was found in the driver's picture; use one that shows a face from the front");
    const index = new DriverRule(which).drive(faces.map(({ landmarks }) => landmarks), 0, width, height);
    const driver = index === undefined ? chosenFace(faces, which as number) : faces[index]!;
    const { landmarks, blendshapes } = driver;
    const { reference, moved } = blendshapes
      ? await asMeanFace(this.networks.retarget.imageMode, landmarks, blendshapes)
      : { reference: landmarks, moved: landmarks };
    const player = this.player(portrait);
    await player.start(reference, [driverImage.width, driverImage.height]);
    return player.frame(moved, 0);
  }

  /**
   * Lets the next frame of a video drive a portrait. Mode VIDEO. The portrait moves as the driver moves since the options'
   * `reference`, and anew after a cut; while the face is lost the last pose is held. The next frame may be handed in before this
   * one is done.
   * @throws RuntimeError another running mode, or closed.
   * @throws ValueError not a picture, or time that does not move forward.
   */
  async animateForVideo(portrait: Portraits, frame: Picture, timestampMs: number): Promise<AnimatedFrame> {
    this.#requireMode("VIDEO", "animateForVideo");
    requirePicture(frame);
    this.#requireLater(timestampMs);
    return this.#follow(portrait, frame, timestampMs);
  }

  /**
   * Hands in the next frame of a live source and returns at once. Mode LIVE_STREAM. A frame that comes while another
   * is at work waits; if yet another comes, it is left out.
   * @throws RuntimeError another running mode, closed, or a frame before failed.
   * @throws ValueError not a picture, or time that does not move forward.
   */
  animateAsync(portrait: Portrait, frame: Picture, timestampMs: number): void {
    this.#requireMode("LIVE_STREAM", "animateAsync");
    requirePicture(frame);
    this.#requireLater(timestampMs);
    this.#worker ??= new LatestOnly(async ([person, image, time]) => {
      this.#options.resultCallback!(await this.#follow(person, image, time), time);
    });
    this.#worker.submit([portrait, frame, timestampMs]);
  }

  /**
   * A player of its own for a portrait, or several of one photo; for drivers other than pictures. Any mode.
   * @param smooth as in the options by default; off for motions that speak, as smoothing comes late and leaves lips open.
   * @throws ValueError no portrait, or portraits of several photos.
   */
  player(portraits: Portraits, smooth = this.#options.retarget.smooth): Player {
    this.#requireOpen();
    const people = peopleOf(portraits), [first, ...others] = people, retarget = { ...this.#options.retarget, smooth };
    if (!first) throw new ValueError("there is no portrait to animate");
    if (!others.length) return new PortraitPlayer(first, this.networks, retarget);
    if (others.some(({ photo }) => photo !== first.photo)) {
      throw new ValueError("portraits animated together must come from one photo: use enrollAll(photo)");
    }
    return new GroupPlayer(people, this.networks, retarget);
  }

  /**
   * Plays a motion on a portrait, one frame at a time; absolute motion takes no notice of its takes. Any mode. A motion that speaks
   * is not smoothed: its curves are smooth, and more smoothing would leave lips open that meet.
   */
  async *play(portrait: Portraits, motion: Motion): AsyncGenerator<AnimatedFrame> {
    const player = this.player(portrait, motion.speech ? false : undefined), { absolute } = this.#options.retarget;
    const starts = new Map(absolute ? [[0, motion.landmarks[0]!]] : motion.takes.map(({ start, reference }) => [start, reference]));
    for (const [index, landmarks] of motion.landmarks.entries()) {
      this.#requireOpen();
      const reference = starts.get(index);
      if (reference && index) await player.anchored(afterCut(reference), motion.imageSize);
      else if (reference) await player.start(reference, motion.imageSize);
      yield await player.frame(landmarks, motion.timestampsMs[index]!);
    }
  }

  /** Changes what of the driver's motion is taken over, from the next frame on. */
  setGains(options: Pick<RetargetOptions, "regions" | "gains">): void {
    this.#following?.player.setGains(options);
    this.#options.retarget = { ...this.#options.retarget, ...options };
  }

  /** Counts the motion of a driver from its next face on: the portrait glides to rest. For live drivers. */
  reanchor(): void {
    this.#following?.anchor?.ask();
  }

  /** Forgets the driver, so that another video may begin. */
  reset(): void {
    this.#driver.reset();
    this.#following = undefined;
    this.#lastTimestamp = -Infinity;
  }

  /** Lets go of the models. Safe to call again. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#worker?.close();
    const { enroll, animate, regions, retarget, tracker } = this.networks;
    const pictured = [tracker.detector.network, tracker.landmarks.network, tracker.blendshapes];
    for (const network of [enroll, animate, ...Object.values(retarget), ...pictured]) network.close();
    regions?.close();
    this.runtime?.close();
  }

  async #follow(portrait: Portraits, frame: Picture, timestampMs: number): Promise<AnimatedFrame> {
    const { coming } = await this.#turns.take(async () => {
      const face = await this.#driver.track(frame, timestampMs), { changed: otherFace, otherPicture } = this.#driver;
      if (!this.#following || !isSame(this.#following.player.portraits, peopleOf(portrait))) {
        this.#following = { player: this.player(portrait), anchor: this.#anchor(), started: false };
      }
      const following = this.#following, { player } = following, size = [frame.width, frame.height] as const;
      const anchoring = following.anchor?.next(face?.landmarks, timestampMs, otherPicture, otherFace);
      if (otherFace && !following.anchor) following.started = false;
      if (!face) return { coming: player.hold(timestampMs) };
      if (!following.started) await player.start(face.landmarks, size);
      else if (anchoring) await player.anchored(anchoring, size);
      following.started = true;
      return player.order(face.landmarks, timestampMs);
    });
    return coming;
  }

  #anchor(): DriverAnchor | undefined {
    const { retarget, runningMode, reference = runningMode === "LIVE_STREAM" ? "recent" : "neutral" } = this.#options;
    return retarget.absolute ? undefined : new DriverAnchor(reference);
  }

  #requireOpen(): void {
    if (this.#closed) throw new RuntimeError("the animator is closed; make a new one");
  }

  #requireMode(mode: RunningMode, method: string): void {
    this.#requireOpen();
    const own = this.#options.runningMode;
    if (own !== mode) throw new RuntimeError(`${method}() is for running mode ${mode}; this animator was made for ${own}`);
  }

  #requireLater(timestampMs: number): void {
    if (!(timestampMs > this.#lastTimestamp)) {
      throw new ValueError(
        `timestamps must increase: ${timestampMs} ms came after ${this.#lastTimestamp} ms; call reset() before another video`,
      );
    }
    this.#lastTimestamp = timestampMs;
  }
}

function peopleOf(portraits: Portraits): readonly Portrait[] {
  return "photo" in portraits ? [portraits] : portraits;
}

function isSame(some: readonly Portrait[], others: readonly Portrait[]): boolean {
  return some.length === others.length && some.every((portrait, index) => portrait === others[index]);
}

/** @throws ValueError there are no faces, or not the one asked for. */
function chosenFace(faces: readonly Face[], which: FaceChoice): Face {
  if (!faces.length) throw new ValueError("no face was found in the photo; use one that shows a human face from the front, well lit");
  if (which === "largest") return faces.reduce((largest, face) => (areaOf(face) > areaOf(largest) ? face : largest));
  const face = Number.isInteger(which) ? fromTheLeft(faces)[which] : undefined;
  if (!face) {
    const count = faces.length === 1 ? "only one face" : `${faces.length} faces`;
    throw new ValueError(`face ${which} was asked for, but the picture shows ${count}, counted from the left from 0`);
  }
  return face;
}

function areaOf({ landmarks }: Face): number {
  const [left, top, right, bottom] = bounds(landmarks);
  return (right - left) * (bottom - top);
}

function fromTheLeft(faces: readonly Face[]): Face[] {
  const middle = ({ landmarks }: Face): number => {
    const [left, , right] = bounds(landmarks);
    return left + right;
  };
  return [...faces].sort((a, b) => middle(a) - middle(b));
}
