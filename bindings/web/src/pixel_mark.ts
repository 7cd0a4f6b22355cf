/** The imperceptible mark in the pixels, as `monalive.trust.pixel_mark`: `monalive verify` finds it in the recorded video. */

import type { SquareCrop } from "./crop.js";
import { ValueError } from "./errors.js";
import { encode, type MarkMessage } from "./mark_code.js";
import { keyedWaves, type KeyedWaves, render, spectrumOf, TILES } from "./mark_pattern.js";
import { pictureBits } from "./mark_picture.js";
import type { Field, Picture } from "./picture.js";
import { resizeField } from "./resample.js";

/** Smaller squares hold too few pixels for the message. */
const SMALLEST_SIDE = 64;
/** Where the picture's texture is measured. */
const GUIDE_SIDE = 256;
/** Root mean square of the mark in levels of 0 to 255: per level of texture, and its limits; for what an encoder takes part of it away. */
const STRENGTH = { texture: 0.2, least: 1.4, most: 1.9 };
/** The most of it more that squares smaller than GUIDE_SIDE get, which have fewer pixels to carry as many bits. */
const MOST_GAIN = 1.8;

/** Marks pictures of one size with one message. */
export class PixelMark {
  private constructor(private readonly width: number, private readonly height: number, private readonly parts: readonly MarkedSquare[]) {}

  /**
   * For pictures of one size.
   *
   * @param regions squares to mark, in pixels; what is smaller than 64 pixels or outside the picture is left out.
   */
  static async create(message: MarkMessage, width: number, height: number, regions: readonly SquareCrop[]): Promise<PixelMark> {
    const waves = await keyedWaves();
    const parts = regions.map((region) => MarkedSquare.within(region, width, height, message, waves)).filter((part) => part !== null);
    return new PixelMark(width, height, parts);
  }

  /**
   * Marks a picture in place; outside the squares it stays as it is.
   * @throws ValueError the picture has another size.
   */
  applyTo(picture: Picture): void {
    if (picture.width !== this.width || picture.height !== this.height) {
      throw new ValueError(`this mark is for pictures of ${this.width} x ${this.height}, not ${picture.width} x ${picture.height}`);
    }
    for (const part of this.parts) part.applyTo(picture);
  }
}

class MarkedSquare {
  readonly #shrink: number;
  readonly #gain: number;
  #pattern: Float32Array | undefined;

  private constructor(
    private readonly left: number, private readonly top: number, private readonly width: number, private readonly height: number,
    private readonly region: SquareCrop, private readonly message: MarkMessage, private readonly waves: KeyedWaves,
  ) {
    this.#shrink = Math.max(1, region.side / GUIDE_SIDE);
    this.#gain = Math.min(Math.max((GUIDE_SIDE / region.side) ** 1.5, 1), MOST_GAIN);
  }

  static within(region: SquareCrop, width: number, height: number, message: MarkMessage, waves: KeyedWaves): MarkedSquare | null {
    const left = Math.max(0, Math.ceil(region.x)), right = Math.min(width, Math.floor(region.x + region.side));
    const top = Math.max(0, Math.ceil(region.y)), bottom = Math.min(height, Math.floor(region.y + region.side));
    const across = Math.min(region.x + region.side, width) - Math.max(region.x, 0);
    const down = Math.min(region.y + region.side, height) - Math.max(region.y, 0);
    if (Math.min(across, down) < SMALLEST_SIDE) return null;
    return new MarkedSquare(left, top, right - left, bottom - top, region, message, waves);
  }

  applyTo(picture: Picture): void {
    const { width, data } = picture;
    const pattern = (this.#pattern ??= this.#patternOf(picture));
    const level = this.#level(data, width);
    for (let y = 0, from = 0; y < this.height; y++) {
      for (let x = 0, to = ((this.top + y) * width + this.left) * 4; x < this.width; x++, from++, to += 4) {
        const change = pattern[from]! * level;
        // Clamped bytes round to the nearest.
        data[to]! += change;
        data[to + 1]! += change;
        data[to + 2]! += change;
      }
    }
  }

  /** The pattern says what the square shows in the first frame. */
  #patternOf(picture: Picture): Float32Array {
    const { region, left, top } = this;
    const spectrum = spectrumOf(encode(this.message, pictureBits(picture, region)), this.waves);
    return render(spectrum, region.side, left - region.x, this.width, top - region.y, this.height);
  }

  /** The strength for what is in the square now, in levels: it follows the mean deviation from a local mean. */
  #level(data: Uint8ClampedArray, width: number): number {
    const grey = new Float32Array(this.width * this.height);
    for (let y = 0, to = 0; y < this.height; y++) {
      for (let x = 0, from = ((this.top + y) * width + this.left) * 4; x < this.width; x++, from += 4) {
        grey[to++] = 0.299 * data[from]! + 0.587 * data[from + 1]! + 0.114 * data[from + 2]!;
      }
    }
    let guide: Field = { width: this.width, height: this.height, channels: 1, data: grey };
    if (this.#shrink > 1) {
      const size = (length: number): number => Math.max(1, Math.round(length / this.#shrink));
      guide = resizeField(guide, size(this.width), size(this.height), "area");
    }
    const blur = Math.max(3, Math.round(((this.region.side / this.#shrink / TILES) * 7) / 64) | 1);
    const { texture, least, most } = STRENGTH;
    return this.#gain * Math.min(Math.max(texture * meanDeviation(guide, blur >> 1), least), most);
  }
}

/** Mean distance of a field's values from the mean of the (2 reach + 1)² around them; borders are mirrored. */
function meanDeviation({ width, height, data }: Field, reach: number): number {
  const mirror = (at: number, length: number): number => {
    const inside = Math.abs(at);
    return Math.max(0, Math.min(inside, 2 * (length - 1) - inside));
  };
  const rows = new Float32Array(data.length);
  for (let y = 0; y < height; y++) {
    const start = y * width;
    let sum = 0;
    for (let x = -reach; x <= reach; x++) sum += data[start + mirror(x, width)]!;
    for (let x = 0; x < width; x++) {
      rows[start + x] = sum;
      sum += data[start + mirror(x + reach + 1, width)]! - data[start + mirror(x - reach, width)]!;
    }
  }
  const sums = new Float32Array(width);
  const add = (y: number, sign: number): void => {
    const start = mirror(y, height) * width;
    for (let x = 0; x < width; x++) sums[x]! += sign * rows[start + x]!;
  };
  for (let y = -reach; y <= reach; y++) add(y, 1);
  let total = 0;
  const count = (2 * reach + 1) ** 2;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) total += Math.abs(data[y * width + x]! - sums[x]! / count);
    add(y + reach + 1, 1);
    add(y - reach, -1);
  }
  return total / data.length;
}
