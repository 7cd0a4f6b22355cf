"""Histograms of the directions of a picture's edges (Dalal and Triggs, CVPR 2005).

Numbers as of OpenCV's `HOGDescriptor` with its default settings; not every release of OpenCV 5 has that class.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

_BINS: Final = 9  # of half a turn: which side of an edge is the bright one does not matter
_CELLS: Final = 8  # along a side of the picture; a block is two by two of them, and blocks overlap by half
_HIGHEST: Final = 0.2  # no single edge counts for more


def edge_histograms(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How strong edges of each direction are, place by place.

    Args:
        grey: (n, n) uint8, n a multiple of 8.

    Returns:
        (1764,) float32: 7 x 7 blocks, each of 2 x 2 cells of 9 directions and of length 1; columns come first.
    """
    planes = _by_direction(grey)
    cell = len(grey) // _CELLS
    blocks = np.lib.stride_tricks.sliding_window_view(planes, (2 * cell, 2 * cell), axis=(0, 1))[::cell, ::cell]
    found = np.einsum("yxbij,ip,jq,ij->xyqpb", blocks, *_weights(cell), optimize=True)
    rows = found.reshape(-1, 4 * _BINS)
    rows = rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 0.1 * rows.shape[1])
    rows = np.minimum(rows, _HIGHEST)
    rows = rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-3)
    return np.asarray(rows, np.float32).ravel()


def _by_direction(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, n, 9): the strength of each pixel's edge, shared between the two directions nearest to its own."""
    light = np.pad(np.sqrt(grey.astype(np.float32)), 1, mode="reflect")
    across, down = light[1:-1, 2:] - light[1:-1, :-2], light[2:, 1:-1] - light[:-2, 1:-1]
    place = np.arctan2(down, across) * (_BINS / np.pi) - 0.5
    first = np.floor(place)
    strength, share = np.hypot(across, down), place - first
    planes = np.zeros((*grey.shape, _BINS), np.float32)
    for turn, part in ((first, 1 - share), (first + 1, share)):
        index = (turn.astype(np.intp) % _BINS)[..., None]
        np.put_along_axis(planes, index, np.take_along_axis(planes, index, -1) + (strength * part)[..., None], -1)
    return planes


@cache
def _weights(cell: int) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """A block's pixels to its two cells, down and across, (2 cell, 2) each; and their fading from its middle."""
    pixels = np.arange(2 * cell)
    place = (pixels + 0.5) / cell - 0.5
    to_cells = np.clip(1 - np.abs(place[:, None] - np.arange(2)), 0, 1).astype(np.float32)
    fading = np.exp(-((pixels - cell) ** 2) / (0.5 * cell**2)).astype(np.float32)
    return to_cells, to_cells, np.outer(fading, fading)
