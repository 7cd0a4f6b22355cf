"""How a video's picture changes from frame to frame, and when it becomes another one all at once."""

from __future__ import annotations

from collections import deque
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray

# The picture as 24 x 24 cells, each the mean of 4 x 4 pixels spread over it: of any size, at little cost.
_CELLS, _SAMPLES = 24, 4
# Mean difference of the cells, in levels of 255, above which, and above so many times the usual, a picture is another.
_OTHER_PICTURE, _TIMES_USUAL = 8.0, 3.0
_REMEMBERED: Final = 8  # frames that tell what is usual


class PictureChange:
    """Call it with every frame of a video, in order.

    Attributes:
        share: how much of the picture was clearly another in the last frame than in the one before, from 0 to 1.
    """

    def __init__(self) -> None:
        self.share = 0.0
        self._cells: NDArray[np.float32] | None = None
        self._differences: deque[float] = deque(maxlen=_REMEMBERED)

    def __call__(self, image: NDArray[np.uint8]) -> bool:
        """Whether the picture (H, W, 3) uint8 RGB became another one since the frame before."""
        before, self._cells = self._cells, _cells(image)
        if before is None:
            return False
        changes = np.abs(self._cells - before).mean(axis=-1)
        difference = float(changes.mean())
        self.share = float((changes > _OTHER_PICTURE).mean())
        usual = median(self._differences) if self._differences else 0.0
        self._differences.append(difference)
        return difference > max(_OTHER_PICTURE, _TIMES_USUAL * usual)


def _cells(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(24, 24, 3) mean colours."""
    side = _CELLS * _SAMPLES
    rows, columns = (((np.arange(side) + 0.5) * length / side).astype(np.intp) for length in image.shape[:2])
    sampled = image[rows].take(columns, axis=1).astype(np.float32)
    sums = sampled.reshape(_CELLS, _SAMPLES, -1).sum(1).reshape(_CELLS, _CELLS, _SAMPLES, 3).sum(2)
    return np.asarray(sums / np.float32(_SAMPLES * _SAMPLES))
