"""How far a face is from neutral: looking ahead, eyes open, mouth shut, brows and corners of the mouth at rest.

Everything is read off the landmarks with a little vector arithmetic, so that every platform can do the same.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monalive.faces.expressions import load_expressions
from monalive.faces.landmarks import (
    IRIS_CENTRES,
    LEFT_BROW,
    LEFT_EYE_CORNERS,
    LEFT_LID_PAIRS,
    LIP_PAIRS,
    MOUTH_CORNERS,
    RIGHT_BROW,
    RIGHT_EYE_CORNERS,
    RIGHT_LID_PAIRS,
)

Array = NDArray[np.float64]
# What `face_measures` gives, in this order. Angles in degrees; mouth width and brow height in outer-eye-corner
# distances; openings and gaze in widths of the mouth and the eyes.
MEASURES: Final = ("yaw", "pitch", "roll", "mouth_gap", "mouth_width", "brow_height", "eye_gap", "gaze")
# Departures that count 1, as many of each measure. A head that is 8 degrees off is as far from neutral as a mouth
# that is open by 6 % of its width.
_COUNTS_ONE: Final = np.array([8.0, 8.0, 8.0, 0.06, 0.08, 0.06, 0.08, 0.12])
_SHUT: Final = 0.02  # gaps of lips that touch, in mouth widths
# People differ: their own rest is taken to be between the mean face's and the middle of what they show.
_OWN: Final = np.array([0.0, 0.4, 0.0, 0.0, 0.4, 0.4, 0.0, 0.0])
_FARTHEST_OWN: Final = np.array([0.0, 15.0, 0.0, 0.0, 0.15, 0.15, 0.0, 0.0])
_OPEN_EYES: Final = 75  # percentile of what an eye shows that stands for open
_NEARLY: Final = 0.1  # of two frames as neutral as this the earlier one is taken
_NOSE_BASE: Final = 2


def face_measures(landmarks: ArrayLike) -> Array:
    """(8,) of `MEASURES` for landmarks (478, 3) in pixels."""
    points = np.asarray(landmarks, np.float64)
    right, left = points[RIGHT_EYE_CORNERS[0]], points[LEFT_EYE_CORNERS[0]]
    across = left - right
    size = max(float(np.linalg.norm(across)), 1e-9)
    flat = max(float(np.hypot(across[0], across[1])), 1e-9)
    # The head's axes were it not for pitch: to its left, down, and away from the camera.
    down = np.array([-across[1], across[0], 0.0]) / flat
    away = np.cross(across / size, down)
    nose = points[_NOSE_BASE] - (left + right) / 2
    yaw, pitch = np.arctan2(across[2], flat), np.arctan2(nose @ away, nose @ down)
    # A driver filmed sideways or upside down looks ahead as well as an upright one.
    roll = (np.rad2deg(np.arctan2(across[1], across[0])) + 45.0) % 90.0 - 45.0
    mouth = _distance(points, MOUTH_CORNERS)
    eyes = [
        (points[list(corners)], lids[2:5], points[iris])
        for corners, lids, iris in zip(
            (RIGHT_EYE_CORNERS, LEFT_EYE_CORNERS), (RIGHT_LID_PAIRS, LEFT_LID_PAIRS), IRIS_CENTRES, strict=True
        )
    ]
    widths = [max(float(np.linalg.norm(ends[0] - ends[1])), 1e-9) for ends, _, _ in eyes]
    gaps = [
        np.mean([_distance(points, pair) for pair in lids]) / width
        for (_, lids, _), width in zip(eyes, widths, strict=True)
    ]
    gaze = [
        float((iris - ends.mean(0)) @ across) / (size * width)
        for (ends, _, iris), width in zip(eyes, widths, strict=True)
    ]
    brow = points[[*LEFT_BROW, *RIGHT_BROW]].mean(0) - np.mean([ends.mean(0) for ends, _, _ in eyes], 0)
    return np.array(
        [
            np.rad2deg(yaw),
            np.rad2deg(pitch),
            roll,
            np.mean([_distance(points, pair) for pair in LIP_PAIRS]) / max(mouth, 1e-9),
            mouth / size,
            float(np.linalg.norm(brow)) / size,
            np.mean(gaps),
            np.mean(gaze),
        ]
    )


def departures(measures: Array) -> Array:
    """How far each of some frames of one person is from neutral: 0 is neutral, 1 is seen at a glance.

    Args:
        measures: (T, 8) of `face_measures`.

    Returns:
        (T,) at least 0.
    """
    usual = _mean_face_measures()
    own = np.clip(np.median(measures, 0) - usual, -_FARTHEST_OWN, _FARTHEST_OWN)
    change = measures - (usual + _OWN * own)
    named = dict(zip(MEASURES, change.T, strict=True))
    named["mouth_gap"] = np.maximum(measures[:, 3] - _SHUT, 0.0)
    named["eye_gap"] = measures[:, 6] - np.percentile(measures[:, 6], _OPEN_EYES)
    counted = np.stack([named[name] for name in MEASURES], 1) / _COUNTS_ONE
    total: Array = (counted**2).sum(1)
    return total


def most_neutral(measures: Array) -> int:
    """Which of the frames (T, 8) is the most neutral; of several nearly alike the earliest."""
    cost = departures(measures)
    return int(np.argmax(cost <= cost.min() + _NEARLY))


@cache
def _mean_face_measures() -> Array:
    return face_measures(load_expressions().mean_face)


def _distance(points: Array, pair: tuple[int, int]) -> float:
    return float(np.linalg.norm(points[pair[0]] - points[pair[1]]))
