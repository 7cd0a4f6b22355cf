/** Several people of one photo following one driver. */

import { CropShares } from "./crop_shares.js";
import type { Landmarks } from "./crop.js";
import type { Anchoring } from "./driver_anchor.js";
import { NETWORK_SIZE } from "./paste_back.js";
import { copyOf } from "./picture.js";
import type { Portrait } from "./portrait.js";
import { type AnimatedFrame, type Player, type PlayerNetworks, PortraitPlayer } from "./portrait_player.js";
import type { RetargetOptions } from "./retarget.js";

/**
 * Each face is made of the photo itself and takes its share where crops overlap: drawn one into the other, the first would be
 * moved once more with the second. What a frame says of its crop and landmarks is of the first portrait.
 */
export class GroupPlayer implements Player {
  readonly #players: readonly PortraitPlayer[];
  readonly #shares: CropShares;

  /** @param portraits two or more, of the same photo. */
  constructor(readonly portraits: readonly Portrait[], networks: PlayerNetworks, options: RetargetOptions) {
    const { width, height } = portraits[0]!.photo;
    this.#players = portraits.map((portrait) => new PortraitPlayer(portrait, networks, options));
    this.#shares = new CropShares(portraits.map(({ crop }) => crop), width, height);
  }

  async start(driver: Landmarks, size: readonly [number, number]): Promise<void> {
    for (const player of this.#players) await player.start(driver, size);
  }

  async anchored(to: Anchoring, size: readonly [number, number]): Promise<void> {
    for (const player of this.#players) await player.anchored(to, size);
  }

  async frame(driver: Landmarks, timestampMs: number): Promise<AnimatedFrame> {
    return (await this.order(driver, timestampMs)).coming;
  }

  async order(driver: Landmarks, timestampMs: number): Promise<{ readonly coming: Promise<AnimatedFrame> }> {
    const ordered = await Promise.all(this.#players.map((player) => player.order(driver, timestampMs)));
    return { coming: this.#together(ordered.map(({ coming }) => coming)) };
  }

  hold(timestampMs: number): Promise<AnimatedFrame> {
    return this.#together(this.#players.map((player) => player.hold(timestampMs)));
  }

  setGains(options: Pick<RetargetOptions, "regions" | "gains">): void {
    for (const player of this.#players) player.setGains(options);
  }

  async #together(coming: readonly Promise<AnimatedFrame>[]): Promise<AnimatedFrame> {
    const frames = await Promise.all(coming), image = copyOf(this.portraits[0]!.photo);
    for (const index of this.#shares.order) this.#shares.layOver(image, index, frames[index]!.image);
    return { ...frames[0]!, image, cropImage: frames[0]!.crop.extract(image, NETWORK_SIZE) };
  }
}
