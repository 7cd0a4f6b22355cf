/** A bundle's networks run by a Python process beside this one: LiteRT.js wants a browser. */

import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import type { PartManifest } from "../src/bundle.js";
import type { Network, Runtime, Tensors } from "../src/network.js";
import { ROOT } from "./golden.js";

/** It starts the Python in the environment variable MONALIVE_PYTHON, which must have the SDK. See network_server.py. */
export class PythonNetworks {
  #received = Buffer.alloc(0);
  #arrived = (): void => {};
  #last: Promise<unknown> = Promise.resolve();

  private constructor(readonly process: ChildProcess) {
    process.stdout!.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#arrived();
    });
    process.on("exit", () => this.#arrived());
  }

  static start(): PythonNetworks | undefined {
    const python = process.env["MONALIVE_PYTHON"];
    if (!python) return undefined;
    return new PythonNetworks(spawn(python, [path.join(ROOT, "tests/support/network_server.py")], { stdio: ["pipe", "pipe", "ignore"] }));
  }

  /** The runtime for a bundle file. */
  of(bundle: string): Runtime {
    const load = async (_content: unknown, { inputs: taken }: PartManifest, what: string): Promise<Network> => {
      const part = /'(\w+)'/.exec(what)![1]!;
      const run = (inputs: Tensors, kept: Tensors = {}): Promise<Record<string, Float32Array>> => {
        const values = Object.fromEntries(taken.map(({ name }) => [name, (kept[name] ?? inputs[name])!]));
        const answer = this.#last.then(() => this.#ask(bundle, part, values));
        this.#last = answer.catch(() => {});
        return answer;
      };
      return { run, close: () => {} };
    };
    return { format: "tflite", load, close: () => {} };
  }

  close(): void {
    this.process.stdin!.end();
  }

  async #ask(bundle: string, part: string, inputs: Tensors): Promise<Record<string, Float32Array>> {
    const counts = Object.fromEntries(Object.entries(inputs).map(([name, { length }]) => [name, length]));
    this.process.stdin!.write(JSON.stringify({ bundle, part, inputs: counts }) + "\n");
    for (const { buffer, byteOffset, byteLength } of Object.values(inputs)) {
      this.process.stdin!.write(new Uint8Array(buffer, byteOffset, byteLength));
    }
    let end: number;
    while ((end = this.#received.indexOf(10)) < 0) await this.#more();
    const { outputs } = JSON.parse(this.#take(end + 1).toString()) as { outputs: Record<string, number> };
    const made: Record<string, Float32Array> = {};
    for (const [name, count] of Object.entries(outputs)) {
      while (this.#received.length < count * 4) await this.#more();
      made[name] = new Float32Array(Uint8Array.from(this.#take(count * 4)).buffer);
    }
    return made;
  }

  #take(count: number): Buffer {
    const taken = this.#received.subarray(0, count);
    this.#received = this.#received.subarray(count);
    return taken;
  }

  #more(): Promise<void> {
    if (this.process.exitCode !== null) throw new Error("the Python process that runs the networks ended");
    return new Promise((resolve) => (this.#arrived = resolve));
  }
}
