/** Eyes and mouth of a frame, over what the network for the whole picture drew. */

import type { Landmarks } from "./crop.js";
import { ValueError } from "./errors.js";
import type { PasteBack } from "./paste_back.js";
import { PhotoChoice } from "./photo_choice.js";
import { toGrey } from "./picture.js";
import type { EnrolledRegion, Portrait } from "./portrait.js";
import { regionPlace } from "./region_crop.js";
import { type RegionNetworks, REGIONS } from "./region_networks.js";
import { type RegionLayer, RegionPaste } from "./region_paste.js";
import type { Affine } from "./resample.js";

/** A region of a frame: its place in the picture, and what photos contribute, each laid over those before. */
export interface AnimatedRegion {
  readonly place: Affine;
  readonly layers: readonly RegionLayer[];
}

/** Draws a portrait's eyes and mouth. */
export class RegionLayers {
  readonly #paste: RegionPaste;
  /** The first photo, then those that lend; with their addresses in the canvas. */
  readonly #sources: readonly { readonly regions: readonly EnrolledRegion[]; readonly photo: number | undefined }[];
  /** By region. */
  readonly #choices: readonly PhotoChoice[];

  /**
   * @param whole what draws the rest of the face.
   * @param grey paint without colour, into a black-and-white photo.
   * @throws ValueError the portrait was enrolled without these networks.
   */
  constructor(readonly portrait: Portrait, readonly networks: RegionNetworks, readonly whole: PasteBack, readonly grey: boolean) {
    const { regions, lent = [] } = portrait;
    if (!regions.length) {
      throw new ValueError("the portrait was enrolled without networks of eyes and mouth; enrol its photo again");
    }
    this.#sources = [{ regions, photo: undefined }, ...lent.map((other) => ({ regions: other.regions, photo: whole.canvas.lend(other.photo) }))];
    this.#choices = REGIONS.map(({ shownBy, opening }, number) =>
      new PhotoChoice(this.#sources.map((source) => source.regions[number]!.landmarks), shownBy, opening));
    this.#paste = new RegionPaste(whole.canvas);
  }

  /**
   * What the networks make of a frame, region by region.
   * @param landmarks wanted, in crop units.
   * @param elapsedMs since the frame before; infinite if it stands alone.
   * @throws ValueError no pose can be fitted to the landmarks.
   */
  async animate(landmarks: Landmarks, elapsedMs: number): Promise<AnimatedRegion[]> {
    const located = await this.networks.locate(landmarks), { crop } = this.portrait;
    return Promise.all(
      located.map(async ({ place, landmarks: wanted }, number) => {
        let sum = 0;
        const shares = this.#choices[number]!.gates(wanted, elapsedMs).map((gate) => (gate ? gate / (sum += gate) : 0));
        const layers = shares.flatMap((share, index) => (share ? [this.#layer(number, index, wanted, share)] : []));
        return { place: regionPlace(place, crop), layers: await Promise.all(layers) };
      }),
    );
  }

  /** Pastes what `animate` gave over the whole's frame; pixels outside the portrait's crop stay as they are. */
  paste(regions: readonly AnimatedRegion[]): void {
    const { left, top, side } = this.whole.square;
    for (const { place, layers } of regions) {
      for (const layer of layers) this.#paste.paste(place, layer, [left, top, left + side, top + side]);
    }
  }

  async #layer(number: number, index: number, wanted: Float32Array, share: number): Promise<RegionLayer> {
    const { regions, photo } = this.#sources[index]!, region = regions[number]!;
    const frame = await this.networks.animate(number, region, wanted);
    if (this.grey) toGrey(frame.painted);
    return { ...frame, place: region.place, share, ...photo !== undefined && { photo } };
  }
}
