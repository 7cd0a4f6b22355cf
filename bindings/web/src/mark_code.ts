/** The message of the pixel mark and the code word that carries it, as `monalive.trust.mark_code` (which also reads it). */

import { ValueError } from "./errors.js";

const MARK_VERSION = 1n;
const ID_BITS = 28n;
const MESSAGE_BITS = 64;
const DATA_BYTES = 5;
/** CRC-24 of OpenPGP (RFC 9580). */
const CHECK_POLYNOMIAL = 0x1864cfb, CHECK_START = 0xb704ce, CHECK_BITS = 24n;
/** A convolutional code of rate 1/4 and constraint length 9. */
const MEMORY = 8;
const GENERATORS = [0o463, 0o535, 0o733, 0o745];
const SCRAMBLE = 0x9d3c_a17e_52f8_6b04n;

/** This release of monalive. */
const RELEASE = "0.1.0";

/** What the pixels say. */
export class MarkMessage {
  /**
   * @param fileId random for every file, 0 to 2**28 - 1.
   * @param major of the release that writes it, modulo 16.
   * @param minor likewise.
   * @throws ValueError a number out of range.
   */
  constructor(readonly fileId: number, readonly major: number, readonly minor: number) {
    const within = (value: number, most: number): boolean => Number.isInteger(value) && value >= 0 && value <= most;
    if (!within(fileId, 2 ** 28 - 1) || !within(major, 15) || !within(minor, 15)) {
      throw new ValueError(`a mark says an id of 28 bits and two numbers of 4 bits, not ${fileId}, ${major}, ${minor}`);
    }
  }

  /** A message with a new random id; `release` is like "0.1.0", this one when left out. */
  static forRelease(release = RELEASE): MarkMessage {
    const [major, minor] = release.split(".").map(Number);
    const [random] = crypto.getRandomValues(new Uint32Array(1));
    return new MarkMessage(random! >>> 4, (major ?? 0) % 16, (minor ?? 0) % 16);
  }
}

/** The code word: 256 values of -1 and 1. */
export function encode({ fileId, major, minor }: MarkMessage): Int8Array {
  const data = (((MARK_VERSION << 4n) | BigInt(major)) << 4n | BigInt(minor)) << ID_BITS | BigInt(fileId);
  const message = ((data << CHECK_BITS) | BigInt(checksum(data))) ^ SCRAMBLE;
  const bits = Array.from({ length: MESSAGE_BITS }, (_, i) => Number((message >> BigInt(MESSAGE_BITS - 1 - i)) & 1n));
  // Tail-biting: the register starts with the last bits, so it ends as it began.
  let register = bits.slice(-MEMORY).reduce((sum, bit, i) => sum | (bit << i), 0);
  const word = new Int8Array(4 * MESSAGE_BITS);
  bits.forEach((bit, i) => {
    register |= bit << MEMORY;
    GENERATORS.forEach((generator, j) => (word[4 * i + j] = isOdd(register & generator) ? -1 : 1));
    register >>= 1;
  });
  return word;
}

function isOdd(bits: number): boolean {
  let count = 0;
  for (; bits; bits &= bits - 1) count++;
  return count % 2 === 1;
}

function checksum(data: bigint): number {
  let check = CHECK_START;
  for (let byte = DATA_BYTES - 1; byte >= 0; byte--) {
    check ^= Number((data >> BigInt(8 * byte)) & 255n) << 16;
    for (let bit = 0; bit < 8; bit++) check = (check << 1) ^ (check & 0x800000 ? CHECK_POLYNOMIAL : 0);
  }
  return check & 0xffffff;
}
