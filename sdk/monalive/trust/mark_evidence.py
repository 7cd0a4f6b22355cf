"""What is left of frames once the picture's own content is taken off, as far as its surroundings tell it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_MEAN_SIGMA: Final = 1.8  # pixels
_VARIANCE_SIGMA: Final = 2.4


@dataclass(frozen=True)
class Evidence:
    """A part of the frames, resized, all frames added up.

    Attributes:
        change: (H, W) float32, deviation from the local mean by its local variance.
        weight: (H, W) float32, 1 / local variance.
        scale: pixels of `change` per pixel of the frames.
        left, top: of the part, in pixels of `change`.
    """

    change: NDArray[np.float32]
    weight: NDArray[np.float32]
    scale: float
    left: float
    top: float

    def to_frame(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places (..., 2) in `change`, across and down, as places in the frames."""
        places: NDArray[np.float64] = (points + np.array([self.left, self.top])) / self.scale
        return places

    def part(self, window: tuple[slice, slice]) -> Evidence:
        """A window of it: rows, columns."""
        rows, columns = window
        left, top = self.left + columns.start, self.top + rows.start
        return Evidence(self.change[window], self.weight[window], self.scale, left, top)


def greys_of(frames: Iterable[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """The brightness of frames (H, W, 3) uint8 RGB: (H, W) uint8 each."""
    return [np.asarray(cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY), np.uint8) for frame in frames]


def evidence(greys: Sequence[NDArray[np.uint8]], box: tuple[int, int, int, int], scale: float) -> Evidence:
    """Looks at one part of all frames.

    Args:
        greys: (H, W) frames of one size.
        box: left, top, right, bottom, inside the frames.
        scale: what the part is resized by.
    """
    left, top, right, bottom = box
    size = (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale)))
    change, weight = np.zeros((2, size[1], size[0]), np.float32)
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    for grey in greys:
        picture = cv2.resize(grey[top:bottom, left:right].astype(np.float32), size, interpolation=interpolation)
        rest = picture - cv2.GaussianBlur(picture, (0, 0), _MEAN_SIGMA)
        inverse = 1.0 / (cv2.GaussianBlur(rest * rest, (0, 0), _VARIANCE_SIGMA) + 1.0)
        change += rest * inverse
        weight += inverse
    return Evidence(change, weight, scale, left * scale, top * scale)
