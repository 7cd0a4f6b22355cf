/** Puts an animated crop back into the photo, moving the photo's own pixels at their native resolution. */

import { roundHalfEven, type SquareCrop } from "./crop.js";
import { ValueError } from "./errors.js";
import { type Field, newPicture, type Picture } from "./picture.js";
import { resizeField, shiftField, type Taps, taps } from "./resample.js";

/** Side of the network's picture and mask. */
export const NETWORK_SIZE = 256;
/** Width of the band inside the crop's edges where motion fades out, in crop sides. */
export const FEATHER_WIDTH = 0.14;
/** Paint that would change a pixel by less than half a level is left out. */
const LEAST_PAINT = 0.5 / 255;

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
  readonly #shift: { scale: number; x: number; y: number } | undefined;
  readonly #left: number;
  readonly #top: number;
  readonly #side: number;
  readonly #linear: Taps;
  readonly #cubic: Taps;

  /** @throws ValueError the crop does not touch the photo. */
  constructor(readonly crop: SquareCrop, readonly width: number, readonly height: number) {
    const { left, top, side } = snapped(crop);
    if (Math.max(left, 0) >= Math.min(left + side, width) || Math.max(top, 0) >= Math.min(top + side, height)) {
      throw new ValueError(`the crop (${crop.x}, ${crop.y}, ${crop.side}) lies outside the photo of ${width} x ${height} pixels`);
    }
    this.#feather = cropFeather(crop, width, height);
    this.#left = left;
    this.#top = top;
    this.#side = side;
    if (left !== crop.x || top !== crop.y || side !== crop.side) {
      const scale = side / crop.side, cells = NETWORK_SIZE / crop.side;
      this.#shift = { scale, x: (left - crop.x) * cells + scale / 2 - 0.5, y: (top - crop.y) * cells + scale / 2 - 0.5 };
    }
    this.#linear = taps(NETWORK_SIZE, side, side < NETWORK_SIZE ? "area" : "linear");
    this.#cubic = taps(NETWORK_SIZE, side, side < NETWORK_SIZE ? "area" : "cubic");
  }

  /**
   * One frame: the photo with its crop animated; outside the crop it is the photo, bit for bit.
   * @param photo not changed.
   * @param flow (h, h, 2) crop units: where each place's content comes from, minus that place.
   * @param mask (256, 256) in [0, 1]: 1 keeps the photo's moved pixels, 0 takes the painted ones.
   * @param painted (256, 256, 3) in [0, 1].
   * @throws ValueError an argument has another size.
   */
  apply(photo: Picture, flow: Float32Array, mask: Float32Array, painted: Float32Array): Picture {
    const places = NETWORK_SIZE ** 2;
    if (photo.width !== this.width || photo.height !== this.height) {
      throw new ValueError(`the photo must be ${this.width} x ${this.height}, not ${photo.width} x ${photo.height}`);
    }
    const flowSide = Math.sqrt(flow.length / 2);
    if (!Number.isInteger(flowSide)) throw new ValueError(`the flow must be (h, h, 2), not ${flow.length} values`);
    if (mask.length !== places || painted.length !== places * 3) {
      throw new ValueError(`the mask must be (${NETWORK_SIZE}, ${NETWORK_SIZE}) and the painted picture as large, three channels`);
    }
    return this.#blend(photo, this.#motion(flow, flowSide, mask), this.#paint(painted));
  }

  /** (256, 256, 3): shift in photo pixels (x, y), and the share that the photo's own pixels keep; faded to the edges. */
  #motion(flow: Float32Array, side: number, mask: Float32Array): Field {
    const small: Field = { width: side, height: side, channels: 2, data: flow };
    const moved = side === NETWORK_SIZE ? small : resizeField(small, NETWORK_SIZE, NETWORK_SIZE, "linear");
    const data = new Float32Array(NETWORK_SIZE ** 2 * 3);
    for (let i = 0; i < mask.length; i++) {
      const feather = this.#feather[i]!;
      data[i * 3] = moved.data[i * 2]! * feather * this.crop.side;
      data[i * 3 + 1] = moved.data[i * 2 + 1]! * feather * this.crop.side;
      data[i * 3 + 2] = 1 - (1 - mask[i]!) * feather;
    }
    return this.#overSquare({ width: NETWORK_SIZE, height: NETWORK_SIZE, channels: 3, data });
  }

  /** (256, 256, 3) painted colours as levels in [0, 255]. */
  #paint(painted: Float32Array): Field {
    const data = painted.map((value) => Math.min(Math.max(value, 0), 1) * 255);
    return this.#overSquare({ width: NETWORK_SIZE, height: NETWORK_SIZE, channels: 3, data });
  }

  /** A field over the crop as one over the square of whole pixels nearest to it. */
  #overSquare(field: Field): Field {
    const shift = this.#shift;
    return shift ? shiftField(field, shift.scale, shift.x, shift.y) : field;
  }

  #blend(photo: Picture, motion: Field, paint: Field): Picture {
    const frame = newPicture(this.width, this.height);
    frame.data.set(photo.data);
    const { width, height } = photo, from = photo.data, to = frame.data;
    const linear = this.#linear, cubic = this.#cubic, side = this.#side;
    const rowLength = NETWORK_SIZE * 3;
    const motionRow = new Float32Array(rowLength), paintRow = new Float32Array(rowLength);
    const x0 = Math.max(-this.#left, 0), x1 = Math.min(side, width - this.#left);
    const y0 = Math.max(-this.#top, 0), y1 = Math.min(side, height - this.#top);
    for (let y = y0; y < y1; y++) {
      mixRows(motion.data, linear, y, motionRow);
      mixRows(paint.data, cubic, y, paintRow);
      const photoY = y + this.#top;
      for (let x = x0; x < x1; x++) {
        let dx = 0, dy = 0, keep = 0;
        for (let i = linear.first[x]!, end = linear.first[x + 1]!; i < end; i++) {
          const cell = linear.index[i]! * 3, weight = linear.weight[i]!;
          dx += motionRow[cell]! * weight;
          dy += motionRow[cell + 1]! * weight;
          keep += motionRow[cell + 2]! * weight;
        }
        const photoX = x + this.#left, at = (photoY * width + photoX) * 4;
        const u = Math.min(Math.max(photoX + dx, 0), width - 1), v = Math.min(Math.max(photoY + dy, 0), height - 1);
        const left = u | 0, top = v | 0, s = u - left, t = v - top;
        const p00 = (top * width + left) * 4, p01 = left + 1 < width ? p00 + 4 : p00;
        const below = top + 1 < height ? width * 4 : 0, p10 = p00 + below, p11 = p01 + below;
        const w00 = (1 - s) * (1 - t), w01 = s * (1 - t), w10 = (1 - s) * t, w11 = s * t;
        let r = from[p00]! * w00 + from[p01]! * w01 + from[p10]! * w10 + from[p11]! * w11;
        let g = from[p00 + 1]! * w00 + from[p01 + 1]! * w01 + from[p10 + 1]! * w10 + from[p11 + 1]! * w11;
        let b = from[p00 + 2]! * w00 + from[p01 + 2]! * w01 + from[p10 + 2]! * w10 + from[p11 + 2]! * w11;
        if (keep < 1 - LEAST_PAINT) {
          let pr = 0, pg = 0, pb = 0;
          for (let i = cubic.first[x]!, end = cubic.first[x + 1]!; i < end; i++) {
            const cell = cubic.index[i]! * 3, weight = cubic.weight[i]!;
            pr += paintRow[cell]! * weight;
            pg += paintRow[cell + 1]! * weight;
            pb += paintRow[cell + 2]! * weight;
          }
          r = r * keep + level(pr) * (1 - keep);
          g = g * keep + level(pg) * (1 - keep);
          b = b * keep + level(pb) * (1 - keep);
        }
        to[at] = r;
        to[at + 1] = g;
        to[at + 2] = b;
      }
    }
    return frame;
  }
}

/** One row of an enlarged field, still as narrow as the field. */
function mixRows(data: Float32Array, rows: Taps, y: number, out: Float32Array): void {
  out.fill(0);
  for (let i = rows.first[y]!, end = rows.first[y + 1]!; i < end; i++) {
    const from = rows.index[i]! * out.length, weight = rows.weight[i]!;
    for (let j = 0; j < out.length; j++) out[j]! += data[from + j]! * weight;
  }
}

function level(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

function snapped(crop: SquareCrop): { left: number; top: number; side: number } {
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
