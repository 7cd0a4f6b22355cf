/** Reading members of zip archives that may be anything: damaged, or made to fill the memory. */

import { unzipSync } from "fflate";
import { ValueError } from "./errors.js";

const STORED = 0;
const DEFLATED = 8;

/** A member as the archive's directory announces it. */
export interface Member {
  readonly size: number;
  readonly stored: boolean;
}

/** An opened archive: the directory is read, the members are not. */
export class Archive {
  /** @throws Error not a zip archive. */
  constructor(readonly content: Uint8Array) {
    const members = new Map<string, Member>();
    unzipSync(content, {
      filter: ({ name, originalSize, compression }) => {
        members.set(name, { size: originalSize, stored: compression === STORED });
        if (compression !== STORED && compression !== DEFLATED) members.delete(name);
        return false;
      },
    });
    this.members = members;
  }

  readonly members: ReadonlyMap<string, Member>;

  /**
   * A member's bytes, none of them before its announced size is known to be sensible.
   * @throws Error there is no such member, it is larger than `most`, or damaged.
   */
  read(name: string, most: number): Uint8Array<ArrayBuffer> {
    const member = this.members.get(name);
    if (!member) throw new Error(`there is no ${name} in it`);
    if (member.size > most) throw new Error(`${name} has ${member.size} bytes, more than ${most}`);
    const content = unzipSync(this.content, { filter: (entry) => entry.name === name })[name];
    if (content?.length !== member.size) throw new Error(`${name} does not have the ${member.size} bytes it announces`);
    return content.slice();
  }

  /** A member that holds JSON. */
  readJson(name: string, most: number): unknown {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(this.read(name, most)));
  }
}

/** Whether something parsed from JSON is an object, and no list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Runs `read`; what it throws becomes a ValueError worded by `describe`. */
export function reworded<T>(read: () => T, describe: (reason: string) => string): T {
  try {
    return read();
  } catch (error) {
    throw new ValueError(describe(messageOf(error)));
  }
}

/** As `reworded`, but a ValueError says it well already. */
export function readable<T>(read: () => T, describe: (reason: string) => string): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof ValueError ? error : new ValueError(describe(messageOf(error)));
  }
}
