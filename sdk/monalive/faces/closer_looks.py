"""Where to look for a face that was not found at first sight."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive.faces.rotated_square import RotatedSquare, whole_picture

_ZOOM_OUT: Final = 1.6
_TILES_PER_SIDE: Final = (2, 4)
_MIN_TILE_SIDE: Final = 256.0


def closer_looks(image: NDArray[np.uint8]) -> Iterator[list[RotatedSquare]]:
    """Where else to look in a picture in which nothing was found, one attempt at a time.

    First with a margin (a face that fills the picture), then in tiles of a half and of a quarter of the
    longer side that overlap by half (small faces; the network sees a face from about a seventh of what it is
    shown).
    """
    height, width = image.shape[:2]
    whole = whole_picture(image)
    yield [RotatedSquare(whole.x, whole.y, whole.side * _ZOOM_OUT)]
    for parts in _TILES_PER_SIDE:
        side = whole.side / parts
        if side >= _MIN_TILE_SIDE:
            yield [RotatedSquare(x, y, side) for y in _tile_centres(height, side) for x in _tile_centres(width, side)]


def _tile_centres(length: int, side: float) -> NDArray[np.float64]:
    if length <= side:
        return np.array([length / 2])
    return np.linspace(side / 2, length - side / 2, int(np.ceil((length - side) / (side / 2))) + 1)
