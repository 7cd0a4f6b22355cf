/** Finds the lattice on which the mark repeats, as `monalive.trust.mark_lattice`: a marked picture is like itself at shifts of whole tiles. */

import { boxBlur } from "./filters.js";
import { type Complex, goodSize, transformColumns, transposed } from "./fourier.js";
import { type Matrix, tileSize } from "./mark_geometry.js";
import type { Field } from "./picture.js";

// Further turns, by quarters, and the mirror image are told apart by the mark's fixed signs.
const ANGLES = Array.from({ length: 75 }, (_, i) => ((-45 + 1.2 * i) * Math.PI) / 180);
/** 0.8 to 1.25. */
const ASPECTS = Array.from({ length: 15 }, (_, i) => Math.exp((i - 7) * 0.032));
const SIZE_STEP = 0.02;
/** Whole tiles right and down: half of the plane, the other half is alike. */
const SHIFTS = [[1, 0], [0, 1], [1, 1], [-1, 1], [2, 0], [0, 2], [2, 1], [1, 2], [-2, 1], [-1, 2]] as const;
/** Lattices that differ by less than this share of a tile count as one. */
const ALIKE = 0.035;
/** Of the spectrum, over which its power is levelled. */
const BINS = 15;
/** Of the best, among which those that differ are looked for. */
const LOOKED_AT = 400;

/** The lattice of square tiles, not turned. */
export function upright(size: number): Matrix {
  return [size, 0, 0, size];
}

/** The `count` lattices with tiles of `least` to `most` pixels on which a field repeats most, best first. */
export function likelyLattices(change: Field, least: number, most: number, count: number): Matrix[] {
  const lattices = grid(Math.round(least), Math.round(most));
  const reach = Math.trunc(2.6 * most) + 2, across = 2 * reach + 1;
  const { data } = boxBlur(likeness(change, reach), 3);
  const scores = Float64Array.from(lattices, ([a, b, c, d]) => {
    let score = 0;
    for (const [right, down] of SHIFTS) {
      const x = a * right + b * down, y = c * right + d * down;
      const overlap = Math.max(change.width - Math.abs(x), 0) * Math.max(change.height - Math.abs(y), 0);
      if (overlap > 0) score += data[(Math.round(y) + reach) * across + Math.round(x) + reach]! / Math.sqrt(Math.max(overlap, 1));
    }
    return score;
  });
  const order = Uint32Array.from(scores.keys()).sort((one, other) => scores[other]! - scores[one]!);
  const best: Matrix[] = [];
  for (const index of order.subarray(0, LOOKED_AT)) {
    const lattice = lattices[index]!, apart = ALIKE * tileSize(lattice);
    if (best.every((other) => lattice.some((value, i) => Math.abs(value - other[i]!) > apart))) best.push(lattice);
    if (best.length === count) break;
  }
  return best;
}

/** (2 reach + 1)²: the field's correlation with itself at all shifts, every wavelength counting alike. */
function likeness({ width, height, data }: Field, reach: number): Field {
  const rows = goodSize(height + reach), columns = goodSize(width + reach), half = (columns >> 1) + 1;
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  const padded = zeros(rows * columns);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) padded.re[y * columns + x] = data[y * width + x]! - mean;
  const { re, im } = transformColumns(transposed(transformColumns(padded, rows, columns), rows, columns), columns, rows);
  // Of a real field's spectrum one half is enough: [across * rows + down].
  const power: Field = { width: rows, height: half, channels: 1, data: new Float32Array(half * rows) };
  for (let i = 0; i < half * rows; i++) power.data[i] = re[i]! ** 2 + im[i]! ** 2;
  const level = boxBlur(power, BINS).data;
  const floor = 1e-6 * level.reduce((most, value) => Math.max(most, value), 0) + 1e-12;
  const flat = zeros(rows * columns);
  for (let x = 0; x < half; x++) {
    for (let y = 0; y < rows; y++) {
      const value = power.data[x * rows + y]! / (level[x * rows + y]! + floor);
      flat.re[((columns - x) % columns) * rows + ((rows - y) % rows)] = value;
      flat.re[x * rows + y] = value;
    }
  }
  // Alike at opposite shifts, so that the transform forth is the one back.
  const back = transformColumns(transposed(transformColumns(flat, columns, rows), columns, rows), rows, columns).re;
  const across = 2 * reach + 1, result = new Float32Array(across * across);
  for (let y = -reach; y <= reach; y++) {
    for (let x = -reach; x <= reach; x++) {
      const from = modulo(y, rows) * columns + modulo(x, columns);
      result[(y + reach) * across + x + reach] = back[from]! / (rows * columns);
    }
  }
  return { width: across, height: across, channels: 1, data: result };
}

const grids = new Map<string, readonly Matrix[]>();

function grid(least: number, most: number): readonly Matrix[] {
  const key = `${least} ${most}`, known = grids.get(key);
  if (known) return known;
  const lattices: Matrix[] = [], end = Math.log(most / least) + SIZE_STEP;
  for (let step = 0; step * SIZE_STEP < end; step++) {
    const size = least * Math.exp(step * SIZE_STEP);
    for (const aspect of ASPECTS) {
      const wide = size * Math.sqrt(aspect), high = size / Math.sqrt(aspect);
      for (const angle of ANGLES) lattices.push([wide * Math.cos(angle), -high * Math.sin(angle), wide * Math.sin(angle), high * Math.cos(angle)]);
    }
  }
  grids.set(key, lattices);
  return lattices;
}

function zeros(length: number): Complex {
  return { re: new Float64Array(length), im: new Float64Array(length) };
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
