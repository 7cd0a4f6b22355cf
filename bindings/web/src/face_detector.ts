/** Finds faces in a picture: the bundle's detector network, its decoding and where to look. */

import { LEVEL_SCALE, extractLevel } from "./level_crop.js";
import type { Network } from "./network.js";
import { type Picture, toTensor } from "./picture.js";
import { type Box, boxIou, RotatedSquare, wholePicture } from "./region.js";

/** For each place: the face's centre less the place's own (x, y), the logarithm of its side, cosine and sine of its roll. */
const PLACE_VALUES = 5;
/** Low, since what is read there is judged as well: half hidden and overexposed faces score as little. */
const MIN_CONFIDENCE = 0.3;
const SUPPRESSION_IOU = 0.3;
/** Heads are seldom held further from upright. */
const FAR_ROLL = Math.PI / 3;

/** A found face. */
export interface Detection {
  readonly score: number;
  /** What the landmark network wants to see, the face level in it. */
  readonly roi: RotatedSquare;
}

/** A network that looks at a picture: (1, side, side, 3) RGB in [0, 1]. */
export interface PictureNetwork {
  readonly network: Network;
  readonly side: number;
}

/** Runs the detector network over one square region of a picture at a time. */
export class FaceDetector {
  constructor(readonly network: PictureNetwork, readonly minConfidence = MIN_CONFIDENCE) {}

  /** Faces in `region` (black outside the picture), the surest first. */
  async detect(picture: Picture, region = wholePicture(picture)): Promise<Detection[]> {
    const { network, side } = this.network;
    const crop = extractLevel(picture, region, side, "black");
    const { scores, places } = await network.run({ picture: toTensor(crop, (level) => level / 255) });
    const grid = Math.sqrt(scores!.length), candidates: Candidate[] = [];
    for (const [i, score] of scores!.entries()) {
      if (score < this.minConfidence) continue;
      const [dx, dy, size, cosine, sine] = places!.subarray(i * PLACE_VALUES, (i + 1) * PLACE_VALUES);
      const x = ((i % grid) + 0.5) / grid + dx!, y = (Math.trunc(i / grid) + 0.5) / grid + dy!;
      candidates.push({ score, x, y, side: Math.exp(size!), cosine: cosine!, sine: sine! });
    }
    return blended(candidates).map((face) => found(face, region));
  }

  /**
   * Faces in the whole picture, also sideways and upside down.
   *
   * A bowed face looks much like one on its head: one that seems to lie on its side or beyond is believed only if it
   * stands upright in the picture turned that way; else the second look counts.
   */
  async detectAnyWayUp(picture: Picture): Promise<Detection[]> {
    const found = await this.detect(picture), angle = found[0]?.roi.angle ?? 0;
    if (Math.abs(angle) <= FAR_ROLL) return found;
    const { x, y, side } = wholePicture(picture);
    const again = await this.detect(picture, new RotatedSquare(x, y, side, angle));
    return again.length ? again : found;
  }
}

/** A face that a place of the map tells of: its centre and side in units of the region, its roll not normalised. */
interface Candidate {
  readonly score: number;
  readonly x: number;
  readonly y: number;
  readonly side: number;
  readonly cosine: number;
  readonly sine: number;
}

function found({ score, x, y, side, cosine, sine }: Candidate, region: RotatedSquare): Detection {
  const centre = region.toPicture(x, y), angle = region.angle + Math.atan2(sine, cosine);
  return { score, roi: new RotatedSquare(...centre, side * region.side * LEVEL_SCALE, angle) };
}

/** Blends overlapping candidates by score, steadier than keeping the best (BlazeFace, arXiv 1907.05047, section 3). */
function blended(candidates: Candidate[]): Candidate[] {
  const kept: Candidate[] = [];
  let left = [...candidates].sort((a, b) => b.score - a.score);
  while (left.length) {
    const best = left[0]!;
    const same = left.filter((other) => other === best || boxIou(boxOf(other), boxOf(best)) > SUPPRESSION_IOU);
    const sum = same.reduce((total, { score }) => total + score, 0);
    const mean = (value: (face: Candidate) => number): number => same.reduce((total, face) => total + (value(face) * face.score) / sum, 0);
    kept.push({
      score: best.score, x: mean(({ x }) => x), y: mean(({ y }) => y), side: mean(({ side }) => side),
      cosine: mean(({ cosine }) => cosine), sine: mean(({ sine }) => sine),
    });
    left = left.filter((other) => !same.includes(other));
  }
  return kept;
}

function boxOf({ x, y, side }: Candidate): Box {
  return new RotatedSquare(x, y, side).bounds;
}
