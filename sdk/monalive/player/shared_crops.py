"""Faces that stand so close together that their crops overlap: whose movement shows where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from monalive.faces.crop import SquareCrop

# How steeply a face gives way to its neighbour: in the middle between two both show in equal parts, a tenth of a crop
# nearer to one of them this one shows by nine tenths.
_STEEPNESS: Final = 6.0
_LEAST: Final = 1e-3  # nearness of a crop to what lies at its edge, where it may be alone


class CropShares:
    """How much each of several crops of one photo has a say in each pixel it covers, whatever their order.

    Args:
        crops: in photo pixels.
        image_width, image_height: of the photo.

    Attributes:
        order: indices of the crops, in the order in which they must be laid over one another.
    """

    def __init__(self, crops: Sequence[SquareCrop], image_width: int, image_height: int) -> None:
        self.order = sorted(range(len(crops)), key=lambda index: (crops[index].x, crops[index].y, crops[index].side))
        self._boxes = [_box(crop, image_width, image_height) for crop in crops]
        self._shares: dict[int, NDArray[np.float32]] = {}
        for place, index in enumerate(self.order):
            # Rounded to pixels, it covers a bit more than itself.
            mine = np.maximum(self._weights(crops[index], index), _LEAST**_STEEPNESS)
            together = mine.copy()
            for other in self.order[:place]:
                together += self._weights(crops[other], index)
            if any(_touch(self._boxes[index], self._boxes[other]) for other in self.order if other != index):
                self._shares[index] = np.asarray(mine / together, np.float32)[..., None]

    def alone(self, index: int) -> bool:
        """Whether a crop overlaps no other one."""
        return index not in self._shares

    def inside(self, index: int) -> tuple[slice, slice]:
        """The pixels of the photo that a crop covers."""
        left, top, right, bottom = self._boxes[index]
        return np.s_[top:bottom, left:right]

    def lay_over(self, picture: NDArray[np.uint8], index: int, drawn: NDArray[np.uint8]) -> None:
        """Lays a crop over those before it in `order`, in place; `drawn` (h, w, 3) is what it looks like, or (h, w) how
        opaque it is."""
        under: NDArray[Any] = picture[self.inside(index)]
        share = self._shares[index] if drawn.ndim == 3 else self._shares[index][..., 0]
        under[:] = (under + (drawn.astype(np.float32) - under) * share + 0.5).astype(np.uint8)

    def _weights(self, crop: SquareCrop, index: int) -> NDArray[np.float64]:
        """A crop's weight at each pixel that the crop of this index covers: 1 in its middle, 0 from its edges on."""
        left, top, right, bottom = self._boxes[index]
        x = np.abs((np.arange(left, right) + 0.5 - crop.x) / crop.side * 2 - 1)
        y = np.abs((np.arange(top, bottom) + 0.5 - crop.y) / crop.side * 2 - 1)
        nearness = 1 - np.maximum(y[:, None], x[None])
        return np.asarray(np.maximum(nearness, 0) ** _STEEPNESS)


def _box(crop: SquareCrop, width: int, height: int) -> tuple[int, int, int, int]:
    """left, top, right and bottom of what a crop covers of the photo."""
    left, top, side = crop.snapped()
    return max(left, 0), max(top, 0), min(left + side, width), min(top + side, height)


def _touch(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
