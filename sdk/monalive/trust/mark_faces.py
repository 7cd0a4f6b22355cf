"""Where in a picture a mark is likely: in the squares around its faces, which are what is animated and marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive.faces.crop import CROP_FACE_SIZES, CROP_RISE
from monalive.faces.landmarks import LEFT_EYE_CORNERS, MESH_COUNT, RIGHT_EYE_CORNERS
from monalive.faces.tracker import MIN_IMAGE_SIDE, FaceTracker

_MOST_FACES: Final = 4
_EYE_CORNERS: Final = (RIGHT_EYE_CORNERS[0], LEFT_EYE_CORNERS[0])


@dataclass(frozen=True)
class FaceSquare:
    """The square that `portrait_crop` chooses around a face where the photo has room for it.

    Attributes:
        centre: (2,) across, down, pixels.
        side: pixels.
    """

    centre: NDArray[np.float64]
    side: float


def face_squares(images: Sequence[NDArray[np.uint8]]) -> list[FaceSquare]:
    """The squares of the faces in the first of some pictures (H, W, 3) uint8 RGB that shows any, whichever way up, the
    largest first."""
    if min(images[0].shape[:2]) < MIN_IMAGE_SIDE:
        return []
    with FaceTracker(num_faces=_MOST_FACES, settle=True) as tracker:
        faces = next(filter(None, map(tracker.detect, images)), [])
    return [_square(face.landmarks[:MESH_COUNT, :2].astype(np.float64)) for face in faces]


def _square(points: NDArray[np.float64]) -> FaceSquare:
    right, down = points[_EYE_CORNERS[1]] - points[_EYE_CORNERS[0]], np.empty(2)
    right /= np.linalg.norm(right) + 1e-9
    down[:] = -right[1], right[0]
    if (points.mean(axis=0) - points[list(_EYE_CORNERS)].mean(axis=0)) @ down < 0:
        down = -down  # a face in a mirror
    levelled = points @ np.stack([right, down], axis=1)
    low, high = levelled.min(axis=0), levelled.max(axis=0)
    side = float((high - low).max()) * CROP_FACE_SIZES
    middle = (low + high) / 2 - [0, CROP_RISE * side]
    return FaceSquare(middle[0] * right + middle[1] * down, side)
