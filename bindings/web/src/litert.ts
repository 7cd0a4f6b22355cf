/** Networks on LiteRT.js: WASM with threads where the page is cross-origin isolated, else on one thread. */

import { type CompiledModel, loadAndCompile, loadLiteRt, supportsFeature, Tensor, unloadLiteRt } from "@litertjs/core";
import { messageOf } from "./archive.js";
import type { PartManifest, Port } from "./bundle.js";
import { ValueError } from "./errors.js";
import { BUSY_PARTS, type Network, type Runtime, type Tensors } from "./network.js";
import { Turns } from "./turns.js";
import type { WasmFiles } from "./wasm_files.js";

/** LiteRT.js, fetched and compiled once, ready to be started in any thread. */
export interface LiteRTProgram {
  readonly script: string;
  readonly module: WebAssembly.Module;
  /** Whether it can use threads. */
  readonly threads: boolean;
}

/** @throws Error its files are missing, or the browser cannot run them. */
export async function loadProgram(files: WasmFiles): Promise<LiteRTProgram> {
  const threads = Boolean(globalThis.crossOriginIsolated) && (await supportsFeature("relaxedSimd")) && (await supportsFeature("threads"));
  const { script, program } = threads ? files.threaded : files.compat;
  const answer = await fetch(program);
  if (!answer.ok) throw new Error(`${program} could not be loaded (${answer.status})`);
  const streamed = answer.headers.get("Content-Type") === "application/wasm"; // some servers do not know the type
  const module = streamed ? await WebAssembly.compileStreaming(answer) : await WebAssembly.compile(await answer.arrayBuffer());
  return { script, module, threads };
}

/** Options of `LiteRT.create`. */
export interface LiteRTOptions {
  program: LiteRTProgram;
  /** CPU threads per busy network, as far as there are cores. */
  numThreads?: number;
  /** How many busy networks it will run. */
  busyNetworks?: number;
}

export class LiteRT implements Runtime {
  readonly format = "tflite";

  private constructor(readonly numThreads: number) {}

  /**
   * Starts the runtime. Only one at a time in a worker or page.
   * @throws Error the browser cannot run it.
   */
  static async create({ program, numThreads = 2, busyNetworks = BUSY_PARTS.length }: LiteRTOptions): Promise<LiteRT> {
    const { script, module, threads } = program;
    let fail: (reason: unknown) => void;
    const failed = new Promise<never>((_, reject) => (fail = reject));
    (globalThis as { Module?: object }).Module = {
      // In a worker LiteRT.js would look for its files, and its threads for their script, beside the worker's.
      mainScriptUrlOrBlob: script,
      instantiateWasm: (imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void) => {
        WebAssembly.instantiate(module, imports).then((instance) => done(instance, module)).catch(fail);
        return {};
      },
      print: () => {},
      printErr: () => {},
    };
    const most = threads ? Math.max(1, Math.min(numThreads, navigator.hardwareConcurrency)) : 1;
    await withCores((most - 1) * busyNetworks, () => Promise.race([loadLiteRt(script), failed]));
    return new LiteRT(most);
  }

  /** Loads a network; see `Runtime`. */
  async load(content: Uint8Array<ArrayBuffer>, manifest: PartManifest, what: string, busy: boolean): Promise<Network> {
    let model: CompiledModel;
    try {
      model = await loadAndCompile(content, { accelerator: "wasm", cpuOptions: { numThreads: busy ? this.numThreads : 1 } });
    } catch (error) {
      throw new ValueError(`${what} holds a network that LiteRT cannot load: ${messageOf(error)}`);
    }
    return new NamedNetwork(model, manifest, what);
  }

  /** Frees the runtime; networks loaded by it no longer work. */
  close(): void {
    unloadLiteRt();
  }
}

/** Inputs and outputs go by the manifest's names. */
class NamedNetwork implements Network {
  readonly #model: CompiledModel;
  readonly #manifest: PartManifest;
  readonly #what: string;
  readonly #turns = new Turns();
  #kept: Record<string, Tensor> = {};
  #keptFor: Tensors = NONE;

  constructor(model: CompiledModel, manifest: PartManifest, what: string) {
    const names = (entries: readonly { name: string }[]): string => entries.map(({ name }) => name).sort().join();
    if (names(model.getInputDetails()) !== names(manifest.inputs) || names(model.getOutputDetails()) !== names(manifest.outputs)) {
      throw new ValueError(`${what} does not match its manifest: the network's tensors have other names`);
    }
    this.#model = model;
    this.#manifest = manifest;
    this.#what = what;
  }

  run(inputs: Tensors, kept: Tensors = NONE): Promise<Record<string, Float32Array>> {
    return this.#turns.take(() => this.#run(inputs, kept)); // what is kept for one run must not go while it is at work
  }

  async #run(inputs: Tensors, kept: Tensors): Promise<Record<string, Float32Array>> {
    if (kept !== this.#keptFor) {
      this.#forget();
      this.#kept = this.#tensors(kept, this.#manifest.inputs.filter(({ name }) => kept[name]));
      this.#keptFor = kept;
    }
    const tensors = this.#tensors(inputs, this.#manifest.inputs.filter(({ name }) => !this.#kept[name]));
    try {
      return taken(await this.#model.run({ ...this.#kept, ...tensors }));
    } finally {
      deleteAll(tensors);
    }
  }

  close(): void {
    this.#forget();
    this.#model.delete();
  }

  #tensors(values: Tensors, ports: readonly Port[]): Record<string, Tensor> {
    const tensors: Record<string, Tensor> = {};
    try {
      for (const { name, shape } of ports) {
        const given = values[name];
        if (given?.length !== shape.reduce((product, size) => product * size, 1)) {
          throw new ValueError(`${this.#what} takes '${name}' of shape ${shape.join(" x ")}, got ${given?.length ?? "no"} values`);
        }
        tensors[name] = new Tensor(given as Float32Array<ArrayBuffer>, [...shape]);
      }
      return tensors;
    } catch (error) {
      deleteAll(tensors);
      throw error;
    }
  }

  #forget(): void {
    deleteAll(this.#kept);
    this.#kept = {};
    this.#keptFor = NONE;
  }
}

const NONE: Tensors = {};

/**
 * Runs `load` with `navigator` telling of so many cores. LiteRT.js makes a helper thread for each, once, used or not; a network
 * keeps those that it was loaded with, and one that gets none left runs on a single thread, whatever it was promised.
 */
async function withCores<T>(count: number, load: () => Promise<T>): Promise<T> {
  Object.defineProperty(navigator, "hardwareConcurrency", { value: count, configurable: true });
  try {
    return await load();
  } finally {
    delete (navigator as { hardwareConcurrency?: number }).hardwareConcurrency;
  }
}

function deleteAll(tensors: Record<string, Tensor>): void {
  for (const tensor of Object.values(tensors)) tensor.delete();
}

/** Copies of the tensors' values; the tensors are let go of. */
function taken(outputs: Record<string, Tensor>): Record<string, Float32Array> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, tensor]) => {
      const values = tensor.toTypedArray() as Float32Array; // a copy
      tensor.delete();
      return [name, values];
    }),
  );
}
