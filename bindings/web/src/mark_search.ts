/** Reads the mark of a file's pictures, and tells whether it is on the picture that it was made for, as `monalive.trust.mark_search`. */

import { ValueError } from "./errors.js";
import { encode, MarkMessage, MAX_ATTEMPTS } from "./mark_code.js";
import { evidence, greyOf } from "./mark_evidence.js";
import type { FaceSquare } from "./mark_faces.js";
import { determinant, inverse, type Point, scaled, tileSize, times } from "./mark_geometry.js";
import { keyedWaves, type KeyedWaves, render, spectrumOf, TILES } from "./mark_pattern.js";
import { likeness, SQUARE_SIZE } from "./mark_picture.js";
import { findMark, type ReadMark } from "./mark_reader.js";
import { TileReader } from "./mark_reading.js";
import { type Field, type Picture, requirePicture } from "./picture.js";
import { type Affine, resizeField, warpField } from "./resample.js";

/** Pixels of a tile where the square is looked for. */
const TILE = 32;
/** Of a picture in one direction. */
const MOST_TILES = 64;
/** Frames that are compared with the mark. */
const LOOKED_AT = 4;
/** Share of the best square's evidence with which another one may be it, in cut pictures. */
const AS_GOOD = 0.92;
/** `likeness` below which the picture is another than the mark was made for, and from which it is the same. */
const OTHER_PICTURE = 1.8, SAME_PICTURE = 2.7;
/** Share of the square without which another picture is not told. */
const ENOUGH = 0.8;

/** What the pixels say. */
export interface FoundMark {
  /** As it stands in Content Credentials: four hexadecimal digits, in marks of release 0.7 and before seven. */
  readonly id: string;
  /** That wrote a mark of 0.7 or before; null in later ones. */
  readonly release: string | null;
  /** Whether the mark was made for this picture; null where that cannot be told. */
  readonly belongs: boolean | null;
  /** The picture is flipped. */
  readonly mirrored: boolean;
  /** The square root of a tile's area, pixels; the marked square is four tiles wide. */
  readonly tilePixels: number;
}

/**
 * Looks for the mark in all pictures together, then in single ones.
 * @param pictures of one size from one file; some twenty, spread over a video, are enough.
 * @param faces squares around faces (`faceSquare`), which are looked at first; without them small squares are not found.
 * @throws ValueError there are no pictures, or of several sizes.
 */
export async function searchMark(pictures: readonly Picture[], faces: readonly FaceSquare[] = []): Promise<FoundMark | null> {
  pictures.forEach(requirePicture);
  const [first] = pictures;
  if (!first || pictures.some(({ width, height }) => width !== first.width || height !== first.height)) {
    throw new ValueError("there must be pictures, all of one size, to look for a mark");
  }
  const keyed = await keyedWaves(), reader = new TileReader(keyed);
  const greys = pictures.map(greyOf), middle = greys[greys.length >> 1]!, share = MAX_ATTEMPTS / 4;
  let found = findMark(reader, greys, faces, greys.length === 1 ? MAX_ATTEMPTS : 2 * share);
  if (greys.length > 1) {
    found ??= findMark(reader, greys.slice(0, 1), faces, share) ?? findMark(reader, [middle], faces, share);
  }
  if (!found) return null;
  const { message: { id, release }, tile } = found;
  return { id, release, belongs: belongs(found, greys, keyed), mirrored: determinant(tile) < 0, tilePixels: tileSize(tile) };
}

function belongs(found: ReadMark, greys: readonly Field[], keyed: KeyedWaves): boolean | null {
  const bits = found.message.picture;
  if (bits === null) return null;
  const last = greys.length - 1;
  const chosen = [...new Set(Array.from({ length: LOOKED_AT }, (_, i) => Math.round((i * last) / (LOOKED_AT - 1))))].map((i) => greys[i]!);
  const mean: Field = { ...greys[0]!, data: greys[0]!.data.map((_, i) => chosen.reduce((sum, { data }) => sum + data[i]!, 0) / chosen.length) };
  const [alike, shown] = squares(chosen, found, encode(new MarkMessage(parseInt(found.message.id, 16)), bits), keyed)
    .map((corner) => fit(mean, found, bits, corner))
    .reduce((one, other) => (other[0] > one[0] ? other : one));
  if (alike >= SAME_PICTURE) return true;
  return alike < OTHER_PICTURE && shown >= ENOUGH ? false : null;
}

/** Upper left corners of the squares that may be the marked one, in tiles: where most of the mark is. */
function squares(greys: readonly Field[], { tile, origin }: ReadMark, word: Int8Array, keyed: KeyedWaves): Point[] {
  const { width, height } = greys[0]!, back = inverse(tile);
  const places = [[0, 0], [width, 0], [0, height], [width, height]].map(([x, y]) => times(back, [x! - origin[0], y! - origin[1]]));
  const [left, top, right, bottom] = [
    Math.floor(Math.min(...places.map(([x]) => x))), Math.floor(Math.min(...places.map(([, y]) => y))),
    Math.ceil(Math.max(...places.map(([x]) => x))), Math.ceil(Math.max(...places.map(([, y]) => y))),
  ];
  const across = Math.min(right - left, MOST_TILES), down = Math.min(bottom - top, MOST_TILES);
  const scale = TILE / tileSize(tile);
  const { change } = evidence(greys, 0, 0, width, height, scale);
  const laid = warpField(change, mapOf({ tile, origin }, [left, top], 1 / TILE, scale), across * TILE, down * TILE, "black").data;
  const pattern = render(spectrumOf(word, keyed), TILE * TILES, 0, TILE, 0, TILE);
  const share = new Float64Array(across * down);
  for (let y = 0, from = 0; y < down * TILE; y++) {
    const row = Math.trunc(y / TILE) * across;
    for (let x = 0; x < across * TILE; x++, from++) share[row + Math.trunc(x / TILE)]! += laid[from]! * pattern[(y % TILE) * TILE + (x % TILE)]!;
  }
  const sums: [sum: number, corner: Point][] = [];
  for (let y = 1 - TILES; y < down; y++) {
    for (let x = 1 - TILES; x < across; x++) {
      let sum = 0;
      for (let row = Math.max(y, 0); row < Math.min(y + TILES, down); row++) {
        for (let column = Math.max(x, 0); column < Math.min(x + TILES, across); column++) sum += share[row * across + column]!;
      }
      sums.push([sum, [left + x, top + y]]);
    }
  }
  const most = Math.max(...sums.map(([sum]) => sum));
  return sums.filter(([sum]) => sum >= AS_GOOD * most).map(([, corner]) => corner);
}

/** How well a square fits, and which share of it there is. */
function fit(grey: Field, found: ReadMark, bits: number, corner: Point): [likeness: number, shown: number] {
  const { width, height } = grey, shrink = Math.min(1, SQUARE_SIZE / TILES / tileSize(found.tile));
  const small = shrink < 1 ? resizeField(grey, Math.round(width * shrink), Math.round(height * shrink), "area") : grey;
  const map = mapOf(found, corner, TILES / SQUARE_SIZE, shrink);
  const square = warpField(small, map, SQUARE_SIZE, SQUARE_SIZE, "repeat").data;
  const shown = warpField({ ...small, data: small.data.map(() => 1) }, map, SQUARE_SIZE, SQUARE_SIZE, "black").data;
  const known = Uint8Array.from(shown, (share) => (share > 0.5 ? 1 : 0));
  return [likeness(bits, square, known), known.reduce((sum, one) => sum + one, 0) / known.length];
}

/** From pixels that are a `step`th of a tile, the first at tile `corner`, to pixels of the picture resized by `scale`. */
function mapOf({ tile, origin }: Pick<ReadMark, "tile" | "origin">, corner: Point, step: number, scale: number): Affine {
  const [a, b, c, d] = scaled(tile, step * scale), [x, y] = times(tile, corner);
  return [a, b, (origin[0] + x) * scale + (a + b) / 2 - 0.5, c, d, (origin[1] + y) * scale + (c + d) / 2 - 0.5];
}
