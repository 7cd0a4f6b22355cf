/** Networks on LiteRT.js: WASM with threads where the page is cross-origin isolated, else on one thread. */

import { type CompiledModel, loadAndCompile, loadLiteRt, supportsFeature, Tensor, unloadLiteRt } from "@litertjs/core";
import { messageOf } from "./archive.js";
import type { PartManifest } from "./bundle.js";
import { ValueError } from "./errors.js";
import type { Network, Runtime, Tensors } from "./network.js";

export interface LiteRTOptions {
  /** URL of the folder with LiteRT.js' wasm files, ending in a slash. */
  wasmUrl: string;
  /** CPU threads per network. */
  numThreads?: number;
}

export class LiteRT implements Runtime {
  readonly format = "tflite";

  private constructor(readonly numThreads: number) {}

  /**
   * Loads the runtime. Only one at a time in a worker or page.
   * @throws Error its files are missing, or the browser cannot run them.
   */
  static async create({ wasmUrl, numThreads = 2 }: LiteRTOptions): Promise<LiteRT> {
    // Two of LiteRT.js' builds do for all browsers: the one with threads, also for one thread, and the most modest one.
    const threads = globalThis.crossOriginIsolated && (await supportsFeature("relaxedSimd")) && (await supportsFeature("threads"));
    // In a worker LiteRT.js would look for its files, and its threads for their script, beside the worker's.
    (globalThis as { Module?: object }).Module = {
      locateFile: (name: string) => wasmUrl + name,
      mainScriptUrlOrBlob: `${wasmUrl}litert_wasm_threaded_internal.js`,
      print: () => {},
      printErr: () => {},
    };
    await (threads ? loadLiteRt(wasmUrl, { threads }) : loadLiteRt(`${wasmUrl}litert_wasm_compat_internal.js`));
    return new LiteRT(threads ? numThreads : 1);
  }

  async load(content: Uint8Array<ArrayBuffer>, manifest: PartManifest, what: string): Promise<Network> {
    let model: CompiledModel;
    try {
      model = await loadAndCompile(content, { accelerator: "wasm", cpuOptions: { numThreads: this.numThreads } });
    } catch (error) {
      throw new ValueError(`${what} holds a network that LiteRT cannot load: ${messageOf(error)}`);
    }
    return new NamedNetwork(model, manifest, what);
  }

  close(): void {
    unloadLiteRt();
  }
}

/** Inputs and outputs go by the manifest's names. */
class NamedNetwork implements Network {
  readonly #model: CompiledModel;
  readonly #manifest: PartManifest;
  readonly #what: string;

  constructor(model: CompiledModel, manifest: PartManifest, what: string) {
    const names = (entries: readonly { name: string }[]): string => entries.map(({ name }) => name).sort().join();
    if (names(model.getInputDetails()) !== names(manifest.inputs) || names(model.getOutputDetails()) !== names(manifest.outputs)) {
      throw new ValueError(`${what} does not match its manifest: the network's tensors have other names`);
    }
    this.#model = model;
    this.#manifest = manifest;
    this.#what = what;
  }

  async run(inputs: Tensors): Promise<Record<string, Float32Array>> {
    const tensors: Record<string, Tensor> = {};
    try {
      for (const { name, shape } of this.#manifest.inputs) {
        const values = inputs[name];
        if (values?.length !== shape.reduce((product, size) => product * size, 1)) {
          throw new ValueError(`${this.#what} takes '${name}' of shape ${shape.join(" x ")}, got ${values?.length ?? "no"} values`);
        }
        tensors[name] = new Tensor(values as Float32Array<ArrayBuffer>, [...shape]);
      }
      return taken(await this.#model.run(tensors));
    } finally {
      for (const tensor of Object.values(tensors)) tensor.delete();
    }
  }

  close(): void {
    this.#model.delete();
  }
}

/** Copies of the tensors' values; the tensors are let go of. */
function taken(outputs: Record<string, Tensor>): Record<string, Float32Array> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, tensor]) => {
      const values = (tensor.toTypedArray() as Float32Array).slice();
      tensor.delete();
      return [name, values];
    }),
  );
}
