/** Faces that stand so close together that their crops overlap: whose movement shows where. As the SDK's `CropShares`. */

import type { SquareCrop } from "./crop.js";
import { snapped } from "./paste_back.js";
import type { Picture } from "./picture.js";

/** How steeply a face gives way to its neighbour: a tenth of a crop nearer to one of them this one shows by nine tenths. */
const STEEPNESS = 6;
/** Nearness of a crop to what lies at its edge, where it may be alone. */
const LEAST = 1e-3;

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** How much each of several crops of one photo has a say in each pixel it covers, whatever their order. */
export class CropShares {
  /** Indices of the crops, in the order in which they must be laid over one another. */
  readonly order: readonly number[];
  readonly #boxes: readonly Box[];
  /** By crop; undefined where it overlaps no other one. */
  readonly #shares: (Float32Array | undefined)[] = [];

  constructor(crops: readonly SquareCrop[], width: number, height: number) {
    this.order = crops.map((_, index) => index).sort((a, b) => compare(crops[a]!, crops[b]!));
    this.#boxes = crops.map((crop) => boxOf(crop, width, height));
    this.order.forEach((index, place) => {
      const box = this.#boxes[index]!;
      if (!this.#boxes.some((other, at) => at !== index && touch(box, other))) return;
      const before = this.order.slice(0, place).map((other) => crops[other]!), shares: number[] = [];
      for (let y = box.top; y < box.bottom; y++) {
        for (let x = box.left; x < box.right; x++) {
          // Rounded to pixels, it covers a bit more than itself.
          const mine = Math.max(weight(crops[index]!, x, y), LEAST ** STEEPNESS);
          shares.push(mine / before.reduce((sum, crop) => sum + weight(crop, x, y), mine));
        }
      }
      this.#shares[index] = Float32Array.from(shares);
    });
  }

  /** Lays a crop over those before it in `order`, in place; `drawn` is a picture of the same size with this crop animated. */
  layOver({ width, data }: Picture, index: number, drawn: Picture): void {
    const { left, top, right, bottom } = this.#boxes[index]!, shares = this.#shares[index];
    for (let y = top, at = 0; y < bottom; y++) {
      const from = (y * width + left) * 4, to = (y * width + right) * 4;
      if (!shares) {
        data.set(drawn.data.subarray(from, to), from);
        continue;
      }
      for (let i = from; i < to; i += 4, at++) {
        for (let channel = i; channel < i + 3; channel++) data[channel]! += (drawn.data[channel]! - data[channel]!) * shares[at]!;
      }
    }
  }
}

/** From left to right. */
function compare(one: SquareCrop, other: SquareCrop): number {
  return one.x - other.x || one.y - other.y || one.side - other.side;
}

/** A crop's weight at a pixel: 1 in its middle, 0 from its edges on. */
function weight(crop: SquareCrop, x: number, y: number): number {
  const across = Math.abs(((x + 0.5 - crop.x) / crop.side) * 2 - 1), down = Math.abs(((y + 0.5 - crop.y) / crop.side) * 2 - 1);
  return Math.max(1 - Math.max(across, down), 0) ** STEEPNESS;
}

/** What a crop covers of the photo. */
function boxOf(crop: SquareCrop, width: number, height: number): Box {
  const { left, top, side } = snapped(crop);
  return { left: Math.max(left, 0), top: Math.max(top, 0), right: Math.min(left + side, width), bottom: Math.min(top + side, height) };
}

function touch(one: Box, other: Box): boolean {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}
