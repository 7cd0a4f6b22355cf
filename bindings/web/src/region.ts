/** Squares of a picture in which faces are looked for, and how boxes overlap. */

import type { Picture } from "./picture.js";

/** A rectangle in pixels. */
export type Box = readonly [left: number, top: number, right: number, bottom: number];

export const QUARTER_TURNS: readonly number[] = [0, 1, 2, 3];
export const TILES_PER_SIDE: readonly number[] = [2, 4];
const ZOOM_OUT = 1.6;

/** A square region of a picture, in pixels; `angle` in radians, clockwise as seen. */
export class RotatedSquare {
  constructor(readonly x: number, readonly y: number, readonly side: number, readonly angle = 0) {}

  /** A place in units of the region as one in the picture. */
  toPicture(u: number, v: number): [number, number] {
    const cos = Math.cos(this.angle) * this.side, sin = Math.sin(this.angle) * this.side;
    return [this.x + cos * (u - 0.5) - sin * (v - 0.5), this.y + sin * (u - 0.5) + cos * (v - 0.5)];
  }

  /** The inverse of `toPicture`. */
  fromPicture(x: number, y: number): [number, number] {
    const cos = Math.cos(this.angle) / this.side, sin = Math.sin(this.angle) / this.side;
    return [cos * (x - this.x) + sin * (y - this.y) + 0.5, cos * (y - this.y) - sin * (x - this.x) + 0.5];
  }

  /** The square as if it were upright. */
  get bounds(): Box {
    const half = this.side / 2;
    return [this.x - half, this.y - half, this.x + half, this.y + half];
  }
}

/** The smallest square around the picture. */
export function wholePicture({ width, height }: Pick<Picture, "width" | "height">): RotatedSquare {
  return new RotatedSquare(width / 2, height / 2, Math.max(width, height));
}

/** Where to look for the faces of a still first: the whole picture, and with a margin, in each of some quarter turns. */
export function wholeLooks(picture: Pick<Picture, "width" | "height">, turns: readonly number[]): RotatedSquare[] {
  const { x, y, side } = wholePicture(picture);
  return turns.flatMap((turn) => [side, side * ZOOM_OUT].map((wide) => new RotatedSquare(x, y, wide, (turn * Math.PI) / 2)));
}

/** Overlapping tiles, for small faces, so many to the longer side, each in each of some quarter turns. */
export function tileLooks(picture: Pick<Picture, "width" | "height">, parts: number, turns: readonly number[]): RotatedSquare[] {
  const side = wholePicture(picture).side / parts, columns = tileCentres(picture.width, side);
  const centres = tileCentres(picture.height, side).flatMap((y) => columns.map((x) => [x, y] as const));
  return turns.flatMap((turn) => centres.map(([x, y]) => new RotatedSquare(x, y, side, (turn * Math.PI) / 2)));
}

function tileCentres(length: number, side: number): number[] {
  if (length <= side) return [length / 2];
  const gaps = Math.ceil((length - side) / (side / 2));
  return Array.from({ length: gaps + 1 }, (_, i) => side / 2 + ((length - side) * i) / gaps);
}

/** Intersection over union of two boxes. */
export function boxIou(a: Box, b: Box): number {
  const across = Math.max(Math.min(a[2], b[2]) - Math.max(a[0], b[0]), 0);
  const down = Math.max(Math.min(a[3], b[3]) - Math.max(a[1], b[1]), 0);
  const union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - across * down;
  return (across * down) / Math.max(union, 1e-12);
}
