"""Several photos of one person: choosing the one that fits a frame, fading from one to another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.landmarks import FACE_OVAL, LANDMARK_COUNT, LEFT_EYE, LIPS_INNER, LIPS_OUTER, RIGHT_EYE

# Another photo must fit this much better than the one in use: faces should not flicker between photos.
_SWITCH_BELOW: Final = 0.85
# Time constant of a cross-fade: half of it is done in two frames of a video, nearly all in a dozen.
_FADE_MS: Final = 93.0
_LEAST_GATE: Final = 0.03
# What is hidden in a photo must be invented: an opening that is a pixel too narrow counts as much as if every landmark
# were this many pixels away. A smile lends its teeth to talking lips from a thirtieth of the eyes' distance on.
_HIDDEN: Final = 1.5
_MASK_SIZE: Final = 256

_IMPORTANCE = np.ones(LANDMARK_COUNT)
_IMPORTANCE[[*LEFT_EYE, *RIGHT_EYE, *LIPS_INNER, *LIPS_OUTER]] = 3.0


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
    """Which photo a frame is made of: the one whose face, where it lies and how it looks, is nearest to the wanted one.

    One whole photo is nearer to the truth than a mixture, which blurs; only when another one takes over do both show,
    for a few frames.

    Args:
        faces: (478, 2) landmarks of every photo, all in one unit (of its crop, or pixels of a region's crop); the first
            photo first.
        eligible: (T,) bool, those to choose from, the first among them; None: all.
        importance: (478,) how much each landmark counts; None: all of the face, eyes and lips most.
        opening: (upper, lower) landmarks of lids or lips, in faces that are level. They can be moved, what lies behind
            them cannot: photos in which they part less than wanted count as further away.
    """

    def __init__(
        self,
        faces: list[NDArray[np.float32]],
        eligible: NDArray[np.bool_] | None = None,
        importance: NDArray[np.float64] | None = None,
        opening: Sequence[tuple[int, int]] = (),
    ) -> None:
        self._faces = np.stack(faces)
        self._importance = _IMPORTANCE if importance is None else importance
        self._opening = np.array(opening, np.intp).reshape(-1, 2)
        self._handicap = np.zeros(len(faces)) if eligible is None else np.where(eligible, 0.0, np.inf)
        self._chosen = 0
        self._gates = np.eye(len(faces))[0]

    def gates(self, wanted: NDArray[np.float32], elapsed_ms: float = math.inf) -> NDArray[np.float64]:
        """(T,) how much each photo has a say, in [0, 1] and adding up to about 1; above 0 for few of them.

        Args:
            wanted: (478, 2 or 3) landmarks of the frame, in the same unit.
            elapsed_ms: since the frame before, which another photo may have made; inf for a picture of its own.
        """
        if len(self._faces) == 1:
            return np.ones(1)
        distance = np.linalg.norm(self._faces - wanted[:, :2], axis=-1) @ self._importance + self._handicap
        if len(self._opening):
            hidden = np.maximum(self._parted(wanted) - self._parted(self._faces), 0)
            distance += _HIDDEN * hidden * self._importance.sum()
        distance[self._chosen] *= _SWITCH_BELOW
        self._chosen = int(distance.argmin())
        goal = np.eye(len(distance))[self._chosen]
        self._gates = self._gates + (goal - self._gates) * (1 - math.exp(-elapsed_ms / _FADE_MS))
        return np.where(self._gates < _LEAST_GATE, 0.0, self._gates)

    def _parted(self, faces: NDArray[np.float32]) -> NDArray[np.float32]:
        """How far the opening is open in faces (..., 478, 2 or 3), on average: (...)."""
        upper, lower = (faces[..., self._opening[:, side], 1] for side in (0, 1))
        return np.asarray(np.maximum(lower - upper, 0).mean(-1))


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


def layer_shares(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """How opaque each of m pictures must be, laid over those before it, for `weights` (m, H, W) to show of each."""
    return np.asarray(weights / np.cumsum(weights, 0), np.float32)
