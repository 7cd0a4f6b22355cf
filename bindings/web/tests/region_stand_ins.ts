/** What stands in for the networks of eyes and mouth where a test needs a bundle that has them, and no weights. */

import type { Bundle } from "../src/bundle.js";
import type { Network, Runtime, Tensors } from "../src/network.js";

/** Of the regions' crops: width, height. */
export const SIZES = { eye: [16, 16], mouth: [32, 24] } as const;
/** Where regions begin, in crop units, for a face at (0, 0); they lie as in a mirror, from there to the left. */
export const CORNERS = [[0.6, 0.2], [0.4, 0.2], [0.55, 0.6]] as const;
/** Crop units per pixel of a region's crop. */
export const PER_PIXEL = 0.01;

/** One of the five parts, and what it is run with; `colour` is painted, else the photo's pixels stay where they are. */
export class StandIn implements Network {
  readonly runs: { inputs: Tensors; kept: Tensors | undefined }[] = [];
  closed = 0;
  constructor(readonly part: string, readonly colour?: readonly number[]) {}

  async run(inputs: Tensors, kept?: Tensors): Promise<Record<string, Float32Array>> {
    this.runs.push({ inputs, kept });
    const [step, kind = ""] = this.part.split("_"), { colour } = this;
    if (step === "region") return located(inputs["face_landmarks"]!);
    if (step === "enroll") return { [`${kind}_features`]: Float32Array.of(this.runs.length) };
    const [width, height] = SIZES[kind as keyof typeof SIZES], count = width * height;
    return {
      [`${kind}_flow`]: new Float32Array(count * 2),
      [`${kind}_mask`]: new Float32Array(count).fill(colour ? 0 : 1),
      [`${kind}_painted`]: Float32Array.from({ length: count * 3 }, (_, i) => colour?.[i % 3] ?? 0),
    };
  }

  close(): void {
    this.closed++;
  }
}

/** What `region_crops` gives for a face whose first landmark lies at (x, y), crop units. */
function located([x, y]: Float32Array): Record<string, Float32Array> {
  const places = CORNERS.flatMap(([left, top]) => [-PER_PIXEL, 0, left + x!, 0, PER_PIXEL, top + y!]);
  const landmarks = (value: number): Float32Array => new Float32Array(478 * 2).fill(value);
  return {
    places: Float32Array.from(places),
    left_eye_landmarks: landmarks(1), right_eye_landmarks: landmarks(2), mouth_landmarks: landmarks(3),
  };
}

/** A bundle that has the parts, in name; photos of the tracker and of regions are as large as theirs. */
export function bundleOf(parts: readonly string[]): Bundle {
  const shape = (part: string): number[] => {
    const [width, height] = SIZES[part.split("_")[1] as keyof typeof SIZES] ?? [16, 16];
    return [1, height, width, 3];
  };
  const partManifest = (part: string): object => ({ format: "tflite", inputs: [{ name: `${part.split("_")[1]}_photo`, shape: shape(part) }] });
  return { parts: new Map(parts.map((part) => [part, new Uint8Array()])), partManifest } as unknown as Bundle;
}

/** A runtime of stand-ins, and those that were loaded. */
export function standIns(colour?: readonly number[]): Runtime & { loaded: StandIn[] } {
  const loaded: StandIn[] = [];
  const load = async (_content: unknown, _manifest: unknown, what: string): Promise<Network> => {
    const network = new StandIn(/'(\w+)'/.exec(what)![1]!, colour);
    loaded.push(network);
    return network;
  };
  return { format: "tflite", load, close: () => {}, loaded };
}
