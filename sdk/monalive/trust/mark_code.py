"""The message of the pixel mark, and the error-correcting code that carries it.

64 bits: the version of the mark (4), what the marked square shows (20, see `mark_picture`), an id that is random for
every file (16) and again in its Content Credentials, and a 24-bit checksum over them. They go through a tail-biting
convolutional code of rate 1/4 and constraint length 9 (generators 463, 535, 733, 745 octal, free distance 24), which
a Viterbi decoder takes back from soft values.

Version 1, which releases up to 0.7 wrote and which is still read, has the release (major and minor, 4 + 4 modulo 16)
and an id of 28 bits instead.

What is not a message passes the checksum and has one of the two versions with probability 2**-27, whatever it is: both
are of the decoder's own output. A reader that makes at most `MAX_ATTEMPTS` attempts at one file is therefore wrong
about it with probability 3.6e-7 at most.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

MARK_VERSION: Final = 2
ID_BITS: Final = 16
PICTURE_BITS: Final = 20
MESSAGE_BITS: Final = 64
CODE_BITS: Final = 4 * MESSAGE_BITS
MAX_ATTEMPTS: Final = 48
CHANCE_OF_MISTAKE: Final = MAX_ATTEMPTS * 2.0**-27

_DATA_BITS: Final = 40
_CHECK_BITS: Final = 24
_CHECK_POLYNOMIAL: Final = 0x864CFB  # CRC-24 of OpenPGP (RFC 9580)
_CHECK_START: Final = 0xB704CE
_MEMORY: Final = 8
_STATES: Final = 1 << _MEMORY
_GENERATORS: Final = (0o463, 0o535, 0o733, 0o745)
# Added to the message, so that neither an empty picture nor a plain one decodes to anything.
_SCRAMBLE: Final = 0x9D3C_A17E_52F8_6B04


@dataclass(frozen=True)
class MarkMessage:
    """What the pixels say.

    Attributes:
        file_id: random for every file, 0 to 2**16 - 1 (2**28 - 1 in marks of version 1).
        picture: what the marked square shows, 20 bits; None in marks of version 1.
        release: that wrote a mark of version 1, like "0.7"; None in later ones.
    """

    file_id: int
    picture: int | None = None
    release: str | None = None

    @classmethod
    def random(cls) -> MarkMessage:
        """A message with a new random id."""
        return cls(secrets.randbits(ID_BITS))

    @property
    def id_text(self) -> str:
        """The id as it stands in Content Credentials: four hexadecimal digits, in marks of version 1 seven."""
        return f"{self.file_id:04x}" if self.release is None else f"{self.file_id:07x}"


def encode(file_id: int, picture: int) -> NDArray[np.int8]:
    """The code word of a message: (256,) int8 of -1 and 1.

    Args:
        file_id: 0 to 2**16 - 1.
        picture: 20 bits, see `mark_picture.picture_bits`.
    """
    return _code_word((MARK_VERSION << PICTURE_BITS | picture) << ID_BITS | file_id)


def _code_word(data: int) -> NDArray[np.int8]:
    bits = _bits((data << _CHECK_BITS | _checksum(data)) ^ _SCRAMBLE)
    # Tail-biting: the register starts with the last bits, so it ends as it began.
    register = int("".join(str(bit) for bit in bits[-_MEMORY:][::-1]), 2)
    word = []
    for bit in bits:
        register = bit << _MEMORY | register
        word += [(register & generator).bit_count() & 1 for generator in _GENERATORS]
        register >>= 1
    return (1 - 2 * np.array(word)).astype(np.int8)


def decode(soft: NDArray[np.float64]) -> MarkMessage | None:
    """The message in a code word that came through a noisy channel.

    Args:
        soft: (256,) log-likelihoods up to a factor, positive for 1 and negative for -1.

    Returns:
        None if the checksum or the version is wrong: there is no message, or too much noise.
    """
    value = _viterbi(np.asarray(soft, np.float64).reshape(MESSAGE_BITS, 4)) ^ _SCRAMBLE
    data, check = value >> _CHECK_BITS, value & ((1 << _CHECK_BITS) - 1)
    if _checksum(data) != check:
        return None
    version, rest = data >> 36, data & ((1 << 36) - 1)
    if version == MARK_VERSION:
        return MarkMessage(rest & ((1 << ID_BITS) - 1), rest >> ID_BITS)
    if version == 1:
        return MarkMessage(rest & ((1 << 28) - 1), None, f"{rest >> 32}.{rest >> 28 & 15}")
    return None


def _bits(value: int) -> list[int]:
    return [value >> shift & 1 for shift in reversed(range(MESSAGE_BITS))]


def _checksum(data: int) -> int:
    check = _CHECK_START
    for byte in data.to_bytes(_DATA_BITS // 8, "big"):
        check ^= byte << 16
        for _ in range(8):
            check = check << 1 ^ (_CHECK_POLYNOMIAL | 1 << 24 if check & 1 << 23 else 0)
    return check & 0xFFFFFF


def _signs() -> NDArray[np.float64]:
    """(2, 256, 4): what the code sends for each new bit in each state."""
    registers = np.arange(2)[:, None] << _MEMORY | np.arange(_STATES)[None]
    parity = [[[(int(r) & g).bit_count() & 1 for g in _GENERATORS] for r in row] for row in registers]
    return 1.0 - 2.0 * np.array(parity)


_SENT: Final = _signs()


def _viterbi(soft: NDArray[np.float64]) -> int:
    """The likeliest message of (64, 4) soft values; the trellis is walked round twice, so that it closes."""
    rounds = 2
    gains = np.einsum("nj,bsj->nbs", soft, _SENT)  # (64, 2, 256)
    metric = np.zeros(_STATES)
    # State s with new bit b leads to (b << 7) | (s >> 1): the two states before a new one differ in their last bit.
    came_from = np.empty((rounds * MESSAGE_BITS, _STATES), np.uint8)
    for step in range(rounds * MESSAGE_BITS):
        candidates = (metric[None] + gains[step % MESSAGE_BITS]).reshape(2, _STATES // 2, 2)
        came_from[step] = candidates.argmax(axis=2).ravel()
        metric = candidates.max(axis=2).ravel()
    state = int(metric.argmax())
    value = 0
    for step in reversed(range(rounds * MESSAGE_BITS)):
        # The second half of the second round and the first half of it, both far from the open ends.
        if MESSAGE_BITS // 2 <= step < MESSAGE_BITS // 2 + MESSAGE_BITS:
            value |= (state >> (_MEMORY - 1)) << (MESSAGE_BITS - 1 - step % MESSAGE_BITS)
        state = (state << 1 & (_STATES - 1)) | int(came_from[step, state])
    return value
