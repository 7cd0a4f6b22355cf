/** Faces in stills and in video: detector and landmark network put together as the Python SDK's `FaceTracker`. */

import type { Bundle } from "./bundle.js";
import { bounds, LANDMARK_COUNT, type Landmarks } from "./crop.js";
import { ValueError } from "./errors.js";
import { FaceDetector, type PictureNetwork } from "./face_detector.js";
import { extractLevel, levelRegion } from "./level_crop.js";
import { LazyNetwork } from "./lazy_network.js";
import { loadPart, type Network, type Runtime } from "./network.js";
import { isOverexposed, tonedDown } from "./overexposure.js";
import { type Picture, requirePicture, toTensor } from "./picture.js";
import { boxIou, QUARTER_TURNS, type RotatedSquare } from "./region.js";
import { findFaces, isSure, type Reading, unsettled } from "./still_search.js";

const MIN_IMAGE_SIDE = 16;
const SAME_FACE_IOU = 0.5;
const MIN_PRESENCE = 0.5;
/** What looks so little like a face is not looked at again. */
const HOPELESS_PRESENCE = 0.05;
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

/** Finds faces, and reads known ones again. One call at a time; `DriverFollower` follows one through a video. */
export class FaceTracker {
  readonly #detector: FaceDetector;

  /** @param blendshapes fill in `Face.blendshapes`. */
  constructor(readonly networks: TrackerNetworks, readonly numFaces = 1, readonly blendshapes = false) {
    this.#detector = new FaceDetector(networks.detector);
  }

  /**
   * Faces of a still picture, the largest first; turned and small faces too. An overexposed one without is looked at once more, toned down.
   * @param largestOnly spare the looks that could only show faces smaller than one that is found already.
   * @throws ValueError not a picture, or a tiny one.
   */
  async detect(picture: Picture, largestOnly = false): Promise<Face[]> {
    requireLarge(picture);
    const faces = await this.#find(picture, QUARTER_TURNS, largestOnly);
    return faces.length || !isOverexposed(picture) ? faces : this.#find(tonedDown(picture), QUARTER_TURNS, largestOnly);
  }

  /**
   * The faces in known regions of a video's frame, such as those of the frame before.
   * @throws ValueError not a picture, or a tiny one.
   */
  async lookAt(picture: Picture, regions: readonly RotatedSquare[]): Promise<Face[]> {
    requireLarge(picture);
    const faces: Face[] = [];
    for (const region of regions) {
      const face = await this.#look(picture, region);
      if (face.presence > MIN_PRESENCE) faces.push(face);
    }
    return this.#finished(faces);
  }

  /**
   * Faces of a video's frame: as in a still, but in upright tiles alone, or in one look at the whole.
   * @param known faces of this frame, which that look need not read again.
   * @throws ValueError not a picture, or a tiny one.
   */
  async search(picture: Picture, thorough: boolean, known: readonly Face[] = []): Promise<Face[]> {
    requireLarge(picture);
    if (thorough) return this.#find(picture, QUARTER_TURNS.slice(0, 1));
    const places = known.map(({ landmarks }) => levelRegion(landmarks).bounds), faces: Face[] = [];
    for (const { score, roi } of await this.#detector.detectAnyWayUp(picture)) {
      if (places.some((place) => boxIou(place, roi.bounds) > SAME_FACE_IOU)) continue;
      const { landmarks, presence, restless } = await this.#settled(picture, roi);
      if (isSure(score, presence, restless)) faces.push({ landmarks, presence });
    }
    return this.#finished(faces);
  }

  async #find(picture: Picture, tileTurns: readonly number[], largestOnly = false): Promise<Face[]> {
    const found = await findFaces(picture, this.#detector, (start) => this.#settled(picture, start), tileTurns, largestOnly);
    return this.#finished(found.sort((a, b) => b.region.side - a.region.side).map(({ landmarks, presence }) => ({ landmarks, presence })));
  }

  /** As many faces as are asked for, each once, with all that belongs to one. */
  async #finished(faces: readonly Face[]): Promise<Face[]> {
    const kept = withoutRepeats(faces).slice(0, this.numFaces);
    if (!this.blendshapes) return kept;
    return Promise.all(kept.map(async (face) => ({ ...face, blendshapes: await this.#scores(face.landmarks) })));
  }

  /** A new face gets the further looks that it needs to be level, and measured as if it had been followed. */
  async #settled(picture: Picture, start: RotatedSquare): Promise<Reading> {
    let region = start, face = await this.#look(picture, region);
    for (let look = 0; look < MAX_LOOKS; look++) {
      const better = levelRegion(face.landmarks), turn = better.angle - region.angle;
      const tilted = Math.abs(Math.atan2(Math.sin(turn), Math.cos(turn))) > MAX_TILT_ERROR;
      if (face.presence <= HOPELESS_PRESENCE || !(tilted || look < SETTLING_LOOKS)) break;
      region = better;
      face = await this.#look(picture, region);
    }
    const asked = levelRegion(face.landmarks);
    return { ...face, region: asked, restless: unsettled(region, asked) };
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

/** The faces, each once: the first of those that overlap. */
export function withoutRepeats(faces: readonly Face[]): Face[] {
  const kept: Face[] = [];
  for (const face of faces) {
    const box = bounds(face.landmarks);
    if (!kept.some(({ landmarks }) => boxIou(bounds(landmarks), box) > SAME_FACE_IOU)) kept.push(face);
  }
  return kept;
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
