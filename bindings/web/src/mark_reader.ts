/** Finds the mark in pictures that were compressed, cropped, resized, turned or stretched, as `monalive.trust.mark_reader`. */

import { decode, type ReadMessage } from "./mark_code.js";
import { Evidence, evidence } from "./mark_evidence.js";
import type { FaceSquare } from "./mark_faces.js";
import { inverse, type Matrix, type Point, scaled } from "./mark_geometry.js";
import { likelyLattices, upright } from "./mark_lattice.js";
import { TILES } from "./mark_pattern.js";
import type { Area, Reading, TileReader } from "./mark_reading.js";
import type { Field } from "./picture.js";

/** Pixels of a tile in the evidence of a face, if its square is what the face says. */
const FACE_TILE = 44;
/** The square may be smaller (an app chose it, the face is measured too large) or larger (a small photo is used whole). */
const FACE_SIZES = Array.from({ length: Math.ceil(Math.log(1.5 / 0.7) / 0.014) }, (_, i) => 0.7 * Math.exp(0.014 * i));
const FACE_LATTICES = [0.7, 1.6] as const;
const FACE_TILES = 6;
/** Tile sizes searched in a window; other sizes are brought there by resizing it. */
const SMALL_TILE = 32, LARGE_TILE = 64;
/** Pixels; a larger picture is searched in overlapping windows of this size. */
const WINDOW = 512;
/** Pixels of the original; smaller waves cannot be seen. */
const SMALLEST_TILE = 16;
/** Without a face, the square is looked for down to this fraction of the shorter side. */
const SQUARE_SHARE = 4;
/** Lattices looked at in each place, and the best of them whose lattice is corrected. */
const CANDIDATES = 6, CORRECTED = 3;
/** Agreement of the fixed signs: below which a reading is not worth it, from which a mark of version 1 is tried, at which it is tried at once. */
const HOPELESS = 3, OLD = 4.2, SURE = 5;
/** Pixels of a tile in the evidence of a photo that is one square. */
const WHOLE_TILE = 48;
/** Of the face's square: a photo whose shorter side is less may be one. */
const NEARLY_WHOLE = 1.5;
/** Agreement that being where it is expected is worth. */
const EXPECTED = 1;

/** A mark that was read, not yet compared with its picture. */
export interface ReadMark {
  readonly message: ReadMessage;
  /** A tile's right and down, pixels of the picture; the marked square is four of them wide. */
  readonly tile: Matrix;
  /** Where a tile begins, pixels of the picture. */
  readonly origin: Point;
}

interface Candidate {
  /** The agreement of the fixed signs, and more for what is expected. */
  readonly promise: number;
  readonly reading: Reading;
  readonly seen: Evidence;
}

/**
 * Reads the mark of frames of one size, taken together.
 * @param faces squares that are looked at first.
 * @param attempts how many readings may be tried.
 */
export function findMark(reader: TileReader, greys: readonly Field[], faces: readonly FaceSquare[], attempts: number): ReadMark | null {
  let left = attempts;
  const decoded = ({ reading, seen }: Candidate): ReadMark | null => {
    // As marks are written now, and as version 1 wrote them.
    for (const strengths of reading.score >= OLD ? [reader.strengths, null] : [reader.strengths]) {
      if (left-- <= 0) return null;
      const message = decode(reader.softBits(reading, strengths));
      if (message) return { message, tile: scaled(reading.tile, 1 / seen.scale), origin: seen.toFrame(reading.origin) };
    }
    return null;
  };
  const unsure: Candidate[] = [];
  for (const candidate of candidates(reader, greys, faces)) {
    if (candidate.promise < SURE) unsure.push(candidate);
    else {
      const found = decoded(candidate);
      if (found) return found;
    }
  }
  unsure.sort((one, other) => other.promise - one.promise);
  for (const candidate of unsure.slice(0, Math.max(0, left))) {
    const found = decoded(candidate);
    if (found) return found;
  }
  return null;
}

function* candidates(reader: TileReader, greys: readonly Field[], faces: readonly FaceSquare[]): Generator<Candidate> {
  for (const face of faces) yield* inFace(reader, greys, face);
  const { width, height } = greys[0]!;
  for (const scale of scales(Math.min(width, height))) {
    const whole = evidence(greys, 0, 0, width, height, scale);
    for (const top of starts(whole.change.height)) {
      for (const left of starts(whole.change.width)) yield* inWindow(reader, whole.part(left, top, WINDOW));
    }
  }
}

function* inFace(reader: TileReader, greys: readonly Field[], face: FaceSquare): Generator<Candidate> {
  const { width, height } = greys[0]!, { centre, side } = face;
  const scale = (FACE_TILE * TILES) / side;
  const left = Math.max(0, Math.trunc(centre[0] - side)), top = Math.max(0, Math.trunc(centre[1] - side));
  const right = Math.min(width, Math.trunc(centre[0] + side)), bottom = Math.min(height, Math.trunc(centre[1] + side));
  if (Math.min(right - left, bottom - top) < 2 * SMALLEST_TILE) return;
  const seen = evidence(greys, left, top, right, bottom, scale);
  const area: Area = { centre: [(centre[0] - left) * scale, (centre[1] - top) * scale], tiles: [FACE_TILES, FACE_TILES], fade: true };
  const [least, most] = FACE_LATTICES;
  yield* best(reader, seen, area, [
    ...FACE_SIZES.map((size) => upright(FACE_TILE * size)), ...likelyLattices(seen.change, FACE_TILE * least, FACE_TILE * most, CANDIDATES),
  ]);
  if (Math.min(width, height) < NEARLY_WHOLE * side) yield whole(reader, greys, face);
}

/** The largest square of a photo that is hardly larger than the face's, where `portraitCrop` puts it. */
function whole(reader: TileReader, greys: readonly Field[], { centre }: FaceSquare): Candidate {
  const { width, height } = greys[0]!, side = Math.min(width, height);
  const start = (place: number, length: number): number => Math.trunc(Math.min(Math.max(place - side / 2, 0), length - side));
  const left = start(centre[0], width), top = start(centre[1], height);
  const seen = evidence(greys, left, top, left + side, top + side, (WHOLE_TILE * TILES) / side);
  const middle: Point = [seen.change.width / 2, seen.change.height / 2];
  const reading = reader.expected(seen, { centre: middle, tiles: [TILES, TILES], fade: false }, upright(WHOLE_TILE));
  return { promise: reading.score + EXPECTED, reading, seen };
}

function* inWindow(reader: TileReader, seen: Evidence): Generator<Candidate> {
  const { width, height } = seen.change;
  if (Math.min(width, height) < 1.5 * SMALL_TILE) return;
  for (const lattice of likelyLattices(seen.change, SMALL_TILE, LARGE_TILE, CANDIDATES)) {
    // As many tiles as cover the window, however they are turned.
    const [a, b, c, d] = inverse(lattice).map(Math.abs) as unknown as Matrix;
    const tiles: Point = [Math.ceil(a * width + b * height), Math.ceil(c * width + d * height)];
    yield* best(reader, seen, { centre: [width / 2, height / 2], tiles, fade: false }, [lattice]);
  }
}

function* best(reader: TileReader, seen: Evidence, area: Area, lattices: readonly Matrix[]): Generator<Candidate> {
  const found = lattices.map((lattice) => reader.best(seen, area, lattice)).sort((one, other) => other.score - one.score);
  for (const rough of found.slice(0, CORRECTED)) {
    if (rough.score < HOPELESS) continue;
    for (const reading of reader.several(seen, area, reader.corrected(seen, area, rough))) yield { promise: reading.score, reading, seen };
  }
}

/** Factors that bring every tile size worth looking for between 32 and 64 pixels, the largest square first: most often it is the whole picture. */
function* scales(shorter: number): Generator<number> {
  const smallest = Math.max(SMALLEST_TILE, shorter / SQUARE_SHARE / TILES);
  for (let tile = shorter / 2; tile > smallest; tile *= SMALL_TILE / LARGE_TILE) yield LARGE_TILE / tile;
}

function starts(length: number): number[] {
  if (length <= WINDOW) return [0];
  const steps = Math.ceil((length - WINDOW) / (0.7 * WINDOW));
  return Array.from({ length: steps + 1 }, (_, step) => Math.round((step * (length - WINDOW)) / steps));
}
