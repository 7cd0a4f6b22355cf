"""The pattern of the pixel mark: waves on a lattice, the same for every platform.

The square that is marked is `TILES` x `TILES` tiles wide. One tile is the sum of 160 plane waves that go into it a
whole number of times, 5 to about 12 times its side: in a square of 256 pixels that is 5 to 13 pixels a wave, fine
enough to hide in skin and hair, coarse enough for H.264 and for half the size. A wave carries two signs (its cosine
and its sine). 128 waves carry the code word; 32 carry signs that are always the same, by which a reader finds
where a tile begins. Because it repeats, the mark has a rhythm of its own that tells its scale after cropping and
resizing.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from monalive.trust.mark_code import CODE_BITS

TILES: Final = 4
SYNC_WAVES: Final = 32
CODE_WAVES: Final = CODE_BITS // 2
_LOWEST: Final = 5.0  # waves per tile
_KEY: Final = "monalive pixel mark 1"


@cache
def waves() -> NDArray[np.int64]:
    """(160, 2) waves per tile (across, down) of half the plane: the code word's, then those of the fixed signs."""
    reach = range(-16, 17)
    half = [(x, y) for y in range(17) for x in reach if (y > 0 or x > 0) and x * x + y * y >= _LOWEST**2]
    half.sort(key=lambda wave: (wave[0] ** 2 + wave[1] ** 2, wave))
    return np.array(sorted(half[: CODE_WAVES + SYNC_WAVES], key=_digest))


@cache
def sync_signs() -> NDArray[np.complex128]:
    """(32,) the fixed signs, as cosine + i sine."""
    bits = hashlib.sha256(_KEY.encode()).digest()
    signs = 1.0 - 2.0 * np.unpackbits(np.frombuffer(bits, np.uint8))[: 2 * SYNC_WAVES]
    return signs[0::2] + 1j * signs[1::2]


@cache
def strengths() -> NDArray[np.float64]:
    """(160,) how strong each wave is, root mean square 1: in proportion to its length, since long ones show least (to
    LPIPS) for what survives of them. In marks of version 1 all are alike."""
    strength = 1.0 / np.hypot(*waves().T)
    return strength / np.sqrt((strength**2).mean())  # type: ignore[no-any-return]


def amplitudes(word: NDArray[np.int8]) -> NDArray[np.complex128]:
    """(160,) of a code word (256,): cosine + i sine of each wave."""
    signs: NDArray[np.complex128] = np.concatenate([word[0::2] + 1j * word[1::2], sync_signs()])
    return signs * strengths()


def render(word: NDArray[np.int8], side: float, across: NDArray[Any], down: NDArray[Any]) -> NDArray[np.float32]:
    """The pattern at chosen places.

    Args:
        word: (256,) of -1 and 1.
        side: of the marked square, pixels.
        across, down: (W,), (H,) places of the pixels' centres, pixels from the square's upper left corner.

    Returns:
        (H, W) float32, mean square 1.
    """
    highest = int(np.abs(waves()).max())
    spectrum = np.zeros((highest + 1, 2 * highest + 1), np.complex128)
    spectrum[waves()[:, 1], waves()[:, 0] + highest] = amplitudes(word)
    turn = 2j * np.pi * TILES / side
    horizontal = np.exp(turn * np.outer(np.arange(-highest, highest + 1), across))  # (2K+1, W)
    vertical = np.exp(turn * np.outer(down, np.arange(highest + 1)))  # (H, K+1)
    pattern: NDArray[np.float64] = (vertical @ spectrum @ horizontal).real / np.sqrt(len(waves()))
    return pattern.astype(np.float32)


def _digest(wave: tuple[int, int]) -> bytes:
    return hashlib.sha256(f"{_KEY}: {wave[0]} {wave[1]}".encode()).digest()
