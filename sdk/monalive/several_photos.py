"""Several photos of one person: laying them over each other, and choosing the one that fits a frame best."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.crop import SquareCrop
from monalive.landmarks import FACE_OVAL, LANDMARK_COUNT, LEFT_EYE, LIPS_INNER, LIPS_OUTER, RIGHT_EYE, RIGID
from monalive.portrait import PhotoOfPerson

# Another photo must fit this much better than the one in use: faces should not flicker between photos.
_SWITCH_BELOW: Final = 0.8
# Share of the way to the chosen photo that a frame goes: a cross-fade over a handful of frames.
_FADE: Final = 0.35
_LEAST_SHARE: Final = 0.03
_MASK_SIZE: Final = 256

_IMPORTANCE = np.ones(LANDMARK_COUNT)
_IMPORTANCE[[*LEFT_EYE, *RIGHT_EYE, *LIPS_INNER, *LIPS_OUTER]] = 3.0


def matching_crop(landmarks: NDArray[np.float32], first: PhotoOfPerson) -> SquareCrop:
    """The crop of another photo in which the head lies where it lies in the first photo's crop.

    Args:
        landmarks: (478, 3) pixels of the other photo.
        first: the photo whose crop is to be matched.
    """
    wanted, own = first.crop.to_unit(first.landmarks)[list(RIGID), :2], landmarks[list(RIGID), :2]
    side = float(np.linalg.norm(own - own.mean(0)) / np.linalg.norm(wanted - wanted.mean(0)))
    x, y = own.mean(0) - wanted.mean(0) * side
    return SquareCrop(float(x), float(y), side)


def matching_colours(
    image: NDArray[np.uint8], landmarks: NDArray[np.float32], first: PhotoOfPerson
) -> NDArray[np.uint8]:
    """`image` (H, W, 3) uint8 with its face's mean and spread per channel brought to those of the first photo."""
    own, wanted = _face_colours(image, landmarks), _face_colours(first.image, first.landmarks)
    gain = np.clip(wanted[1] / np.maximum(own[1], 1.0), 0.6, 1.6)
    shifted = (image.astype(np.float32) - own[0]) * gain + wanted[0]
    return np.clip(shifted + 0.5, 0, 255).astype(np.uint8)


def face_mask(landmarks: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """(side, side) float32 in [0, 1]: 1 inside the face, fading to 0 at its outline.

    Args:
        landmarks: (478, 2 or 3) in units of the square.
    """
    oval = landmarks[list(FACE_OVAL), :2]
    inner = (oval - oval.mean(0)) * 0.9 + oval.mean(0)
    mask: NDArray[Any] = np.zeros((_MASK_SIZE, _MASK_SIZE), np.float32)
    cv2.fillPoly(mask, [np.round(inner * _MASK_SIZE * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
    mask = cv2.GaussianBlur(mask, (0, 0), 5.0)
    return cv2.resize(mask, (side, side), interpolation=cv2.INTER_LINEAR)  # type: ignore[return-value]


class PhotoChoice:
    """Which photos make up a frame's face: the one whose own face is nearest to the wanted one, faded in and out.

    Args:
        faces: (478, 2) landmarks of every photo in units of its crop; the first photo first.
    """

    def __init__(self, faces: list[NDArray[np.float32]]) -> None:
        self._faces = np.stack(faces)
        self._chosen = 0
        self._shares = np.eye(len(faces))[0]

    def shares(self, wanted: NDArray[np.float32], *, fade: bool) -> NDArray[np.float64]:
        """How much of every photo's face to show, in [0, 1], adding up to 1.

        Args:
            wanted: (478, 2 or 3) landmarks of the frame in crop units.
            fade: the frame follows the one before; False for a picture of its own.
        """
        distance = np.linalg.norm(self._faces - wanted[:, :2], axis=-1) @ _IMPORTANCE
        best = int(distance.argmin())
        if distance[best] < _SWITCH_BELOW * distance[self._chosen]:
            self._chosen = best
        goal = np.eye(len(self._faces))[self._chosen]
        self._shares = self._shares + (goal - self._shares) * (_FADE if fade else 1.0)
        shown = np.where(self._shares < _LEAST_SHARE, 0.0, self._shares)
        return np.asarray(shown / shown.sum())


def _face_colours(
    image: NDArray[np.uint8], landmarks: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation per channel inside the face's oval."""
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(landmarks[list(FACE_OVAL), :2]).astype(np.int32)], 255)
    mean, deviation = cv2.meanStdDev(image, mask=mask)
    return mean[:, 0].astype(np.float32), deviation[:, 0].astype(np.float32)
