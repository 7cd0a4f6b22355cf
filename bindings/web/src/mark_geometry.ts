/** Points and lattices of the pixel mark's reader. */

export type Point = readonly [x: number, y: number];
/** (x, y) to (a x + b y, c x + d y); as a lattice, a tile's right is (a, c) and its down (b, d). */
export type Matrix = readonly [a: number, b: number, c: number, d: number];

export function times([a, b, c, d]: Matrix, [x, y]: Point): Point {
  return [a * x + b * y, c * x + d * y];
}

export function product([a, b, c, d]: Matrix, [e, f, g, h]: Matrix): Matrix {
  return [a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h];
}

export function scaled([a, b, c, d]: Matrix, factor: number): Matrix {
  return [a * factor, b * factor, c * factor, d * factor];
}

export function determinant([a, b, c, d]: Matrix): number {
  return a * d - b * c;
}

export function inverse(matrix: Matrix): Matrix {
  const [a, b, c, d] = matrix, by = determinant(matrix);
  return [d / by, -b / by, -c / by, a / by];
}

/** The square root of a tile's area, pixels. */
export function tileSize(lattice: Matrix): number {
  return Math.sqrt(Math.abs(determinant(lattice)));
}
