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
  /** How the crop lies under the square of whole pixels nearest to it, in cells of the network's picture. */
  readonly #shift: { readonly scale: number; readonly x: number; readonly y: number };
  readonly #left: number;
  readonly #top: number;
  readonly #side: number;
  readonly #columns: Enlarging;
  readonly #rows: Enlarging;

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
    const scale = side / crop.side, cells = NETWORK_SIZE / crop.side;
    this.#shift = { scale, x: (left - crop.x) * cells + scale / 2 - 0.5, y: (top - crop.y) * cells + scale / 2 - 0.5 };
    const enlarging = (shift: number): Enlarging => {
      if (side < NETWORK_SIZE) return { linear: taps(side, side, "linear"), cubic: taps(side, side, "cubic") };
      const [linear, cubic] = (["linear", "cubic"] as const).map((kernel) => taps(NETWORK_SIZE, side, kernel, scale, shift));
      return { linear: linear!, cubic: cubic! };
    };
    this.#columns = enlarging(this.#shift.x);
    this.#rows = enlarging(this.#shift.y);
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
    return this.#fitted({ width: NETWORK_SIZE, height: NETWORK_SIZE, channels: 3, data });
  }

  /** (256, 256, 3) painted colours as levels in [0, 255]. */
  #paint(painted: Float32Array): Field {
    const data = new Float32Array(painted.length);
    for (let i = 0; i < data.length; i++) data[i] = level(painted[i]! * 255);
    return this.#fitted({ width: NETWORK_SIZE, height: NETWORK_SIZE, channels: 3, data });
  }

  /** A crop smaller than the network's picture: the field is shrunk to it by areas. Others are enlarged pixel by pixel. */
  #fitted(field: Field): Field {
    if (this.#side >= NETWORK_SIZE) return field;
    const { scale, x, y } = this.#shift;
    return resizeField(shiftField(field, scale, x, y), this.#side, this.#side, "area");
  }

  #blend(photo: Picture, motion: Field, paint: Field): Picture {
    const frame = newPicture(this.width, this.height);
    frame.data.set(photo.data);
    const { width, height } = photo, from = photo.data, to = frame.data;
    const { linear, cubic } = this.#columns, side = this.#side;
    const motionRow = new Float32Array(motion.width * 3), paintRow = new Float32Array(paint.width * 3);
    const x0 = Math.max(-this.#left, 0), x1 = Math.min(side, width - this.#left);
    const y0 = Math.max(-this.#top, 0), y1 = Math.min(side, height - this.#top);
    for (let y = y0; y < y1; y++) {
      mixRows(motion.data, this.#rows.linear, y, motionRow);
      const painting = leastKept(motionRow) < 1 - LEAST_PAINT;
      if (painting) mixRows(paint.data, this.#rows.cubic, y, paintRow);
      const photoY = y + this.#top;
      for (let x = x0; x < x1; x++) {
        const a = linear.index[x * 2]! * 3, b = linear.index[x * 2 + 1]! * 3, wa = linear.weight[x * 2]!, wb = linear.weight[x * 2 + 1]!;
        const dx = motionRow[a]! * wa + motionRow[b]! * wb;
        const dy = motionRow[a + 1]! * wa + motionRow[b + 1]! * wb;
        const keep = motionRow[a + 2]! * wa + motionRow[b + 2]! * wb;
        const photoX = x + this.#left, at = (photoY * width + photoX) * 4;
        const u = Math.min(Math.max(photoX + dx, 0), width - 1), v = Math.min(Math.max(photoY + dy, 0), height - 1);
        const left = u | 0, top = v | 0, s = u - left, t = v - top;
        const p00 = (top * width + left) * 4, p01 = left + 1 < width ? p00 + 4 : p00;
        const below = top + 1 < height ? width * 4 : 0, p10 = p00 + below, p11 = p01 + below;
        const w00 = (1 - s) * (1 - t), w01 = s * (1 - t), w10 = (1 - s) * t, w11 = s * t;
        let red = from[p00]! * w00 + from[p01]! * w01 + from[p10]! * w10 + from[p11]! * w11;
        let green = from[p00 + 1]! * w00 + from[p01 + 1]! * w01 + from[p10 + 1]! * w10 + from[p11 + 1]! * w11;
        let blue = from[p00 + 2]! * w00 + from[p01 + 2]! * w01 + from[p10 + 2]! * w10 + from[p11 + 2]! * w11;
        if (painting && keep < 1 - LEAST_PAINT) {
          let paintRed = 0, paintGreen = 0, paintBlue = 0;
          for (let i = x * 4; i < x * 4 + 4; i++) {
            const cell = cubic.index[i]! * 3, weight = cubic.weight[i]!;
            paintRed += paintRow[cell]! * weight;
            paintGreen += paintRow[cell + 1]! * weight;
            paintBlue += paintRow[cell + 2]! * weight;
          }
          red = red * keep + level(paintRed) * (1 - keep);
          green = green * keep + level(paintGreen) * (1 - keep);
          blue = blue * keep + level(paintBlue) * (1 - keep);
        }
        to[at] = red;
        to[at + 1] = green;
        to[at + 2] = blue;
      }
    }
    return frame;
  }
}

/** How a row of the network's values becomes one of the photo's pixels. */
interface Enlarging {
  readonly linear: Taps;
  readonly cubic: Taps;
}

/** The smallest share of the photo's own pixels in a row of motion. */
function leastKept(row: Float32Array): number {
  let least = 1;
  for (let i = 2; i < row.length; i += 3) if (row[i]! < least) least = row[i]!;
  return least;
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
