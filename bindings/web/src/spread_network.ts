/** One network in several copies, each of which runs elsewhere. */

import type { Bundle } from "./bundle.js";
import { loadPart, type Network, type Runtime, type Tensors } from "./network.js";

/** Gives each run to the copy with the least to do. Runs may end in another order than they began. */
export class SpreadNetwork implements Network {
  readonly #copies: { readonly network: Network; runs: number }[];

  constructor(networks: readonly Network[]) {
    this.#copies = networks.map((network) => ({ network, runs: 0 }));
  }

  async run(inputs: Tensors, kept?: Tensors): Promise<Record<string, Float32Array>> {
    const copy = this.#copies.reduce((least, other) => (other.runs < least.runs ? other : least));
    copy.runs++;
    try {
      return await copy.network.run(inputs, kept);
    } finally {
      copy.runs--;
    }
  }

  close(): void {
    for (const { network } of this.#copies) network.close();
  }
}

/** A bundle's part with a copy on each of the runtimes; of those with as little to do, the first runs. Errors are those of `loadPart`. */
export async function loadCopies(bundle: Bundle, part: string, runtimes: readonly Runtime[]): Promise<Network> {
  return new SpreadNetwork(await Promise.all(runtimes.map((runtime) => loadPart(bundle, part, runtime))));
}
