"""What a marked square shows, in 20 bits that the mark carries, so that a mark copied to another picture is told.

The bits are signs of the lowest waves of the square's brightness: where it is light and where dark, in large. They
stay as they are when a face moves and when a picture is compressed, resized or turned; another picture has others.
The writer takes them from the first frame; the reader compares them with what the picture it has shows there.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive.faces.crop import SquareCrop
from monalive.trust.mark_code import PICTURE_BITS

SQUARE_SIZE: Final = 64  # pixels of the square
# Half waves across and down, and the mean and deviation of their strength in 368 portraits, in units of the root mean
# square of all 20: a bit says which side of the mean a picture is on.
_WAVES: Final = (
    ((0, 1), -0.17, 1.81),
    ((1, 0), 0.10, 1.44),
    ((1, 1), 0.05, 0.58),
    ((0, 2), -0.13, 1.33),
    ((2, 0), 0.02, 2.25),
    ((1, 2), -0.11, 0.43),
    ((2, 1), 0.47, 0.75),
    ((2, 2), 0.26, 0.80),
    ((0, 3), 0.09, 1.06),
    ((3, 0), -0.04, 0.79),
    ((1, 3), 0.00, 0.37),
    ((3, 1), -0.06, 0.37),
    ((2, 3), 0.07, 0.53),
    ((3, 2), 0.02, 0.32),
    ((0, 4), 0.39, 0.74),
    ((4, 0), 0.68, 1.25),
    ((1, 4), -0.03, 0.25),
    ((4, 1), 0.01, 0.51),
    ((3, 3), -0.01, 0.26),
    ((2, 4), -0.23, 0.44),
)
_PRIOR: Final = 0.05  # share of a pixel's error that is not waves of these 20, for parts of a square


def picture_bits(image: NDArray[np.uint8], square: SquareCrop) -> int:
    """The bits of a square of a picture (H, W, 3) uint8 RGB, the first wave's the highest."""
    grey = square.extract(image, SQUARE_SIZE) @ np.array([0.299, 0.587, 0.114])
    strength = np.tensordot(_basis(), grey, 2)
    above = strength >= _means() * np.sqrt((strength**2).mean())
    return int("".join("1" if bit else "0" for bit in above), 2)


def likeness(bits: int, grey: NDArray[np.float32], known: NDArray[np.bool_]) -> float:
    """How well a picture fits bits.

    Args:
        bits: see `picture_bits`.
        grey: (64, 64) brightness of the square, the right way up.
        known: (64, 64) which of it the picture shows.

    Returns:
        About 3.6 of the picture the bits are of; 0 in the mean of other pictures, with a deviation of 1.2.
    """
    if not known.any():
        return 0.0
    strength = _strength(grey, known)
    beyond = (strength / (np.sqrt((strength**2).mean()) + 1e-9) - _means()) / np.array([sd for *_, sd in _WAVES])
    signs = np.array([1.0 if bits >> shift & 1 else -1.0 for shift in reversed(range(PICTURE_BITS))])
    return float(signs @ beyond / (np.linalg.norm(beyond) + 1e-9))


def _strength(grey: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(20,): of a whole square its waves, of a part what is likely."""
    basis = _basis()
    if known.all():
        return np.tensordot(basis, grey.astype(np.float64), 2)
    norms = (basis**2).sum(axis=(1, 2))
    waves = np.column_stack([np.ones(int(known.sum())), basis[:, known].T])
    spread = np.array([sd for *_, sd in _WAVES]) * np.sqrt(norms.mean()) / norms
    prior = _PRIOR * len(waves) * np.concatenate([[0.0], (spread.mean() / spread) ** 2 * norms / basis[0].size])
    fit = np.linalg.solve(waves.T @ waves + np.diag(prior), waves.T @ grey[known].astype(np.float64))
    return fit[1:] * norms  # type: ignore[no-any-return]


@cache
def _basis() -> NDArray[np.float64]:
    """(20, 64, 64)."""
    place = np.pi * (np.arange(SQUARE_SIZE) + 0.5) / SQUARE_SIZE
    return np.stack([np.outer(np.cos(down * place), np.cos(across * place)) for (across, down), *_ in _WAVES])


def _means() -> NDArray[np.float64]:
    return np.array([mean for _, mean, _ in _WAVES])
