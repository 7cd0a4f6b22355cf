/** Faces in stills and in video: detector and landmark network put together as the Python SDK's `FaceTracker`. */

import { Archive, readable } from "./archive.js";
import { bounds, LANDMARK_COUNT, type Landmarks } from "./crop.js";
import { ValueError } from "./errors.js";
import { type Box, boxIou, closerLooks, FaceDetector, ROI_SCALE, RotatedSquare, sigmoid } from "./face_detector.js";
import type { Network, Runtime } from "./network.js";
import { type Picture, requirePicture, toTensor } from "./picture.js";
import { withStaticShapes } from "./static_shapes.js";

const MESH_SIZE = 256;
const MIN_IMAGE_SIDE = 16;
const SAME_FACE_IOU = 0.5;
const MIN_PRESENCE = 0.5;
/** While no face is in sight, only every so many frames get the thorough search of a still. */
const THOROUGH_EVERY = 15;
const MAX_TILT_ERROR = (12 * Math.PI) / 180;
const MAX_LOOKS = 3;
const SETTLING_LOOKS = 2;
/** Outer eye corners of the person's left and right eye. */
const LEFT_CORNER = 263, RIGHT_CORNER = 33;
const MAX_NETWORK_BYTES = 64 * 2 ** 20;

/** A face found in a picture; landmarks in picture pixels. */
export interface Face {
  readonly landmarks: Landmarks;
  /** How sure the landmark network is that this is a face, [0, 1]. */
  readonly presence: number;
}

/** Where the tracker's networks come from: the one place that knows their files. */
export interface TrackerNetworks {
  /** (1, 128, 128, 3) in [-1, 1] to 896 boxes of 16 values and 896 logits. */
  readonly detector: Network;
  /** (1, 256, 256, 3) in [0, 1] to 1434 coordinates in the crop's pixels, then the logit of presence. */
  readonly mesh: Network;
}

/**
 * The networks of a `face_landmarker.task` file (a stored zip of .tflite files).
 * @throws ValueError it is something else, or damaged.
 */
export async function trackerFromTask(content: Uint8Array, runtime: Runtime): Promise<TrackerNetworks> {
  const what = "the face landmarker bundle";
  const [detector, mesh] = readable(
    () => {
      const archive = new Archive(content);
      return ["face_detector.tflite", "face_landmarks_detector.tflite"].map((name) => withStaticShapes(archive.read(name, MAX_NETWORK_BYTES)));
    },
    (reason) => `this is not a readable face landmarker bundle: ${reason}`,
  );
  return {
    detector: await runtime.load(detector!, undefined, what),
    mesh: await runtime.load(mesh!, undefined, what),
  };
}

/** Finds and follows faces. One call at a time. */
export class FaceTracker {
  readonly #detector: FaceDetector;
  #regions: RotatedSquare[] = [];
  #size = "";
  #framesLost = 0;

  constructor(readonly networks: TrackerNetworks, readonly numFaces = 1) {
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
    this.#regions = faces.map(({ landmarks }) => regionOf(landmarks));
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
        faces.push(face);
      }
    }
    return faces;
  }

  /** A new face gets the further looks that it needs to be level, and measured as if it had been followed. */
  async #settled(picture: Picture, start: RotatedSquare, isNew: boolean): Promise<Face> {
    let region = start, face = await this.#mesh(picture, region);
    for (let look = 0; isNew && look < MAX_LOOKS; look++) {
      const better = regionOf(face.landmarks), turn = better.angle - region.angle;
      const tilted = Math.abs(Math.atan2(Math.sin(turn), Math.cos(turn))) > MAX_TILT_ERROR;
      if (face.presence <= MIN_PRESENCE || !(tilted || look < SETTLING_LOOKS)) break;
      region = better;
      face = await this.#mesh(picture, region);
    }
    return face;
  }

  async #mesh(picture: Picture, region: RotatedSquare): Promise<Face> {
    const crop = region.extract(picture, MESH_SIZE, "repeat");
    const outputs = await this.networks.mesh.run({ 0: toTensor(crop, (level) => level / 255) });
    const values = Object.values(outputs);
    const at = values.findIndex(({ length }) => length === LANDMARK_COUNT * 3), points = values[at]!;
    const landmarks = new Float32Array(points.length);
    for (let i = 0; i < points.length; i += 3) {
      const [x, y] = region.toPicture(points[i]!, points[i + 1]!, MESH_SIZE);
      landmarks[i] = x;
      landmarks[i + 1] = y;
      landmarks[i + 2] = (points[i + 2]! * region.side) / MESH_SIZE;
    }
    return { landmarks, presence: sigmoid(values[at + 1]![0]!) };
  }
}

/** Where to look for the face in the next frame: 1.5 times its longer side, the eyes level. */
function regionOf(landmarks: Landmarks): RotatedSquare {
  const [left, top, right, bottom]: Box = bounds(landmarks);
  const across = landmarks[LEFT_CORNER * 3]! - landmarks[RIGHT_CORNER * 3]!;
  const down = landmarks[LEFT_CORNER * 3 + 1]! - landmarks[RIGHT_CORNER * 3 + 1]!;
  return new RotatedSquare(
    (left + right) / 2, (top + bottom) / 2, Math.max(right - left, bottom - top) * ROI_SCALE, Math.atan2(down, across),
  );
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
