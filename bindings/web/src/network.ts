/** A network, whatever runs it. */

import { ValueError } from "./errors.js";
import type { Bundle, PartManifest } from "./bundle.js";

/** Float32 values by input or output name. */
export type Tensors = Readonly<Record<string, Float32Array>>;

/** A loaded network; one call at a time. */
export interface Network {
  /**
   * Runs it. Inputs that it does not have are passed over.
   * @param kept further inputs that stay as they are for many runs: given as the same object again, they are not copied again.
   */
  run(inputs: Tensors, kept?: Tensors): Promise<Record<string, Float32Array>>;
  /** Lets go of it. */
  close(): void;
}

/** Loads network files. */
export interface Runtime {
  /** The name of what it loads: the bundle's part formats. */
  readonly format: string;
  /**
   * Loads a network.
   *
   * @param content the network's file.
   * @param manifest names and shapes.
   * @param what what to call it in an error.
   * @param busy it runs for every frame and takes most of its time: worth more than one thread.
   */
  load(content: Uint8Array<ArrayBuffer>, manifest: PartManifest, what: string, busy: boolean): Promise<Network>;
  /** Frees the runtime; networks loaded by it no longer work. */
  close(): void;
}

/** The parts that a frame waits for. The others are small, or run once. */
export const BUSY_PARTS: readonly string[] = ["animate", "tracker_landmarks"];

/**
 * A bundle's part as a network.
 * @throws ValueError a part is missing, is for another runtime, or does not match its manifest.
 */
export async function loadPart(bundle: Bundle, part: string, runtime: Runtime): Promise<Network> {
  const manifest = bundle.partManifest(part);
  if (manifest.format !== runtime.format) {
    throw new ValueError(`the bundle's part '${part}' is ${manifest.format}, the browser runs ${runtime.format}; use a LiteRT bundle`);
  }
  return runtime.load(bundle.parts.get(part)!, manifest, `the bundle's part '${part}'`, BUSY_PARTS.includes(part));
}
