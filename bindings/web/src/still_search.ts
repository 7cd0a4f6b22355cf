/** All faces of a still picture, however small, many or turned: the Python SDK's `still_search`. */

import type { Landmarks } from "./crop.js";
import type { FaceDetector } from "./face_detector.js";
import type { Picture } from "./picture.js";
import { QUARTER_TURNS, type RotatedSquare, tileLooks, TILES_PER_SIDE, wholeLooks, wholePicture } from "./region.js";

/** How far a face may be turned within the look that shows it; the next quarter turn shows it better. */
const MAX_ROLL = Math.PI / 3;
/** Detector's score and log-odds of presence together tell faces from what only looks like one. */
const LOG_ODDS_SHARE = 1 / 8;
const MAX_LOG_ODDS = 8;
const SURE = 1.18;
/** How unsettled a face is at least, as this costs it; less is not counted on. */
const LEAST_COSTS = 0.1;
/** What is no face does not settle: each look asks for another region (this much less sure for each unit of `unsettled`). */
const UNSETTLED_COSTS = 4;
/** A face that does not stand upright, in a picture that does, has to be surer by so much. */
const LYING = 0.3;
/** An upright face that is surer by so much leaves no doubt which way up the picture is. */
const NO_DOUBT = 0.4;
/** Two readings nearer than so many sides of the larger region mean the same face. */
const SAME_PLACE = 0.35;
/** The largest region that a tile may show, in sides of the tile: larger faces are seen whole elsewhere. */
const LARGEST_IN_TILE = 0.75;

/** What the landmark network reads of a face, and the region that its landmarks ask for. */
export interface Reading {
  readonly landmarks: Landmarks;
  readonly presence: number;
  readonly region: RotatedSquare;
  /** See `unsettled`. */
  readonly restless: number;
}

type Judged = Reading & { readonly sureness: number };
type Read = (region: RotatedSquare) => Promise<Reading>;

/**
 * All faces of a picture. The whole picture is looked at in all four quarter turns; the surest face tells which way up it is.
 * Then tiles are looked at that way up, for small faces.
 *
 * @param tileTurns how tiles are turned where the whole picture showed no face.
 * @param largestOnly leave out tiles that could only show faces smaller than one that is found, and turned looks where such a one is
 * upright without a doubt.
 */
export async function findFaces(
  picture: Picture, detector: FaceDetector, read: Read, tileTurns: readonly number[] = QUARTER_TURNS, largestOnly = false,
): Promise<Reading[]> {
  const whole = wholePicture(picture).side, first = await seen(picture, detector, read, wholeLooks(picture, QUARTER_TURNS.slice(0, 1)), []);
  const large = (LARGEST_IN_TILE * whole) / TILES_PER_SIDE[0]!;
  if (largestOnly && first.some((reading) => leavesNoDoubt(reading) && reading.region.side >= large)) return distinct(first, 0, []);
  first.push(...(await seen(picture, detector, read, wholeLooks(picture, QUARTER_TURNS.slice(1)), [], Infinity, first)));
  const surest = first.reduce<Judged | undefined>((best, other) => (best && margin(best, 0) >= margin(other, 0) ? best : other), undefined);
  const turn = surest && margin(surest, 0) >= 0 ? (Math.round(surest.region.angle / (Math.PI / 2)) + 4) % 4 : 0;
  let faces = distinct(first, turn, []);
  const turns = faces.length ? [turn] : tileTurns;
  for (const parts of TILES_PER_SIDE) {
    const largest = Math.max(0, ...faces.map(({ region }) => region.side));
    if (largestOnly && largest >= (LARGEST_IN_TILE * whole) / parts) break;
    faces = distinct(await seen(picture, detector, read, tileLooks(picture, parts, turns), faces, LARGEST_IN_TILE), turn, faces);
  }
  return faces;
}

/** Whether a detector's score, a presence and how unsettled it is together suffice for a face that stands upright. */
export function isSure(score: number, presence: number, restless: number): boolean {
  return surenessOf(score, presence, restless) >= SURE;
}

/** How far landmarks read in a region ask for another one: in size (logarithm), place (sides) and roll (radians). */
export function unsettled(region: RotatedSquare, asked: RotatedSquare): number {
  const apart = Math.hypot(asked.x - region.x, asked.y - region.y) / region.side;
  return Math.abs(Math.log(asked.side / region.side)) + apart + Math.abs(wrapped(asked.angle - region.angle));
}

function surenessOf(score: number, presence: number, restless: number): number {
  const odds = Math.max(presence / Math.max(1 - presence, 1e-9), 1e-9);
  return score + LOG_ODDS_SHARE * Math.min(Math.max(Math.log(odds), -MAX_LOG_ODDS), MAX_LOG_ODDS) - UNSETTLED_COSTS * restless;
}

/**
 * What is read where the looks show something upright, no larger than so many sides of the look, that is none of the faces. Where
 * something is read already, only what may be surer is read once more.
 */
async function seen(
  picture: Picture, detector: FaceDetector, read: Read, looks: readonly RotatedSquare[], faces: readonly Judged[], largest = Infinity,
  before: readonly Judged[] = [],
): Promise<Judged[]> {
  const readings: Judged[] = [];
  for (const look of looks) {
    for (const { score, roi } of await detector.detect(picture, look)) {
      const upright = Math.abs(wrapped(roi.angle - look.angle)) <= MAX_ROLL;
      if (!upright || roi.side > largest * look.side || faces.some(({ region }) => isSamePlace(region, roi))) continue;
      if ([...before, ...readings].some((reading) => isSamePlace(reading.region, roi) && isSurerThan(reading, score))) continue;
      const reading = await read(roi);
      readings.push({ ...reading, sureness: surenessOf(score, reading.presence, reading.restless) });
    }
  }
  return readings;
}

/** The known faces, and of those seen the sure ones, each once: as the surest reading has it. */
function distinct(readings: readonly Judged[], turn: number, faces: readonly Judged[]): Judged[] {
  const kept = [...faces];
  for (const reading of [...readings].sort((a, b) => margin(b, turn) - margin(a, turn))) {
    if (margin(reading, turn) >= 0 && !kept.some(({ region }) => isSamePlace(region, reading.region))) kept.push(reading);
  }
  return kept;
}

/** By how much it is sure enough in a picture that was turned by so many quarter turns; below 0 it is not. */
function margin({ region, sureness }: Judged, turn: number): number {
  const lies = Math.abs(wrapped(region.angle - (turn * Math.PI) / 2)) > MAX_ROLL;
  return sureness - SURE - (lies ? LYING : 0);
}

/** Whether it tells without a look at the turned picture that this is upright. */
function leavesNoDoubt(reading: Judged): boolean {
  return margin(reading, 0) >= NO_DOUBT && Math.abs(wrapped(reading.region.angle)) <= MAX_ROLL;
}

/** Whether no reading where the detector gives this score can be surer. */
function isSurerThan(reading: Judged, score: number): boolean {
  return margin(reading, 0) + SURE >= score + LOG_ODDS_SHARE * MAX_LOG_ODDS - LEAST_COSTS;
}

function isSamePlace(a: RotatedSquare, b: RotatedSquare): boolean {
  return Math.hypot(a.x - b.x, a.y - b.y) < SAME_PLACE * Math.max(a.side, b.side);
}

function wrapped(angle: number): number {
  return Math.atan2(Math.sin(angle), Math.cos(angle));
}
