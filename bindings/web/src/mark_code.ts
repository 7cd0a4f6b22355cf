/** The message of the pixel mark and the code word that carries it, and its way back, as `monalive.trust.mark_code`. */

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
const STATES = 1 << MEMORY;
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

/** Attempts at one file, each of which takes for a message what is none with probability 2**-27. */
export const MAX_ATTEMPTS = 48;

/** What was read: the id as Content Credentials write it, and what the marked square shows; null in marks of version 1. */
export interface ReadMessage {
  readonly id: string;
  readonly picture: number | null;
  /** That wrote a mark of version 1, like "0.7"; null in later ones. */
  readonly release: string | null;
}

/**
 * The message in a code word that came through a noisy channel.
 * @param soft 256 log-likelihoods up to a factor, positive for 1 and negative for -1.
 * @returns null if the checksum or the version is wrong: there is no message, or too much noise.
 */
export function decode(soft: Float64Array): ReadMessage | null {
  const value = likeliest(soft) ^ SCRAMBLE, data = value >> CHECK_BITS;
  if (BigInt(checksum(data)) !== (value & 0xffffffn)) return null;
  const version = data >> 36n;
  const hex = (bits: bigint): string => BigInt.asUintN(Number(bits), data).toString(16).padStart(Number(bits) / 4, "0");
  if (version === MARK_VERSION) return { id: hex(ID_BITS), picture: Number(BigInt.asUintN(20, data >> ID_BITS)), release: null };
  if (version === 1n) return { id: hex(28n), picture: null, release: `${(data >> 32n) & 15n}.${(data >> 28n) & 15n}` };
  return null;
}

/** [register * 4 + generator]: what the code sends. */
const SENT = /* @__PURE__ */ Int8Array.from({ length: 2 * STATES * 4 }, (_, i) => (isOdd((i >> 2) & GENERATORS[i & 3]!) ? -1 : 1));

/** Viterbi's decoder; the trellis is walked round twice, so that it closes. */
function likeliest(soft: Float64Array): bigint {
  const steps = 2 * MESSAGE_BITS, half = STATES / 2;
  let metric = new Float64Array(STATES), next = new Float64Array(STATES);
  const cameFrom = new Uint8Array(steps * STATES);
  for (let step = 0; step < steps; step++) {
    const at = 4 * (step % MESSAGE_BITS);
    const after = (state: number, bit: number): number => {
      const sent = (bit * STATES + state) * 4;
      return metric[state]! + soft[at]! * SENT[sent]! + soft[at + 1]! * SENT[sent + 1]! + soft[at + 2]! * SENT[sent + 2]! + soft[at + 3]! * SENT[sent + 3]!;
    };
    // State s with new bit b leads to (b << 7) | (s >> 1): the two states before a new one differ in their last bit.
    for (let state = 0; state < STATES; state++) {
      const bit = state >> (MEMORY - 1), before = 2 * (state % half);
      const even = after(before, bit), odd = after(before + 1, bit);
      cameFrom[step * STATES + state] = odd > even ? 1 : 0;
      next[state] = Math.max(even, odd);
    }
    [metric, next] = [next, metric];
  }
  let state = metric.indexOf(Math.max(...metric)), value = 0n;
  for (let step = steps - 1; step >= 0; step--) {
    // The second half of the second round and the first half of it, both far from the open ends.
    if (step >= MESSAGE_BITS / 2 && step < MESSAGE_BITS * 1.5) {
      value |= BigInt(state >> (MEMORY - 1)) << BigInt(MESSAGE_BITS - 1 - (step % MESSAGE_BITS));
    }
    state = ((state << 1) & (STATES - 1)) | cameFrom[step * STATES + state]!;
  }
  return value;
}
