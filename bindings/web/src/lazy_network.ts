/** A network that few need. */

import type { Network, Tensors } from "./network.js";

/** Loads a network when it is first run. */
export class LazyNetwork implements Network {
  #network: Promise<Network> | undefined;

  /** @param load what goes wrong in it is told to whom runs the network. */
  constructor(readonly load: () => Promise<Network>) {}

  async run(inputs: Tensors, kept?: Tensors): Promise<Record<string, Float32Array>> {
    return (await (this.#network ??= this.load())).run(inputs, kept);
  }

  close(): void {
    this.#network?.then((network) => network.close()).catch(() => {}); // it was never loaded, or is gone with its runtime
  }
}
