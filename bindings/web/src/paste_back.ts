/** Puts an animated crop back into the photo, moving the photo's own pixels at their native resolution. */

import { Blender, type Enlarging, type Square } from "./blend.js";
import { Canvas } from "./canvas.js";
import { roundHalfEven, type SquareCrop } from "./crop.js";
import { ValueError } from "./errors.js";
import { type Picture, writeLevels } from "./picture.js";
import { resizeField, shiftField, type Taps, taps } from "./resample.js";

/** Side of the network's picture and mask. */
export const NETWORK_SIZE = 256;
/** Width of the band inside the crop's edges where motion fades out, in crop sides. */
export const FEATHER_WIDTH = 0.14;

/**
 * How much of the motion remains near the crop's edges: (256, 256) in [0, 1]. An edge inside the photo must not move,
 * or a seam would show; one on or beyond the photo's border keeps 1.
 */
export function cropFeather(crop: SquareCrop, width: number, height: number, band = FEATHER_WIDTH): Float32Array {
  if (!(band > 0 && band <= 0.5)) throw new ValueError(`the feather's width must lie in (0, 0.5] crop sides, not ${band}`);
  const { left, top, side } = snapped(crop);
  const across = edgeProfile(band, left > 0, left + side < width), down = edgeProfile(band, top > 0, top + side < height);
  return Float32Array.from({ length: NETWORK_SIZE ** 2 }, (_, i) => down[Math.trunc(i / NETWORK_SIZE)]! * across[i % NETWORK_SIZE]!);
}

/**
 * Animates one crop of photos of one size; made once, called for every frame.
 *
 * The flow moves the photo's own pixels, so that detail beyond the network's 256 x 256 is kept; what the network
 * painted is laid over them where the mask asks for it. Towards the crop's edges inside the photo both fade out.
 */
export class PasteBack {
  readonly #feather: Float32Array;
  /** How the crop lies under the square of whole pixels nearest to it, in cells of the network's picture. */
  readonly #shift: { readonly scale: number; readonly x: number; readonly y: number };
  readonly #blender: Blender;
  /** The part of the photo that it draws, in whole pixels; it may reach outside. */
  readonly square: Square;
  /** What it draws into. */
  readonly canvas: Canvas;
  #enlarged: EnlargedFlow | undefined;

  /** @throws ValueError the crop does not touch the photo. */
  constructor(readonly crop: SquareCrop, readonly width: number, readonly height: number) {
    this.square = snapped(crop);
    const { left, top, side } = this.square;
    if (Math.max(left, 0) >= Math.min(left + side, width) || Math.max(top, 0) >= Math.min(top + side, height)) {
      throw new ValueError(`the crop (${crop.x}, ${crop.y}, ${crop.side}) lies outside the photo of ${width} x ${height} pixels`);
    }
    this.#feather = cropFeather(crop, width, height);
    const scale = side / crop.side, perPixel = NETWORK_SIZE / crop.side;
    this.#shift = { scale, x: (left - crop.x) * perPixel + scale / 2 - 0.5, y: (top - crop.y) * perPixel + scale / 2 - 0.5 };
    const along = (shift: number): Enlarging =>
      side < NETWORK_SIZE
        ? { linear: taps(side, side, "linear"), cubic: taps(side, side, "cubic") }
        : { linear: taps(NETWORK_SIZE, side, "linear", scale, shift), cubic: taps(NETWORK_SIZE, side, "cubic", scale, shift) };
    const cells = Math.min(side, NETWORK_SIZE), { x, y } = this.#shift;
    this.canvas = new Canvas(width, height);
    this.#blender = new Blender(this.canvas, cells, this.square, along(x), along(y));
  }

  /**
   * One frame: the photo with its crop animated; outside the crop it is the photo, bit for bit.
   * @param photo not changed; given again, it must be as it was.
   * @param flow (h, h, 2) crop units: where each place's content comes from, minus that place.
   * @param mask (256, 256) in [0, 1]: 1 keeps the photo's moved pixels, 0 takes the painted ones.
   * @param painted (256, 256, 3) in [0, 1].
   * @throws ValueError an argument has another size.
   */
  apply(photo: Picture, flow: Float32Array, mask: Float32Array, painted: Float32Array): Picture {
    this.draw(photo, flow, mask, painted);
    return this.canvas.copy();
  }

  /** As `apply`, but the frame stays in the canvas. */
  draw(photo: Picture, flow: Float32Array, mask: Float32Array, painted: Float32Array): void {
    const places = NETWORK_SIZE ** 2;
    if (photo.width !== this.width || photo.height !== this.height) {
      throw new ValueError(`the photo must be ${this.width} x ${this.height}, not ${photo.width} x ${photo.height}`);
    }
    const flowSide = Math.sqrt(flow.length / 2);
    if (!Number.isInteger(flowSide)) throw new ValueError(`the flow must be (h, h, 2), not ${flow.length} values`);
    if (mask.length !== places || painted.length !== places * 3) {
      throw new ValueError(`the mask must be (${NETWORK_SIZE}, ${NETWORK_SIZE}) and the painted picture as large, three channels`);
    }
    this.#fit(this.#blender.motion, (data) => this.#writeMotion(data, flow, flowSide, mask));
    this.#fit(this.#blender.paint, (data) => writePaint(data, painted));
    this.canvas.show(photo);
    this.#blender.draw();
  }

  /** (256, 256, 4): shift in photo pixels (x, y), and the share of what is painted; faded to the edges. */
  #writeMotion(data: Float32Array, flow: Float32Array, side: number, mask: Float32Array): void {
    if (side !== NETWORK_SIZE && this.#enlarged?.side !== side) this.#enlarged = new EnlargedFlow(side);
    const moved = side === NETWORK_SIZE ? flow : this.#enlarged!.of(flow);
    const feathers = this.#feather, unit = this.crop.side;
    for (let i = 0; i < mask.length; i++) {
      const feather = feathers[i]!, pixels = feather * unit;
      data[i * 4] = moved[i * 2]! * pixels;
      data[i * 4 + 1] = moved[i * 2 + 1]! * pixels;
      data[i * 4 + 2] = (1 - mask[i]!) * feather;
    }
  }

  /** Writes a (256, 256, 4) field; a crop smaller than that takes it shrunk by areas. */
  #fit(to: Float32Array, writeField: (data: Float32Array) => void): void {
    const { side } = this.square;
    if (side >= NETWORK_SIZE) return writeField(to);
    const { scale, x, y } = this.#shift, data = new Float32Array(NETWORK_SIZE ** 2 * 4);
    writeField(data);
    const shifted = shiftField({ width: NETWORK_SIZE, height: NETWORK_SIZE, channels: 4, data }, scale, x, y);
    to.set(resizeField(shifted, side, side, "area").data);
  }
}

/** Flows of one size enlarged to (256, 256, 2), without a tap or an array made per frame. */
class EnlargedFlow {
  readonly #taps: Taps;
  readonly #rows: Float32Array;
  readonly #whole = new Float32Array(NETWORK_SIZE ** 2 * 2);

  constructor(readonly side: number) {
    this.#taps = taps(side, NETWORK_SIZE, "linear");
    this.#rows = new Float32Array(side * NETWORK_SIZE * 2);
  }

  /** Good until the next call. */
  of(flow: Float32Array): Float32Array {
    const { index, weight } = this.#taps, rows = this.#rows, whole = this.#whole, length = NETWORK_SIZE * 2;
    for (let y = 0, to = 0; y < this.side; y++) {
      const row = y * this.side * 2;
      for (let tap = 0; tap < length; tap += 2, to += 2) {
        const low = row + index[tap]! * 2, high = row + index[tap + 1]! * 2, near = weight[tap]!, far = weight[tap + 1]!;
        rows[to] = flow[low]! * near + flow[high]! * far;
        rows[to + 1] = flow[low + 1]! * near + flow[high + 1]! * far;
      }
    }
    for (let tap = 0, to = 0; tap < length; tap += 2) {
      const low = index[tap]! * length, high = index[tap + 1]! * length, near = weight[tap]!, far = weight[tap + 1]!;
      for (let x = 0; x < length; x++, to++) whole[to] = rows[low + x]! * near + rows[high + x]! * far;
    }
    return whole;
  }
}

/** (256, 256, 4): painted colours as levels in [0, 255], opaque. */
function writePaint(data: Float32Array, painted: Float32Array): void {
  for (let from = 0, to = 0; from < painted.length; from += 3, to += 4) writeLevels(data, to, painted, from);
}

/** The whole pixels nearest to a crop. */
export function snapped(crop: SquareCrop): Square {
  return { left: roundHalfEven(crop.x), top: roundHalfEven(crop.y), side: Math.max(1, roundHalfEven(crop.side)) };
}

function edgeProfile(band: number, fadeStart: boolean, fadeEnd: boolean): Float64Array {
  return Float64Array.from({ length: NETWORK_SIZE }, (_, i) => {
    const centre = (i + 0.5) / NETWORK_SIZE;
    let share = 1;
    for (const [wanted, distance] of [[fadeStart, centre], [fadeEnd, 1 - centre]] as const) {
      const t = Math.min(Math.max(distance / band, 0), 1);
      if (wanted) share *= t * t * (3 - 2 * t);
    }
    return share;
  });
}
