/** A runtime in a worker of its own, so that its networks take another core than whoever asks for them. */

import type { PartManifest } from "./bundle.js";
import { type CalledWorker, Calls, type Scope, serve } from "./calls.js";
import { ValueError } from "./errors.js";
import type { Network, Runtime, Tensors } from "./network.js";

interface RuntimeCalls {
  open: [unknown, void];
  load: [{ content: Uint8Array<ArrayBuffer>; manifest: PartManifest; what: string; busy: boolean }, number];
  /** `kept`: the number of inputs that stay for many runs; their values only the first time. */
  run: [{ network: number; inputs: Tensors; kept: number; values: Tensors | undefined }, Record<string, Float32Array>];
  close: [number, void];
}

/** The asking side. Runs are carried out in the order in which they are asked for; one may be asked for before the last has ended. */
export class RemoteRuntime implements Runtime {
  readonly #calls: Calls<RuntimeCalls>;
  readonly #opened: Promise<void>;

  /**
   * @param worker one that does `serveRuntime`; it ends with this.
   * @param settings for its runtime.
   */
  constructor(worker: CalledWorker, settings?: unknown, readonly format = "tflite") {
    this.#calls = new Calls(worker, (reason) => new Error(`the worker of the networks stopped: ${reason}`));
    this.#opened = this.#calls.ask("open", settings);
    this.#opened.catch(() => {}); // told to whom loads a network
  }

  async load(content: Uint8Array<ArrayBuffer>, manifest: PartManifest, what: string, busy: boolean): Promise<Network> {
    await this.#opened;
    return new RemoteNetwork(this.#calls, await this.#calls.ask("load", { content, manifest, what, busy }));
  }

  close(): void {
    this.#calls.fail("it was closed");
  }
}

class RemoteNetwork implements Network {
  readonly #calls: Calls<RuntimeCalls>;
  readonly #network: number;
  #kept: Tensors | undefined;
  #keptCount = 0;

  constructor(calls: Calls<RuntimeCalls>, network: number) {
    this.#calls = calls;
    this.#network = network;
  }

  run(inputs: Tensors, kept: Tensors = NONE): Promise<Record<string, Float32Array>> {
    const values = kept === this.#kept ? undefined : kept;
    if (values) this.#keptCount++;
    this.#kept = kept;
    return this.#calls.ask("run", { network: this.#network, inputs, kept: this.#keptCount, values });
  }

  close(): void {
    this.#calls.ask("close", this.#network).catch(() => {}); // closed with its runtime
  }
}

const NONE: Tensors = {};

/**
 * The answering side: runs networks on a runtime.
 * @param start makes it of the settings that the asking side gives.
 */
export function serveRuntime<Settings>(scope: Scope, start: (settings: Settings) => Promise<Runtime>): void {
  let runtime: Runtime | undefined;
  const networks: { network: Network; kept: { number: number; values: Tensors } }[] = [];
  const called = (number: number): (typeof networks)[number] => {
    const found = networks[number];
    if (!found) throw new ValueError(`there is no network ${number}`);
    return found;
  };
  serve<RuntimeCalls>(scope, {
    handlers: {
      async open(settings) {
        runtime = await start(settings as Settings);
      },
      async load({ content, manifest, what, busy }) {
        if (!runtime) throw new ValueError("the runtime was not started");
        const network = await runtime.load(content, manifest, what, busy);
        return networks.push({ network, kept: { number: 0, values: NONE } }) - 1;
      },
      async run({ network, inputs, kept, values }) {
        const asked = called(network);
        if (values) asked.kept = { number: kept, values };
        if (asked.kept.number !== kept) throw new ValueError(`the inputs ${kept} that stay were never given`);
        return asked.network.run(inputs, asked.kept.values);
      },
      async close(network) {
        called(network).network.close();
      },
    },
    handedOver: (call, result) => (call === "run" ? Object.values(result as Tensors).map(({ buffer }) => buffer as ArrayBuffer) : []),
  });
}
