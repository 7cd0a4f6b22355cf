"""Whether upper teeth stand still in the skull, as they do, or stick to the lip, read from pictures of one face.

Their lower edge is followed from one picture that shows it to the next, in the mouth crop, which is laid by the skull.
What it cannot tell: teeth that a picture hides, shows too dark, or closed upon the lower ones; and teeth that stretch
from those that move. Where landmarks waver, crop, lip and teeth waver together: even true teeth seem to stick a little.
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
from monalive_distill.regions.measures import inner_mouth_mask, lip_measures, teeth_mask

Image = NDArray[np.uint8]
Landmarks = NDArray[np.float32]

# Teeth are followed where the mouth opens so far (outer-eye-corner distances) and their edge is so many pixels wide.
OPEN: Final = 0.06
LEAST_WIDTH: Final = 12
# In crop pixels: what is followed of teeth and of the dark below their edge; how far they are looked for.
_ABOVE, _BELOW = 6, 3
_REACH_X, _REACH_Y = 5, 8
# Matches less like the teeth than that do not count.
LEAST_MATCH: Final = 0.75
_MIDDLE_LIPS: Final = LIP_PAIRS[3:6]


@dataclass(frozen=True)
class _Teeth:
    """Grey mouth crop, 1 about the lower edge of the upper teeth, and how far down the upper lip ends, in pixels."""

    grey: NDArray[np.float32]
    edge: NDArray[np.float32]
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
    edge = _lower_edge(teeth_mask(points, crop), inner_mouth_mask(points, crop))
    if np.count_nonzero(edge.any(0)) < LEAST_WIDTH:
        return None
    lip = float(points[[upper for upper, _ in _MIDDLE_LIPS], 1].mean())
    return _Teeth(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32), edge, lip)


def _lower_edge(teeth: NDArray[np.bool_], mouth: NDArray[np.bool_]) -> NDArray[np.float32]:
    """1 about the lower end of the teeth that begin at the upper lip, in columns where the dark lies below them."""
    edge = np.zeros(teeth.shape, np.float32)
    for x in np.flatnonzero(teeth.any(0)):
        top = int(teeth[:, x].argmax())
        length = int((~teeth[top:, x]).argmax())  # 0: down to the crop's border
        end = top + length
        if length >= 3 and mouth[end : end + _BELOW, x].all() and not teeth[end : end + _BELOW, x].any():
            edge[max(top + 1, end - _ABOVE) : end + _BELOW, x] = 1
    return edge


def _shift(before: _Teeth, after: _Teeth) -> float | None:
    """How far down the teeth of one crop lie in the other; None where they cannot be recognized."""
    rows, columns = np.nonzero(before.edge)
    window = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    padded = cv2.copyMakeBorder(after.grey, _REACH_Y, _REACH_Y, _REACH_X, _REACH_X, cv2.BORDER_REPLICATE)
    height, width = (s.stop - s.start for s in window)
    top, left = rows.min(), columns.min()
    around = padded[top : top + height + 2 * _REACH_Y, left : left + width + 2 * _REACH_X]
    match = cv2.matchTemplate(around, before.grey[window], cv2.TM_CCOEFF_NORMED, mask=before.edge[window])
    match = np.where(np.isfinite(match), match, -1.0)
    row, column = np.unravel_index(int(match.argmax()), match.shape)
    if match[row, column] < LEAST_MATCH or row in (0, match.shape[0] - 1):
        return None
    above, best, under = match[row - 1 : row + 2, column]
    curve = above - 2 * best + under
    return float(row - _REACH_Y + (0.5 * (above - under) / curve if curve < 0 else 0.0))
