/** NumPy's archives of arrays. */

import { Archive } from "./archive.js";
import { halfToFloat } from "./half_float.js";

const FIRST = 0x93, MAGIC = "NUMPY", HEADER = 10;

/** An array of an archive: its numbers in order, or its text. */
export interface NamedArray {
  readonly shape: readonly number[];
  readonly values: Float32Array;
  readonly text: string;
}

/**
 * Reads one array of a `.npz` file: half or single precision, or a text.
 * @throws Error it is not there, damaged, or of another type.
 */
export function readArray(archive: Archive, name: string, mostBytes: number): NamedArray {
  const content = archive.read(`${name}.npy`, mostBytes), ascii = new TextDecoder();
  if (content[0] !== FIRST || ascii.decode(content.subarray(1, 6)) !== MAGIC || content[6] !== 1) throw new Error(`${name} is no array`);
  const start = HEADER + content[8]! + 256 * content[9]!, header = ascii.decode(content.subarray(HEADER, start));
  const type = /'descr': '(<[fU]\d+)'/.exec(header)?.[1], listed = /'shape': \(([^)]*)\)/.exec(header)?.[1];
  if (!type || listed === undefined || !header.includes("'fortran_order': False")) throw new Error(`${name} is of a type that is not read`);
  const shape = listed.split(",").map((part) => part.trim()).filter(Boolean).map(Number), count = shape.reduce((product, side) => product * side, 1);
  const each = type.startsWith("<U") ? 4 * Number(type.slice(2)) : Number(type.slice(2)), data = content.slice(start).buffer;
  if (data.byteLength !== count * each) throw new Error(`${name} has ${data.byteLength} bytes`);
  // Typed arrays read in the machine's byte order, which is little-endian wherever a browser runs today.
  if (type === "<f2") return { shape, values: Float32Array.from(new Uint16Array(data), halfToFloat), text: "" };
  if (type === "<f4") return { shape, values: new Float32Array(data), text: "" };
  if (type.startsWith("<U")) {
    return { shape, values: new Float32Array(0), text: String.fromCodePoint(...new Uint32Array(data)).replace(/\0+$/, "") };
  }
  throw new Error(`${name} is of a type that is not read`);
}
