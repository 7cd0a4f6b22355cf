"""Finds the lattice on which the mark repeats: how large its tiles are, and how they are turned and stretched.

The mark is the same in all its tiles, so a marked picture is like itself at shifts of whole tiles. A lattice is given
by its two basis vectors, the columns of a (2, 2) matrix: a tile's right and down, in pixels.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

# Further turns, by quarters, and the mirror image are told apart by the mark's fixed signs.
_ANGLES: Final = np.deg2rad(np.arange(-45.0, 45.0, 1.2))
_ASPECTS: Final = np.exp(np.arange(-7, 8) * 0.032)  # 0.8 to 1.25
_SIZE_STEP: Final = 0.02
# Whole tiles right and down: half of the plane, the other half is alike.
_SHIFTS: Final = np.array([(1, 0), (0, 1), (1, 1), (-1, 1), (2, 0), (0, 2), (2, 1), (1, 2), (-2, 1), (-1, 2)])
_ALIKE: Final = 0.035  # lattices that differ by less than this share of a tile count as one
_BINS: Final = 15  # of the spectrum over which its power is levelled


def upright(size: float) -> NDArray[np.float64]:
    """The lattice of square tiles, not turned."""
    return np.eye(2) * size


def likely_lattices(change: NDArray[np.float32], least: float, most: float, count: int) -> list[NDArray[np.float64]]:
    """The lattices on which a picture repeats most, best first.

    Args:
        change: (H, W).
        least, most: sizes of tiles to look for, pixels.
        count: how many are wanted.
    """
    lattices = _grid(round(least), round(most))
    reach = int(2.6 * most) + 2
    height, width = change.shape
    likeness = cv2.blur(_likeness(change, reach), (3, 3))
    shifts = lattices @ _SHIFTS.T.astype(np.float64)  # (N, 2, shifts)
    x, y = shifts[:, 0], shifts[:, 1]
    values = likeness[np.rint(y).astype(np.int64) + reach, np.rint(x).astype(np.int64) + reach]
    overlap = np.maximum(width - np.abs(x), 0) * np.maximum(height - np.abs(y), 0)
    scores = np.where(overlap > 0, values / np.sqrt(np.maximum(overlap, 1)), 0).sum(axis=1)
    best: list[NDArray[np.float64]] = []
    for index in np.argsort(-scores)[:400]:
        lattice = lattices[index]
        size = np.sqrt(abs(np.linalg.det(lattice)))
        if all(np.abs(lattice - other).max() > _ALIKE * size for other in best):
            best.append(lattice)
            if len(best) == count:
                break
    return best


def _likeness(change: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    """(2 reach + 1)²: the picture's correlation with itself at all shifts, every wavelength counting alike."""
    shape = [cv2.getOptimalDFTSize(side + reach) for side in change.shape]
    power = np.abs(np.fft.rfft2(change - change.mean(), shape)).astype(np.float32) ** 2
    level = cv2.blur(power, (_BINS, _BINS))
    likeness = np.fft.irfft2(power / (level + 1e-6 * level.max() + 1e-12), shape)
    rows = np.arange(-reach, reach + 1)
    return likeness[np.ix_(rows % shape[0], rows % shape[1])].astype(np.float32)


@cache
def _grid(least: int, most: int) -> NDArray[np.float64]:
    sizes = least * np.exp(np.arange(0, np.log(most / least) + _SIZE_STEP, _SIZE_STEP))
    size, aspect, angle = (part.ravel() for part in np.meshgrid(sizes, _ASPECTS, _ANGLES, indexing="ij"))
    right: NDArray[Any] = size * np.sqrt(aspect) * np.stack([np.cos(angle), np.sin(angle)])
    down: NDArray[Any] = size / np.sqrt(aspect) * np.stack([-np.sin(angle), np.cos(angle)])
    return np.stack([right, down], axis=-1).transpose(1, 0, 2)
