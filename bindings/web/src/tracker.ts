/** Faces in stills and in video: detector and landmark network put together as the Python SDK's `FaceTracker`. */

import type { Bundle } from "./bundle.js";
import { bounds, LANDMARK_COUNT, type Landmarks } from "./crop.js";
import { ValueError } from "./errors.js";
import { FaceDetector, type PictureNetwork } from "./face_detector.js";
import { extractLevel, levelRegion } from "./level_crop.js";
import { LazyNetwork } from "./lazy_network.js";
import { loadPart, type Network, type Runtime } from "./network.js";
import { type Picture, requirePicture, toTensor } from "./picture.js";
import { boxIou, closerLooks, type RotatedSquare } from "./region.js";

const MIN_IMAGE_SIDE = 16;
const SAME_FACE_IOU = 0.5;
const MIN_PRESENCE = 0.5;
/** While no face is in sight, only every so many frames get the thorough search of a still. */
const THOROUGH_EVERY = 15;
const MAX_TILT_ERROR = (12 * Math.PI) / 180;
const MAX_LOOKS = 3;
const SETTLING_LOOKS = 2;

/** A face found in a picture; landmarks in picture pixels. */
export interface Face {
  readonly landmarks: Landmarks;
  /** How sure the landmark network is that this is a face, [0, 1]. */
  readonly presence: number;
  /** 52 expression scores in [0, 1], in MediaPipe's order; undefined where they were not asked for. */
  readonly blendshapes?: Float32Array;
}

/** The tracker's networks, as they lie in a bundle. */
export interface TrackerNetworks {
  /** A picture to scores and places: see `face_detector`. */
  readonly detector: PictureNetwork;
  /** The level crop of a face to landmarks (1, 478, 3) in units of the crop, and presence (1, 1). */
  readonly landmarks: PictureNetwork;
  /** A face's landmarks, x and y in units of its own level region, to its blendshapes (1, 52). */
  readonly blendshapes: Network;
}

/**
 * The tracker's networks of a bundle; that for blendshapes is loaded when it is first run.
 * @throws ValueError it holds none, or none for this runtime.
 */
export async function loadTracker(bundle: Bundle, runtime: Runtime): Promise<TrackerNetworks> {
  const load = async (part: string): Promise<PictureNetwork> => {
    const side = bundle.partManifest(part).inputs[0]?.shape[1];
    if (!side) throw new ValueError(`the bundle's part '${part}' does not say how large its picture is; get the file again`);
    return { network: await loadPart(bundle, part, runtime), side };
  };
  const blendshapes = new LazyNetwork(() => loadPart(bundle, "tracker_blendshapes", runtime));
  return { detector: await load("tracker_detector"), landmarks: await load("tracker_landmarks"), blendshapes };
}

/** Finds and follows faces. One call at a time. */
export class FaceTracker {
  readonly #detector: FaceDetector;
  #regions: RotatedSquare[] = [];
  #size = "";
  #framesLost = 0;

  /** @param blendshapes fill in `Face.blendshapes`. */
  constructor(readonly networks: TrackerNetworks, readonly numFaces = 1, readonly blendshapes = false) {
    this.#detector = new FaceDetector(networks.detector);
  }

  /** Forgets the faces that `track` follows. */
  reset(): void {
    this.#regions = [];
    this.#size = "";
    this.#framesLost = 0;
  }

  /**
   * Faces of a still picture, the surest first; turned and small faces are searched for, too.
   * @throws ValueError not a picture, or a tiny one.
   */
  async detect(picture: Picture): Promise<Face[]> {
    requireLarge(picture);
    return this.#find(picture, true);
  }

  /**
   * Faces of a video's next frame: each is followed from its place in the frame before; a lost one is searched for.
   * @throws ValueError not a picture, or a tiny one.
   */
  async track(picture: Picture): Promise<Face[]> {
    requireLarge(picture);
    const size = `${picture.width} x ${picture.height}`;
    if (size !== this.#size) {
      this.reset();
      this.#size = size;
    }
    let faces = this.#regions.length ? await this.#follow(picture) : [];
    if (!faces.length) faces = await this.#find(picture, this.#framesLost % THOROUGH_EVERY === 0);
    this.#framesLost = faces.length ? 0 : this.#framesLost + 1;
    this.#regions = faces.map(({ landmarks }) => levelRegion(landmarks));
    return faces;
  }

  async #follow(picture: Picture): Promise<Face[]> {
    const followed = this.#regions;
    let found: RotatedSquare[] = [];
    if (followed.length < this.numFaces) {
      found = (await this.#detector.detect(picture)).slice(0, this.numFaces).map(({ roi }) => roi);
      found = found.filter((roi) => !followed.some((region) => boxIou(region.bounds, roi.bounds) > SAME_FACE_IOU));
    }
    return this.#faces(picture, found, followed);
  }

  async #find(picture: Picture, thorough: boolean): Promise<Face[]> {
    const detections = await this.#detector.detectAnyWayUp(picture);
    let faces = await this.#faces(picture, detections.map(({ roi }) => roi));
    if (!thorough) return faces;
    for (const regions of closerLooks(picture)) {
      if (faces.length) break;
      const found = [];
      for (const region of regions) found.push(...(await this.#detector.detect(picture, region)));
      found.sort((a, b) => b.score - a.score);
      faces = await this.#faces(picture, found.map(({ roi }) => roi));
    }
    return faces;
  }

  /** The faces in the regions, without those whose presence is too low and those already there. */
  async #faces(picture: Picture, found: RotatedSquare[], followed: RotatedSquare[] = []): Promise<Face[]> {
    const faces: Face[] = [];
    const regions = [...followed.map((region) => [region, false] as const), ...found.map((region) => [region, true] as const)];
    for (const [region, isNew] of regions) {
      if (faces.length === this.numFaces) break;
      const face = await this.#settled(picture, region, isNew);
      const box = bounds(face.landmarks);
      if (face.presence > MIN_PRESENCE && !faces.some(({ landmarks }) => boxIou(bounds(landmarks), box) > SAME_FACE_IOU)) {
        faces.push(this.blendshapes ? { ...face, blendshapes: await this.#scores(face.landmarks) } : face);
      }
    }
    return faces;
  }

  /** A new face gets the further looks that it needs to be level, and measured as if it had been followed. */
  async #settled(picture: Picture, start: RotatedSquare, isNew: boolean): Promise<Face> {
    let region = start, face = await this.#look(picture, region);
    for (let look = 0; isNew && look < MAX_LOOKS; look++) {
      const better = levelRegion(face.landmarks), turn = better.angle - region.angle;
      const tilted = Math.abs(Math.atan2(Math.sin(turn), Math.cos(turn))) > MAX_TILT_ERROR;
      if (face.presence <= MIN_PRESENCE || !(tilted || look < SETTLING_LOOKS)) break;
      region = better;
      face = await this.#look(picture, region);
    }
    return face;
  }

  async #scores(landmarks: Landmarks): Promise<Float32Array> {
    const region = levelRegion(landmarks), level = new Float32Array(LANDMARK_COUNT * 2);
    for (let i = 0; i < LANDMARK_COUNT; i++) level.set(region.fromPicture(landmarks[i * 3]!, landmarks[i * 3 + 1]!), i * 2);
    return (await this.networks.blendshapes.run({ level_landmarks: level }))["blendshapes"]!;
  }

  async #look(picture: Picture, region: RotatedSquare): Promise<Face> {
    const { network, side } = this.networks.landmarks;
    const crop = extractLevel(picture, region, side);
    const made = await network.run({ crop_of_face: toTensor(crop, (level) => level / 255) });
    return { landmarks: fromRegion(made["landmarks"]!, region), presence: made["presence"]![0]! };
  }
}

/** Landmarks in units of a region to those in picture pixels. */
export function fromRegion(points: Landmarks, region: RotatedSquare): Landmarks {
  const landmarks = new Float32Array(points.length);
  for (let i = 0; i < points.length; i += 3) {
    landmarks.set(region.toPicture(points[i]!, points[i + 1]!), i);
    landmarks[i + 2] = points[i + 2]! * region.side;
  }
  return landmarks;
}

function requireLarge(picture: Picture): void {
  requirePicture(picture);
  if (Math.min(picture.width, picture.height) < MIN_IMAGE_SIDE) {
    throw new ValueError(
      `the picture is too small to show a face: ${picture.width} x ${picture.height} pixels, ` +
        `at least ${MIN_IMAGE_SIDE} x ${MIN_IMAGE_SIDE} are needed`,
    );
  }
}
