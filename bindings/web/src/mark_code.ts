/** The message of the pixel mark and the code word that carries it, as `monalive.trust.mark_code` (which also reads it). */

import { ValueError } from "./errors.js";
import { PICTURE_BITS } from "./mark_picture.js";

const MARK_VERSION = 2n;
const ID_BITS = 16n;
const MESSAGE_BITS = 64;
const DATA_BYTES = 5;
/** CRC-24 of OpenPGP (RFC 9580). */
const CHECK_POLYNOMIAL = 0x1864cfb, CHECK_START = 0xb704ce, CHECK_BITS = 24n;
/** A convolutional code of rate 1/4 and constraint length 9. */
const MEMORY = 8;
const GENERATORS = [0o463, 0o535, 0o733, 0o745];
const SCRAMBLE = 0x9d3c_a17e_52f8_6b04n;

/** What the pixels say. */
export class MarkMessage {
  /**
   * @param fileId random for every file, 0 to 2**16 - 1.
   * @throws ValueError a number out of range.
   */
  constructor(readonly fileId: number) {
    if (!Number.isInteger(fileId) || fileId < 0 || fileId > 0xffff) {
      throw new ValueError(`a mark says an id of 16 bits, not ${fileId}`);
    }
  }

  /** A message with a new random id. */
  static random(): MarkMessage {
    const [random] = crypto.getRandomValues(new Uint16Array(1));
    return new MarkMessage(random!);
  }
}

/**
 * The code word: 256 values of -1 and 1.
 * @param picture what the marked square shows, see `pictureBits`.
 */
export function encode({ fileId }: MarkMessage, picture: number): Int8Array {
  const data = ((MARK_VERSION << PICTURE_BITS) | BigInt(picture)) << ID_BITS | BigInt(fileId);
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
