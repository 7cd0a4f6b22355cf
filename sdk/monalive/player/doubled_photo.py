"""How a photo is read between its pixels: with a cubic, or linearly from a large crop that was doubled once.

The second takes a quarter of the time and is a little softer (docs/speed.md).
"""

from __future__ import annotations

import functools
import math
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.crop import SquareCrop

# Crops of so many pixels a side are worth it; larger ones would take much memory.
_SIDES: Final = range(1025, 2049)
_NO_SECOND_MAP: Final[Any] = None  # OpenCV takes both coordinates in one map; not every version's types know it
# Pixels that are still found beside the crop, in its sides.
_BESIDE: Final = 1 / 32
# Of the three pixels on either side of a place halfway between two: a sinc in Lanczos' window.
_SINC: Final = np.sinc(np.arange(-2.5, 3)) * np.sinc(np.arange(-2.5, 3) / 3)
_HALFWAY: Final = _SINC / _SINC.sum()


class DoubledPhoto:
    """Pixels of a photo around a crop, and between every two of them another one. Nobody may change the photo later.

    Attributes:
        photo: (H, W, 3) uint8.
    """

    def __init__(self, photo: NDArray[np.uint8], crop: SquareCrop) -> None:
        self.photo = photo
        left, top, side = crop.snapped()
        beside = math.ceil(side * _BESIDE)
        self._corner = max(left - beside, 0), max(top - beside, 0)
        x, y = self._corner
        self._part = np.s_[y : top + side + beside, x : left + side + beside]

    @staticmethod
    def of(photo: NDArray[np.uint8], crop: SquareCrop) -> DoubledPhoto | None:
        """The photo doubled, if it is worth it."""
        return DoubledPhoto(photo, crop) if crop.snapped()[2] in _SIDES else None

    @functools.cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """(h, w, 3) uint8: every other one, in every other row, is a pixel of the photo as it is."""
        part = self.photo[self._part]
        height, width = part.shape[:2]
        doubled = np.empty((height, 2, width, 6), np.uint8)  # rows of pairs of pixels
        below = _halfway(part, down=True)
        side_by_side = [channel for number in range(6) for channel in (number, number)]
        for number, row in enumerate((part, below)):
            cv2.mixChannels([row, _halfway(row, down=False)], [doubled[:, number]], side_by_side)
        return doubled.reshape(2 * height, 2 * width, 3)

    def grid(self, places: NDArray[np.float32]) -> NDArray[np.float32]:
        """Pixels of the photo (..., 2) as pixels of this, both counted as cv2 does, their middles at whole numbers."""
        return np.asarray((places - np.array(self._corner, np.float32)) * 2, np.float32)

    def place(self, place: NDArray[np.float64]) -> NDArray[np.float64]:
        """An affine map (2, 3) to pixels of the photo as one to pixels of this, both with middles at halves."""
        x, y = self._corner
        doubled: NDArray[np.float64] = 2 * place - np.array([[0, 0, 2 * x + 0.5], [0, 0, 2 * y + 0.5]])
        return doubled


def read_doubled(pixels: NDArray[np.uint8], places: NDArray[np.float32], out: NDArray[np.uint8]) -> None:
    """Reads doubled pixels at places (h, w, 2), x then y, into `out` (h, w, 3)."""
    # In fixed point: half the time of linear reading.
    maps = cv2.convertMaps(places, _NO_SECOND_MAP, cv2.CV_16SC2)
    cv2.remap(pixels, *maps, cv2.INTER_LINEAR, dst=out, borderMode=cv2.BORDER_REPLICATE)


def read_cubic(photo: NDArray[np.uint8], places: NDArray[np.float32], out: NDArray[np.uint8]) -> None:
    """Reads a photo as it is, (H, W) or (H, W, 3), at places (h, w, 2), x then y, into `out`."""
    cv2.remap(photo, places, _NO_SECOND_MAP, cv2.INTER_CUBIC, dst=out, borderMode=cv2.BORDER_REPLICATE)


def _halfway(pixels: NDArray[np.uint8], *, down: bool) -> NDArray[np.uint8]:
    """What lies halfway to the next pixel to the right, or below."""
    kernel = _HALFWAY[:, None] if down else _HALFWAY[None]
    before = (len(_HALFWAY) - 1) // 2
    anchor = (0, before) if down else (before, 0)
    return np.asarray(cv2.filter2D(pixels, -1, kernel, anchor=anchor, borderType=cv2.BORDER_REPLICATE), np.uint8)
