/** Eyes and mouth of a frame, over what the network for the whole picture drew. */

import type { Landmarks } from "./crop.js";
import { ValueError } from "./errors.js";
import type { PasteBack } from "./paste_back.js";
import { toGrey } from "./picture.js";
import type { Portrait } from "./portrait.js";
import { regionPlace } from "./region_crop.js";
import type { RegionNetworks } from "./region_networks.js";
import { type RegionLayer, RegionPaste } from "./region_paste.js";
import type { Affine } from "./resample.js";

/** A region of a frame: its place in the picture, and what the photo contributes. */
export interface AnimatedRegion {
  readonly place: Affine;
  readonly layer: RegionLayer;
}

/** Draws a portrait's eyes and mouth. */
export class RegionLayers {
  readonly #paste: RegionPaste;

  /**
   * @param whole what draws the rest of the face.
   * @param grey paint without colour, into a black-and-white photo.
   * @throws ValueError the portrait was enrolled without these networks.
   */
  constructor(readonly portrait: Portrait, readonly networks: RegionNetworks, readonly whole: PasteBack, readonly grey: boolean) {
    if (!portrait.regions.length) {
      throw new ValueError("the portrait was enrolled without networks of eyes and mouth; enrol its photo again");
    }
    this.#paste = new RegionPaste(whole.canvas);
  }

  /**
   * What the networks make of a frame, region by region.
   * @param landmarks wanted, in crop units.
   * @throws ValueError no pose can be fitted to the landmarks.
   */
  async animate(landmarks: Landmarks): Promise<AnimatedRegion[]> {
    const located = await this.networks.locate(landmarks), { regions, crop } = this.portrait;
    return Promise.all(
      located.map(async ({ place, landmarks: wanted }, number) => {
        const frame = await this.networks.animate(number, regions[number]!, wanted);
        if (this.grey) toGrey(frame.painted);
        return { place: regionPlace(place, crop), layer: { ...frame, place: regions[number]!.place } };
      }),
    );
  }

  /** Pastes what `animate` gave over the whole's frame; pixels outside the portrait's crop stay as they are. */
  paste(regions: readonly AnimatedRegion[]): void {
    const { left, top, side } = this.whole.square;
    for (const { place, layer } of regions) this.#paste.paste(place, layer, [left, top, left + side, top + side]);
  }
}
