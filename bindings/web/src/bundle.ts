/** The bundle: one file with the networks and a manifest that says exactly what they are (an uncompressed zip). */

import { Archive, isRecord, readable } from "./archive.js";
import { ValueError } from "./errors.js";

/** The newest schema that this version reads. */
export const SCHEMA = 2;
const MANIFEST = "manifest.json";
const MAX_BYTES = 512 * 2 ** 20;
const MAX_MANIFEST_BYTES = 2 ** 20;

/** A network's input or output: its name in the API and its tensor's name and shape in the file. */
export interface Port {
  readonly name: string;
  readonly tensor: string;
  readonly shape: readonly number[];
}

/** The manifest's entry of one part. */
export interface PartManifest {
  readonly file: string;
  readonly format: string;
  readonly sha256: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** What outputs say they were made with. */
export interface ModelAbout {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
}

/** An opened bundle. */
export class Bundle {
  private constructor(
    /** The parsed manifest. */
    readonly manifest: Readonly<Record<string, unknown>>,
    /** The networks' files by part name ("enroll", "animate"). */
    readonly parts: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
    /** Of the whole file, hexadecimal. */
    readonly sha256: string,
  ) {}

  /** Version of the weights. */
  get modelVersion(): string {
    return String(this.manifest["model_version"]);
  }

  get about(): ModelAbout {
    return { name: String(this.manifest["name"] ?? ""), version: this.modelVersion, sha256: this.sha256 };
  }

  /**
   * The manifest's entry of one part.
   * @throws ValueError the bundle has no such part, or says nothing about its inputs.
   */
  partManifest(name: string): PartManifest {
    const parts = this.manifest["parts"] as Record<string, Record<string, unknown>>;
    const entry = Object.hasOwn(parts, name) ? parts[name]! : undefined;
    if (!entry) {
      throw new ValueError(`the bundle has no part '${name}', only ${Object.keys(parts).sort().join(", ")}; use a complete bundle`);
    }
    if (!Array.isArray(entry["inputs"]) || !Array.isArray(entry["outputs"])) {
      throw new ValueError(`the bundle's part '${name}' does not say what its inputs and outputs are; get the file again`);
    }
    return { format: "tflite", ...entry } as unknown as PartManifest;
  }

  /**
   * Opens and checks a bundle.
   * @param content the file's bytes.
   * @param where what to call it in an error.
   * @throws ValueError not a bundle, a damaged one (sha256), or one of a newer schema.
   */
  static async load(content: Uint8Array, where = "the bundle"): Promise<Bundle> {
    if (content.length > MAX_BYTES) {
      throw new ValueError(`${where} is larger than any bundle (${MAX_BYTES >> 20} MiB); is it another kind of file?`);
    }
    const { manifest, parts } = readable(
      () => read(new Archive(content), where),
      (reason) => `${where} is not a monalive bundle, or a damaged one: ${reason}`,
    );
    for (const [name, { bytes, sha256 }] of parts) {
      if ((await sha256Of(bytes)) !== sha256) {
        throw new ValueError(`${where}: the part '${name}' is damaged (its sha256 is not the manifest's); get the file again`);
      }
    }
    const contents = new Map([...parts].map(([name, { bytes }]) => [name, bytes]));
    return new Bundle(manifest, contents, await sha256Of(content));
  }
}

interface ReadPart {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly sha256: unknown;
}

function read(archive: Archive, where: string): { manifest: Record<string, unknown>; parts: Map<string, ReadPart> } {
  const manifest = archive.readJson(MANIFEST, MAX_MANIFEST_BYTES);
  if (!isRecord(manifest) || !isRecord(manifest["parts"])) throw new Error("its manifest describes no parts");
  const { schema } = manifest;
  if (!Number.isInteger(schema) || (schema as number) > SCHEMA) {
    throw new ValueError(`${where}: its schema is ${String(schema)}, this version reads up to ${SCHEMA}; update monalive`);
  }
  const parts = new Map<string, ReadPart>();
  let left = MAX_BYTES;
  for (const [name, entry] of Object.entries(manifest["parts"])) {
    if (!isRecord(entry) || typeof entry["file"] !== "string") throw new Error(`the part '${name}' names no file`);
    const member = archive.members.get(entry["file"]);
    if (member && !member.stored) {
      throw new ValueError(`${where}: the part '${name}' is compressed; bundles are stored uncompressed`);
    }
    const bytes = archive.read(entry["file"], left);
    left -= bytes.length; // members that overlap would take more memory than the file is large
    parts.set(name, { bytes, sha256: entry["sha256"] });
  }
  return { manifest, parts };
}

/** In hexadecimal. */
export async function sha256Of(content: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
