"""Where to look for the faces of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive.faces.rotated_square import RotatedSquare, whole_picture

QUARTER_TURNS: Final = (0, 1, 2, 3)
TILES_PER_SIDE: Final = (2, 4)
_ZOOM_OUT: Final = 1.6


def whole_looks(image: NDArray[np.uint8], turns: Sequence[int]) -> list[RotatedSquare]:
    """The whole picture, and with a margin (a face that fills it), in each of some quarter turns clockwise."""
    whole = whole_picture(image)
    sides = (whole.side, whole.side * _ZOOM_OUT)
    return [RotatedSquare(whole.x, whole.y, side, turn * np.pi / 2) for turn in turns for side in sides]


def tile_looks(image: NDArray[np.uint8], parts: int, turns: Sequence[int]) -> list[RotatedSquare]:
    """Overlapping tiles, for small faces: the network sees a face from about a seventh of what it is shown.

    Args:
        image: (H, W, 3).
        parts: how many tiles the picture's longer side holds; they overlap by half.
        turns: quarter turns clockwise; every tile is looked at in each of them.
    """
    height, width = image.shape[:2]
    side = max(height, width) / parts
    centres = [(x, y) for y in _tile_centres(height, side) for x in _tile_centres(width, side)]
    return [RotatedSquare(x, y, side, turn * np.pi / 2) for turn in turns for x, y in centres]


def _tile_centres(length: int, side: float) -> NDArray[np.float64]:
    if length <= side:
        return np.array([length / 2])
    return np.linspace(side / 2, length - side / 2, int(np.ceil((length - side) / (side / 2))) + 1)
