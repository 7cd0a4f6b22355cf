/** Lays the tiles of a mark on each other and reads them, as `monalive.trust.mark_reading`. */

import type { Evidence } from "./mark_evidence.js";
import { inverse, type Matrix, type Point, product, scaled, tileSize, times } from "./mark_geometry.js";
import { CODE_WAVES, HIGHEST, type KeyedWaves, WAVES } from "./mark_pattern.js";
import type { Field } from "./picture.js";
import { warpField } from "./resample.js";

/** Pixels of a tile once it is laid out to be read. */
const TILE = 48;
/** Quarter turns, plain and mirrored: a tile's places are these times the lattice's. */
const WAYS: readonly Matrix[] = [-1, 1].flatMap((a) => [-1, 1].flatMap((b): Matrix[] => [[a, 0, 0, b], [0, a, b, 0]]));
const AS_WRITTEN = WAYS.findIndex((way) => way.join() === "1,0,0,1");
/** Places of the origin tried for one lattice, any way up and as written. */
const PEAKS = 4;
/** Of a tile's 48 pixels, by which an expected square may be off. */
const SLACK = 4;
const NEARBY = [-2, -1, 0, 1, 2].flatMap((y) => [-2, -1, 0, 1, 2].map((x): Point => [x / 4, y / 4]));
/** Of a tile, by which a lattice is corrected. */
const STEPS = [0.006, 0.003, 0.0015];
/** Waves of about one's length: those whose lengths differ by less. */
const ABOUT = 1.5;
const REACH = 2 * HIGHEST + 1;
/** [(waves per tile + 16) * 48 + place]. */
const COSINES = Float64Array.from({ length: REACH * TILE }, (_, i) => Math.cos(turnAt(i)));
const SINES = Float64Array.from({ length: REACH * TILE }, (_, i) => Math.sin(turnAt(i)));

/** Where in the evidence to read: so many tiles about a centre. `fade`: those further out count less, for squares of about the mark's size. */
export interface Area {
  readonly centre: Point;
  readonly tiles: Point;
  readonly fade: boolean;
}

/** One way to read a picture. */
export interface Reading {
  /** Agreement of the fixed signs: at most 8; about 4 is the best that chance gives. */
  readonly score: number;
  /** As searched, pixels of the evidence. */
  readonly lattice: Matrix;
  /** The tile's right and down as they were written. */
  readonly tile: Matrix;
  /** Where a tile begins. */
  readonly origin: Point;
  /** Of the waves, the origin taken into account. */
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** Reads tiles, given the mark's waves. */
export class TileReader {
  readonly #lengths: Float64Array;
  readonly #near: readonly number[][];

  constructor(readonly keyed: KeyedWaves) {
    this.#lengths = Float64Array.from(keyed.waves, ({ x, y }) => Math.hypot(x, y));
    this.#near = Array.from(this.#lengths, (length) =>
      Array.from(this.#lengths.keys()).filter((other) => Math.abs(this.#lengths[other]! - length) < ABOUT));
  }

  /** How strong waves are written, root mean square 1. */
  get strengths(): Float64Array {
    const strengths = this.#lengths.map((length) => 1 / length);
    const usual = Math.sqrt(strengths.reduce((sum, strength) => sum + strength ** 2, 0) / WAVES);
    return strengths.map((strength) => strength / usual);
  }

  /** The mean power of waves of about each one's length. */
  levels(re: Float64Array, im: Float64Array): Float64Array {
    return Float64Array.from(this.#near, (near) => near.reduce((sum, i) => sum + re[i]! ** 2 + im[i]! ** 2, 0) / near.length + 1e-12);
  }

  /** The best of the eight ways up of one lattice, and of all places where a tile may begin. */
  best(seen: Evidence, area: Area, lattice: Matrix): Reading {
    const look = new Look(this, seen, area, lattice, false);
    const at = indexOfMost(look.correlation);
    return look.reading(Math.trunc(at / TILE ** 2), at % TILE, Math.trunc(at / TILE) % TILE);
  }

  /** The best readings of one lattice, and the best of those that are neither turned nor mirrored. */
  several(seen: Evidence, area: Area, lattice: Matrix): Reading[] {
    const look = new Look(this, seen, area, lattice, true);
    return [Array.from(WAYS.keys()), [AS_WRITTEN]].flatMap((ways) => look.peaks(ways, PEAKS).map((place) => look.reading(...place)));
  }

  /** The reading of a square that is where it is expected: four level tiles about the middle of the area. */
  expected(seen: Evidence, area: Area, lattice: Matrix): Reading {
    const look = new Look(this, seen, area, lattice, true);
    let most = -Infinity, place: Point = [0, 0];
    // The area's first tile begins where the square does, up to whole tiles.
    for (let y = -SLACK; y <= SLACK; y++) {
      for (let x = -SLACK; x <= SLACK; x++) {
        const row = modulo(y), column = modulo(x), agreement = look.correlation[(AS_WRITTEN * TILE + row) * TILE + column]!;
        if (agreement > most) [most, place] = [agreement, [column, row]];
      }
    }
    return look.reading(AS_WRITTEN, ...place);
  }

  /** The lattice near by whose fixed signs agree best: size, turn, stretch and shear. */
  corrected(seen: Evidence, area: Area, reading: Reading): Matrix {
    let best = reading;
    for (const step of STEPS) {
      for (let index = 0; index < 4; index++) {
        for (const sign of [-1, 1]) {
          const change = sign * step * tileSize(reading.lattice);
          const moved = (): Matrix => best.lattice.map((value, i) => (i === index ? value + change : value)) as unknown as Matrix;
          for (let tried = this.best(seen, area, moved()); tried.score > best.score; tried = this.best(seen, area, moved())) best = tried;
        }
      }
    }
    return best.lattice;
  }

  /** 256 soft values of the code word, each by how noisy waves of its length are and how strong they were written. */
  softBits({ re, im }: Reading, strengths: Float64Array | null): Float64Array {
    const levels = this.levels(re, im), soft = new Float64Array(2 * CODE_WAVES);
    for (let i = 0; i < CODE_WAVES; i++) {
      const by = (strengths ? strengths[i]! : 1) / levels[i]!;
      soft[2 * i] = re[i]! * by;
      soft[2 * i + 1] = im[i]! * by;
    }
    return soft;
  }
}

/** The agreement of the fixed signs with one lattice's tiles, for each way up and each place of the origin. */
class Look {
  /** [(way * 48 + row) * 48 + column]. */
  readonly correlation = new Float64Array(WAYS.length * TILE * TILE);
  readonly #re: Float64Array[] = [];
  readonly #im: Float64Array[] = [];
  readonly #matchedRe: Float64Array[] = [];
  readonly #matchedIm: Float64Array[] = [];

  /** @param full take the weights into account; without them it is twice as fast. */
  constructor(private readonly reader: TileReader, seen: Evidence, private readonly area: Area, private readonly lattice: Matrix, full: boolean) {
    const tile = folded(seen.change, area, lattice);
    if (full) folded(seen.weight, area, lattice).forEach((weight, i) => (tile[i]! /= weight + 1e-9));
    const spectrum = lowWaves(tile), { waves, fixedSign } = reader.keyed;
    for (const [a, b, c, d] of WAYS) {
      const at = waves.map(({ x, y }) => (x * b + y * d + HIGHEST) * REACH + x * a + y * c + HIGHEST);
      this.#re.push(Float64Array.from(at, (i) => spectrum.re[i]!));
      this.#im.push(Float64Array.from(at, (i) => spectrum.im[i]!));
    }
    const levels = reader.levels(this.#re[0]!, this.#im[0]!), strengths = reader.strengths;
    WAYS.forEach((_, way) => {
      const re = new Float64Array(WAVES - CODE_WAVES), im = new Float64Array(WAVES - CODE_WAVES);
      for (let i = 0; i < re.length; i++) {
        const wave = CODE_WAVES + i, weight = strengths[wave]! / levels[wave]!;
        const c = fixedSign(2 * i) * weight, s = -fixedSign(2 * i + 1) * weight;
        re[i] = this.#re[way]![wave]! * c - this.#im[way]![wave]! * s;
        im[i] = this.#re[way]![wave]! * s + this.#im[way]![wave]! * c;
      }
      this.#matchedRe.push(re);
      this.#matchedIm.push(im);
      this.#correlate(way);
    });
  }

  #correlate(way: number): void {
    const re = this.#matchedRe[way]!, im = this.#matchedIm[way]!, waves = this.reader.keyed.waves.slice(CODE_WAVES);
    const rowRe = new Float64Array(REACH), rowIm = new Float64Array(REACH);
    const columns = [...new Set(waves.map(({ x }) => x + HIGHEST))];
    for (let row = 0; row < TILE; row++) {
      rowRe.fill(0);
      rowIm.fill(0);
      for (let i = 0; i < waves.length; i++) {
        const { x, y } = waves[i]!, at = (y + HIGHEST) * TILE + row, c = COSINES[at]!, s = SINES[at]!;
        rowRe[x + HIGHEST]! += re[i]! * c - im[i]! * s;
        rowIm[x + HIGHEST]! += re[i]! * s + im[i]! * c;
      }
      const to = (way * TILE + row) * TILE;
      for (const k of columns) {
        const c = rowRe[k]!, s = rowIm[k]!;
        for (let column = 0, at = k * TILE; column < TILE; column++, at++) this.correlation[to + column]! += c * COSINES[at]! - s * SINES[at]!;
      }
    }
  }

  /** The ways and places (across, down) that agree best, apart from each other. */
  peaks(ways: readonly number[], count: number): [way: number, column: number, row: number][] {
    const left = this.correlation.slice().fill(-Infinity);
    for (const way of ways) left.set(this.correlation.subarray(way * TILE ** 2, (way + 1) * TILE ** 2), way * TILE ** 2);
    return Array.from({ length: count }, () => {
      const at = indexOfMost(left), way = Math.trunc(at / TILE ** 2), row = Math.trunc(at / TILE) % TILE, column = at % TILE;
      for (let y = -2; y <= 2; y++) for (let x = -2; x <= 2; x++) left[(way * TILE + modulo(row + y)) * TILE + modulo(column + x)] = -Infinity;
      return [way, column, row];
    });
  }

  /** What is read there, to a quarter of a pixel. */
  reading(way: number, column: number, row: number): Reading {
    const { waves } = this.reader.keyed, re = this.#matchedRe[way]!, im = this.#matchedIm[way]!;
    const angle = ([x, y]: Point, wave: number): number => (2 * Math.PI * (x * waves[wave]!.x + y * waves[wave]!.y)) / TILE;
    let score = -Infinity, near: Point = [column, row];
    for (const [dx, dy] of NEARBY) {
      const place: Point = [column + dx, row + dy];
      let sum = 0;
      for (let i = 0; i < re.length; i++) {
        const turn = angle(place, CODE_WAVES + i);
        sum += re[i]! * Math.cos(turn) - im[i]! * Math.sin(turn);
      }
      if (sum > score) [score, near] = [sum, place];
    }
    const power = Math.sqrt(re.reduce((sum, value, i) => sum + value ** 2 + im[i]! ** 2, 0) / 2) + 1e-12;
    const tile = product(this.lattice, inverse(WAYS[way]!));
    const half = times(WAYS[way]!, [0.5, 0.5]);
    const shift = times(tile, [-(near[0] + half[0]) / TILE, -(near[1] + half[1]) / TILE]);
    const first = firstPlace(this.area, this.lattice);
    const valuesRe = new Float64Array(WAVES), valuesIm = new Float64Array(WAVES);
    for (let i = 0; i < WAVES; i++) {
      const c = Math.cos(angle(near, i)), s = Math.sin(angle(near, i));
      valuesRe[i] = this.#re[way]![i]! * c - this.#im[way]![i]! * s;
      valuesIm[i] = this.#re[way]![i]! * s + this.#im[way]![i]! * c;
    }
    return { score: score / power, lattice: this.lattice, tile, origin: [first[0] - shift[0], first[1] - shift[1]], re: valuesRe, im: valuesIm };
  }
}

function firstPlace({ centre, tiles }: Area, lattice: Matrix): Point {
  const back = times(lattice, [tiles[0] / 2, tiles[1] / 2]);
  return [centre[0] - back[0], centre[1] - back[1]];
}

/** 48 x 48: all tiles laid on each other. */
function folded(field: Field, area: Area, lattice: Matrix): Float64Array {
  const [across, down] = area.tiles, step = scaled(lattice, 1 / TILE);
  const first = firstPlace(area, lattice), half = times(step, [0.5, 0.5]);
  const map = [step[0], step[1], half[0] + first[0] - 0.5, step[2], step[3], half[1] + first[1] - 0.5] as const;
  const laid = warpField(field, map, across * TILE, down * TILE, "black").data;
  const columns = faded(across, area.fade), rows = faded(down, area.fade);
  const sums = new Float64Array(TILE * TILE);
  for (let y = 0, from = 0; y < down * TILE; y++) {
    const to = (y % TILE) * TILE;
    for (let x = 0; x < across * TILE; x++, from++) sums[to + (x % TILE)]! += laid[from]! * rows[y]! * columns[x]!;
  }
  return sums;
}

/** 1 in the middle four tiles, falling to 0 at the border. */
function faded(count: number, fade: boolean): Float32Array {
  return Float32Array.from({ length: count * TILE }, (_, i) =>
    fade ? Math.min(Math.max((count / 2 - Math.abs((i + 0.5) / TILE - count / 2)) / (count / 2 - 2), 0), 1) : 1);
}

/** The part of a tile's spectrum where the mark's waves are: [(down + 16) * 33 + across + 16]. */
function lowWaves(tile: Float64Array): { re: Float64Array; im: Float64Array } {
  // [(across + 16) * 48 + row]
  const rowsRe = new Float64Array(REACH * TILE), rowsIm = new Float64Array(REACH * TILE);
  for (let k = 0; k < REACH; k++) {
    for (let y = 0; y < TILE; y++) {
      let re = 0, im = 0;
      for (let at = k * TILE, from = y * TILE; from < (y + 1) * TILE; at++, from++) {
        re += tile[from]! * COSINES[at]!;
        im -= tile[from]! * SINES[at]!;
      }
      rowsRe[k * TILE + y] = re;
      rowsIm[k * TILE + y] = im;
    }
  }
  const re = new Float64Array(REACH * REACH), im = new Float64Array(REACH * REACH);
  // A real tile's waves come in pairs, opposite and conjugate.
  for (let m = HIGHEST; m < REACH; m++) {
    for (let k = 0; k < REACH; k++) {
      const to = m * REACH + k, opposite = REACH * REACH - 1 - to;
      let sumRe = 0, sumIm = 0;
      for (let y = 0, at = m * TILE, from = k * TILE; y < TILE; y++, at++, from++) {
        sumRe += rowsRe[from]! * COSINES[at]! + rowsIm[from]! * SINES[at]!;
        sumIm += rowsIm[from]! * COSINES[at]! - rowsRe[from]! * SINES[at]!;
      }
      re[to] = re[opposite] = sumRe;
      im[to] = sumIm;
      im[opposite] = -sumIm;
    }
  }
  return { re, im };
}

function turnAt(index: number): number {
  return (2 * Math.PI * (Math.trunc(index / TILE) - HIGHEST) * (index % TILE)) / TILE;
}

function indexOfMost(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

function modulo(value: number): number {
  return ((value % TILE) + TILE) % TILE;
}
