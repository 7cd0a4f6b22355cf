/** Pastes an eye or the mouth over a frame: the photo's own pixels, moved at native resolution, and painted ones. */

import type { Canvas } from "./canvas.js";
import { writeLevels } from "./picture.js";
import type { Box } from "./region.js";
import { regionScale, samplesAcross } from "./region_crop.js";
import type { Affine } from "./resample.js";

/** Width of the band inside a crop's edges where it fades out, in the crop's width or height. */
const FADE_WIDTH = 0.14;
/** Bytes of a cell, two times four float32, and numbers of the loop's `map`. */
const CELL = 32, MAP = 7 * 4;

/** What a photo contributes to a region. All of it in the region's crop, (height, width). */
export interface RegionLayer {
  /** The photo's address in the canvas; by default of that which it shows. */
  readonly photo?: number;
  /** How opaque it lies over what is there, from 0 to 1 (default). */
  readonly share?: number;
  /** From crop pixels to photo pixels, see `region_crop.ts`. */
  readonly place: Affine;
  readonly width: number;
  readonly height: number;
  /**
   * (h, w, 2) crop pixels, x then y: the place in the photo's crop where the content of each place of the frame's crop comes
   * from, minus that place.
   */
  readonly flow: Float32Array;
  /** (h, w) in [0, 1]; 1 takes the photo's moved pixels, 0 the painted ones. */
  readonly mask: Float32Array;
  /** (h, w, 3) RGB in about [0, 1]. */
  readonly painted: Float32Array;
}

/** Pastes regions of any place and size into a canvas, from its photo. */
export class RegionPaste {
  readonly #canvas: Canvas;
  readonly #map: number;
  #cells = 0;
  #room = 0;

  constructor(canvas: Canvas) {
    this.#canvas = canvas;
    this.#map = canvas.room(MAP * 4);
  }

  /**
   * Pastes one region over the canvas' frame. Pixels outside the crop stay as they are, bit for bit.
   * @param place from crop pixels to pixels of the frame.
   * @param bounds in whole pixels: nothing beyond changes.
   */
  paste(place: Affine, layer: RegionLayer, bounds: Box): void {
    const { width, height } = layer, canvas = this.#canvas, [left, top, right, bottom] = bounds;
    const [a, b, c, d, e, f] = place;
    const xs = [c, a * width + c, b * height + c, a * width + b * height + c];
    const ys = [f, d * width + f, e * height + f, d * width + e * height + f];
    const x0 = Math.max(Math.floor(Math.min(...xs)), left, 0), x1 = Math.min(Math.ceil(Math.max(...xs)), right, canvas.width);
    const y0 = Math.max(Math.floor(Math.min(...ys)), top, 0), y1 = Math.min(Math.ceil(Math.max(...ys)), bottom, canvas.height);
    if (!(x0 < x1 && y0 < y1)) return;
    const samples = samplesAcross(1 / regionScale(place));
    this.#writeCells(layer);
    this.#writeMap(place, layer, x0, y0, samples);
    canvas.paste(layer.photo ?? canvas.photo, this.#cells, width, height, this.#map, samples, x0, y0, x1, y1);
  }

  #writeCells({ place: [a, b, c, d, e, f], width, height, flow, mask, painted }: RegionLayer): void {
    const bytes = ((height + 1) * width + 1) * CELL; // one more row and cell: the neighbours of the last ones
    if (bytes > this.#room) this.#cells = this.#canvas.room((this.#room = bytes));
    const cells = this.#canvas.floats(this.#cells, width * height * (CELL / 4));
    for (let v = 0, i = 0, to = 0; v < height; v++) {
      for (let u = 0; u < width; u++, i++, to += 8) {
        const x = u + 0.5 + flow[i * 2]!, y = v + 0.5 + flow[i * 2 + 1]!;
        cells[to] = a * x + b * y + c - 0.5; // the loop puts a pixel's middle on whole numbers
        cells[to + 1] = d * x + e * y + f - 0.5;
        cells[to + 2] = mask[i]!;
        writeLevels(cells, to + 4, painted, i * 3);
      }
    }
  }

  #writeMap([a, b, c, d, e, f]: Affine, { width, height, share = 1 }: RegionLayer, x0: number, y0: number, samples: number): void {
    const area = a * e - b * d, x = x0 + 0.5 - c, y = y0 + 0.5 - f;
    const along = [e / area, -d / area] as const, down = [-b / area, a / area] as const; // one pixel to the right, one down
    const before = (samples - 1) / (2 * samples);
    const map = this.#canvas.floats(this.#map, MAP);
    const write = (vector: number, u: number, v: number): void => map.set([u, v], vector * 4);
    write(0, along[0] * x + down[0] * y, along[1] * x + down[1] * y);
    write(1, ...along);
    write(2, ...down);
    write(3, -(along[0] + down[0]) * before, -(along[1] + down[1]) * before);
    write(4, along[0] / samples, along[1] / samples);
    write(5, down[0] / samples, down[1] / samples);
    write(6, 1 / (FADE_WIDTH * width), 1 / (FADE_WIDTH * height));
    map[6 * 4 + 2] = share;
  }
}
