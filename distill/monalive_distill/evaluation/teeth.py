"""Whether upper teeth stand still in the skull, as they do, or stick to the lip, read from pictures of one face.

Their texture is followed from one picture that shows them to the next, in the mouth crop, which is laid by the skull.
What it cannot tell: teeth that a picture hides or shows too dark; less than a third of a pixel; teeth that stretch
rather than move; and where lower teeth touch upper ones they count as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.landmarks import LIP_PAIRS
from monalive_distill.regions.frames import MOUTH_SHAPE, face_frames
from monalive_distill.regions.measures import lip_measures, teeth_mask

Image = NDArray[np.uint8]
Landmarks = NDArray[np.float32]

# Teeth are followed where the mouth opens so far (outer-eye-corner distances) and shows so many pixels of upper teeth.
OPEN: Final = 0.06
LEAST_TEETH: Final = 100
# How far they are looked for, in crop pixels; matches less like the teeth than that do not count.
_REACH_X, _REACH_Y = 5, 12
LEAST_MATCH: Final = 0.6
_MIDDLE_LIPS: Final = LIP_PAIRS[3:6]


@dataclass(frozen=True)
class _Teeth:
    """Grey mouth crop, where it shows upper teeth, and the upper lip's lower edge in crop pixels from the top."""

    grey: NDArray[np.float32]
    mask: NDArray[np.bool_]
    lip: float


def teeth_motion(images: Sequence[Image], landmarks: Sequence[Landmarks | None]) -> NDArray[np.float32]:
    """How upper lip and upper teeth move down from one picture that shows teeth to the next one that does.

    Args:
        images: (H, W, 3) uint8 RGB of one face.
        landmarks: (478, 3) of each; None where no face was found.

    Returns:
        (N, 2) in pixels of the mouth crop, about hundredths of the distance between the outer eye corners: lip, teeth.
    """
    shown = [
        teeth
        for image, points in zip(images, landmarks, strict=True)
        if points is not None and (teeth := _teeth(image, points)) is not None
    ]
    moved = []
    for before, after in pairwise(shown):
        shift = _shift(before, after)
        if shift is not None:
            moved.append((after.lip - before.lip, shift))
    return np.array(moved, np.float32).reshape(-1, 2)


def _teeth(image: Image, landmarks: Landmarks) -> _Teeth | None:
    frame = face_frames(landmarks).mouth
    points, crop = frame.to_crop(landmarks, MOUTH_SHAPE), frame.extract(image, MOUTH_SHAPE)
    if lip_measures(points, MOUTH_SHAPE.scale)[0] < OPEN:
        return None
    upper, lower = (points[list(column), 1].mean() for column in zip(*_MIDDLE_LIPS, strict=True))
    mask = teeth_mask(points, crop)
    mask[round(float(upper + lower) / 2) :] = False
    if mask.sum() < LEAST_TEETH:
        return None
    return _Teeth(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32), mask, float(upper))


def _shift(before: _Teeth, after: _Teeth) -> float | None:
    """How far down the teeth of one crop lie in the other; None where they cannot be recognized."""
    # The lip's edge moves with the lip: it is left out. The teeth's own lower edge says most.
    inner = cv2.erode(before.mask.astype(np.uint8), np.ones((3, 3), np.uint8))
    below = np.zeros_like(inner)
    below[4:] = inner[:-4]
    weights = np.maximum(inner, below)
    rows, columns = np.nonzero(weights)
    if len(rows) < LEAST_TEETH:
        return None
    window = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    padded = cv2.copyMakeBorder(after.grey, _REACH_Y, _REACH_Y, _REACH_X, _REACH_X, cv2.BORDER_REPLICATE)
    height, width = (s.stop - s.start for s in window)
    top, left = rows.min(), columns.min()
    around = padded[top : top + height + 2 * _REACH_Y, left : left + width + 2 * _REACH_X]
    match = cv2.matchTemplate(
        around, before.grey[window], cv2.TM_CCOEFF_NORMED, mask=weights[window].astype(np.float32)
    )
    match = np.where(np.isfinite(match), match, -1.0)
    row, column = np.unravel_index(int(match.argmax()), match.shape)
    if match[row, column] < LEAST_MATCH or row in (0, match.shape[0] - 1):
        return None
    above, best, under = match[row - 1 : row + 2, column]
    curve = above - 2 * best + under
    return float(row - _REACH_Y + (0.5 * (above - under) / curve if curve < 0 else 0.0))
