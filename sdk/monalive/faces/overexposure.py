"""Pictures that are white in large parts: toned down, what is left of a face in them is seen again."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

# So much of the picture must be at the upper end of a channel.
_WHITE_LEVEL: Final = 250
_WHITE_SHARE: Final = 0.25
_SAMPLES: Final = 64  # each way, spread over the picture
# The cube of each level: shadows become deep, what is nearly white gets levels apart from one another.
_TONED: Final = np.rint(255.0 * (np.arange(256) / 255.0) ** 3).astype(np.uint8)


def is_overexposed(image: NDArray[np.uint8]) -> bool:
    """Whether a quarter of the picture (H, W, 3) uint8 RGB is at the upper end of a channel."""
    rows, columns = ((np.arange(_SAMPLES) + 0.5) * length / _SAMPLES for length in image.shape[:2])
    sampled = image[np.ix_(rows.astype(np.intp), columns.astype(np.intp))]
    return bool((sampled.max(axis=-1) >= _WHITE_LEVEL).mean() >= _WHITE_SHARE)


def toned_down(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture with the cube of its levels: (H, W, 3) uint8."""
    toned: NDArray[np.uint8] = _TONED[image]
    return toned
