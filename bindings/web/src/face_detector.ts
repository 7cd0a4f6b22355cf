/**
 * Finds faces in a picture: MediaPipe's short-range BlazeFace network, its decoding and where to look.
 * The numbers follow MediaPipe's graph, as the Python SDK's `face_detector` does.
 */

import type { Network } from "./network.js";
import { type Picture, toTensor } from "./picture.js";
import { type Affine, type Border, warp } from "./resample.js";

const INPUT_SIZE = 128;
const SUPPRESSION_IOU = 0.3;
const ANCHORS = 896;
const ANCHOR_VALUES = 16;
/** (cells per side, anchors per cell). */
const ANCHOR_GRIDS = [[16, 2], [8, 6]] as const;
/** A region of interest is this much wider than what it was made from. */
export const ROI_SCALE = 1.5;
const DOUBTFUL_SCORE = 0.8;
const TURN_GAIN = 0.1;
const QUARTER_TURNS = [Math.PI / 2, -Math.PI / 2, Math.PI];
const ZOOM_OUT = 1.6;
const TILES_PER_SIDE = [2, 4];
const MIN_TILE_SIDE = 256;

export type Box = readonly [left: number, top: number, right: number, bottom: number];

/** A square region of a picture, in pixels; `angle` in radians, clockwise as seen. */
export class RotatedSquare {
  constructor(readonly x: number, readonly y: number, readonly side: number, readonly angle = 0) {}

  /** Pixels of the (size, size) crop to pixels of the picture, corner on corner as in MediaPipe. */
  #map(size: number): Affine {
    const cos = (Math.cos(this.angle) * this.side) / size, sin = (Math.sin(this.angle) * this.side) / size, half = size / 2;
    return [cos, -sin, this.x - half * (cos - sin), sin, cos, this.y - half * (sin + cos)];
  }

  /** The region, sampled bilinearly. */
  extract(picture: Picture, size: number, border: Border): Picture {
    return warp(picture, this.#map(size), size, border);
  }

  /** A place in the (size, size) crop as one in the picture. */
  toPicture(x: number, y: number, size: number): [number, number] {
    const [a, b, c, d, e, f] = this.#map(size);
    return [a * x + b * y + c, d * x + e * y + f];
  }

  /** The square as if it were upright. */
  get bounds(): Box {
    const half = this.side / 2;
    return [this.x - half, this.y - half, this.x + half, this.y + half];
  }
}

/** A found face. */
export interface Detection {
  readonly score: number;
  /** What the landmark network wants to see: 1.5 times the box, the eyes level. */
  readonly roi: RotatedSquare;
}

/** The smallest square around the picture. */
export function wholePicture({ width, height }: Picture): RotatedSquare {
  return new RotatedSquare(width / 2, height / 2, Math.max(width, height));
}

/** Intersection over union of two boxes. */
export function boxIou(a: Box, b: Box): number {
  const across = Math.max(Math.min(a[2], b[2]) - Math.max(a[0], b[0]), 0);
  const down = Math.max(Math.min(a[3], b[3]) - Math.max(a[1], b[1]), 0);
  const union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - across * down;
  return (across * down) / Math.max(union, 1e-12);
}

/** Runs the detector network over one square region of a picture at a time. */
export class FaceDetector {
  readonly #anchors = anchorCentres();

  constructor(readonly network: Network, readonly minConfidence = 0.5) {}

  /** Faces in `region` (black outside the picture), the surest first. */
  async detect(picture: Picture, region = wholePicture(picture)): Promise<Detection[]> {
    const crop = region.extract(picture, INPUT_SIZE, "black");
    const outputs = await this.network.run({ 0: toTensor(crop, (level) => level / 127.5 - 1) });
    const values = Object.values(outputs);
    const boxes = values.find(({ length }) => length === ANCHORS * ANCHOR_VALUES)!;
    const logits = values.find(({ length }) => length === ANCHORS)!;
    const candidates: Candidate[] = [];
    for (let i = 0; i < ANCHORS; i++) {
      const score = sigmoid(logits[i]!);
      if (score < this.minConfidence) continue;
      const at = i * ANCHOR_VALUES, anchorX = this.#anchors[i * 2]!, anchorY = this.#anchors[i * 2 + 1]!;
      const x = boxes[at]! + anchorX, y = boxes[at + 1]! + anchorY, w = boxes[at + 2]!, h = boxes[at + 3]!;
      const eyes = [boxes[at + 4]! + anchorX, boxes[at + 5]! + anchorY, boxes[at + 6]! + anchorX, boxes[at + 7]! + anchorY];
      candidates.push({ score, values: [x - w / 2, y - h / 2, x + w / 2, y + h / 2, ...eyes] });
    }
    return suppressed(candidates).map((candidate) => found(candidate, region));
  }

  /** Faces in the whole picture, also if it is sideways or upside down. */
  async detectAnyWayUp(picture: Picture): Promise<Detection[]> {
    let best = await this.detect(picture);
    const top = best[0]?.score ?? 0;
    if (top >= DOUBTFUL_SCORE) return best;
    const { x, y, side } = wholePicture(picture);
    for (const angle of QUARTER_TURNS) {
      const turned = await this.detect(picture, new RotatedSquare(x, y, side, angle));
      if (turned[0] && turned[0].score > Math.max(top + TURN_GAIN, best[0]?.score ?? 0)) best = turned;
    }
    return best;
  }
}

/** Where else to look when nothing was found, one attempt at a time: with a margin, then in tiles. */
export function* closerLooks(picture: Picture): Generator<RotatedSquare[]> {
  const whole = wholePicture(picture);
  yield [new RotatedSquare(whole.x, whole.y, whole.side * ZOOM_OUT)];
  for (const parts of TILES_PER_SIDE) {
    const side = whole.side / parts;
    if (side < MIN_TILE_SIDE) continue;
    const columns = tileCentres(picture.width, side);
    yield tileCentres(picture.height, side).flatMap((y) => columns.map((x) => new RotatedSquare(x, y, side)));
  }
}

function tileCentres(length: number, side: number): number[] {
  if (length <= side) return [length / 2];
  const gaps = Math.ceil((length - side) / (side / 2));
  return Array.from({ length: gaps + 1 }, (_, i) => side / 2 + ((length - side) * i) / gaps);
}

interface Candidate {
  readonly score: number;
  /** Box (left, top, right, bottom), right eye, left eye: pixels of the network's input. */
  readonly values: readonly number[];
}

function found({ score, values }: Candidate, region: RotatedSquare): Detection {
  const [left, top, right, bottom, x0, y0, x1, y1] = values as [number, number, number, number, number, number, number, number];
  const [x, y] = region.toPicture((left + right) / 2, (top + bottom) / 2, INPUT_SIZE);
  const side = (Math.max(right - left, bottom - top) * region.side) / INPUT_SIZE;
  const rightEye = region.toPicture(x0, y0, INPUT_SIZE), leftEye = region.toPicture(x1, y1, INPUT_SIZE);
  const angle = Math.atan2(leftEye[1] - rightEye[1], leftEye[0] - rightEye[0]);
  return { score, roi: new RotatedSquare(x, y, side * ROI_SCALE, angle) };
}

/** Blends overlapping candidates by score, steadier than keeping the best (BlazeFace, section 3). */
function suppressed(candidates: Candidate[]): Candidate[] {
  const kept: Candidate[] = [];
  let left = [...candidates].sort((a, b) => b.score - a.score);
  while (left.length) {
    const best = left[0]!;
    const same = left.filter((other) => other === best || boxIou(boxOf(other), boxOf(best)) > SUPPRESSION_IOU);
    const sum = same.reduce((total, { score }) => total + score, 0);
    const values = best.values.map((_, i) => same.reduce((total, each) => total + (each.values[i]! * each.score) / sum, 0));
    kept.push({ score: best.score, values });
    left = left.filter((other) => !same.includes(other));
  }
  return kept;
}

function boxOf({ values }: Candidate): Box {
  return values.slice(0, 4) as unknown as Box;
}

/** (896, 2) anchor centres in pixels of the network's input, in the order of its outputs. */
function anchorCentres(): Float32Array {
  const centres: number[] = [];
  for (const [cells, perCell] of ANCHOR_GRIDS) {
    const step = INPUT_SIZE / cells;
    for (let i = 0; i < cells * cells * perCell; i++) {
      const cell = Math.trunc(i / perCell);
      centres.push(((cell % cells) + 0.5) * step, (Math.trunc(cell / cells) + 0.5) * step);
    }
  }
  return Float32Array.from(centres);
}

/** A logit, clipped as MediaPipe does, to a probability. */
export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-Math.min(Math.max(logit, -100), 100)));
}
