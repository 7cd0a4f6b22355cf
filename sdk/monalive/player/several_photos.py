"""Several photos of one person: laying them over each other, choosing those that fit a frame, blending them."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.crop import SquareCrop
from monalive.faces.landmarks import FACE_OVAL, LANDMARK_COUNT, LEFT_EYE, LIPS_INNER, LIPS_OUTER, RIGHT_EYE, RIGID
from monalive.portrait import PhotoOfPerson

# Another photo must fit this much better than the one in use: faces should not flicker between photos.
_SWITCH_BELOW: Final = 0.8
# Besides the first photo; each costs a run of the animate network per frame.
_MOST_OTHERS: Final = 2
# Share of the way to its goal that a photo's gate goes in a frame: a cross-fade over a handful of frames.
_FADE: Final = 0.35
_LEAST_GATE: Final = 0.03
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


def face_mask(landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """(256, 256) float32 in [0, 1]: 1 inside the face, fading to 0 at its outline.

    Args:
        landmarks: (478, 2 or 3) in units of the square.
    """
    oval = landmarks[list(FACE_OVAL), :2]
    inner = (oval - oval.mean(0)) * 0.9 + oval.mean(0)
    mask: NDArray[Any] = np.zeros((_MASK_SIZE, _MASK_SIZE), np.float32)
    cv2.fillPoly(mask, [np.round(inner * _MASK_SIZE * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
    return cv2.GaussianBlur(mask, (0, 0), 5.0)  # type: ignore[return-value]


class PhotoChoice:
    """Which photos take part in a frame: the first, and those whose faces are nearest to the wanted one, fading in and
    out.

    Args:
        faces: (478, 2) landmarks of every photo in units of its crop; the first photo first.
    """

    def __init__(self, faces: list[NDArray[np.float32]]) -> None:
        self._faces = np.stack(faces)
        self._goal = np.eye(len(faces))[0]
        self._gates = self._goal

    def gates(self, wanted: NDArray[np.float32], *, fade: bool) -> NDArray[np.float64]:
        """(T,) how much each photo may have a say, in [0, 1]: 1 for the first, above 0 for few of the others.

        Args:
            wanted: (478, 2 or 3) landmarks of the frame in crop units.
            fade: the frame follows the one before; False for a picture of its own.
        """
        distance = np.linalg.norm(self._faces - wanted[:, :2], axis=-1) @ _IMPORTANCE
        distance[self._goal > 0] *= _SWITCH_BELOW
        nearest = 1 + np.argsort(distance[1:])[:_MOST_OTHERS]
        self._goal = np.isin(np.arange(len(distance)), [0, *nearest]).astype(np.float64)
        self._gates = self._gates + (self._goal - self._gates) * (_FADE if fade else 1.0)
        return np.where(self._gates < _LEAST_GATE, 0.0, self._gates)


def blend_weights(confidences: NDArray[np.float32], gates: NDArray[np.float64]) -> NDArray[np.float32]:
    """How much of each photo to show at each place: a softmax of the confidences, gated.

    Args:
        confidences: (m, H, W) float32, the animate network's output for m photos.
        gates: (m,) above 0.

    Returns:
        (m, H, W) float32, adding up to 1.
    """
    weights = np.exp(confidences - confidences.max(0)) * gates[:, None, None].astype(np.float32)
    return np.asarray(weights / weights.sum(0), np.float32)


def _face_colours(
    image: NDArray[np.uint8], landmarks: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation per channel inside the face's oval."""
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(landmarks[list(FACE_OVAL), :2]).astype(np.int32)], 255)
    mean, deviation = cv2.meanStdDev(image, mask=mask)
    return mean[:, 0].astype(np.float32), deviation[:, 0].astype(np.float32)
