"""How far one tracked face is from another: landmark distance (AKD), eyelids, mouth, head pose.

Landmarks are (478, 3) pixels in MediaPipe's order, z in the scale of x. Distances that are compared between
pictures are taken at one size (256x256 in the evaluation).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monalive.faces.head_pose import fit_pose
from monalive.faces.landmarks import (
    LEFT_EYE_CORNERS,
    LEFT_LID_PAIRS,
    LIP_PAIRS,
    MOUTH_CORNERS,
    RIGHT_EYE_CORNERS,
    RIGHT_LID_PAIRS,
)

Landmarks = NDArray[np.float32]


def akd(a: Landmarks, b: Landmarks) -> float:
    """Average keypoint distance: mean distance in the picture's plane over all 478 landmarks, in pixels."""
    return float(np.linalg.norm(a[:, :2] - b[:, :2], axis=1).mean())


def eye_aspect(landmarks: Landmarks) -> tuple[float, float]:
    """How open the (right, left) eye is: lid distance over eye width; about .3 open, below .1 closed.

    The eye aspect ratio of Soukupova and Cech (*Real-Time Eye Blink Detection using Facial Landmarks*,
    2016), with the middle three of our lid pairs. Distances are taken in 3D, so that turning the head
    changes it little.
    """
    right = _gap_over_width(landmarks, RIGHT_LID_PAIRS[2:5], RIGHT_EYE_CORNERS)
    left = _gap_over_width(landmarks, LEFT_LID_PAIRS[2:5], LEFT_EYE_CORNERS)
    return right, left


def mouth_aspect(landmarks: Landmarks) -> float:
    """How open the mouth is: inner lip distance (middle three pairs) over inner mouth width; 0 closed, 1
    wide open.
    """
    return _gap_over_width(landmarks, LIP_PAIRS[3:6], MOUTH_CORNERS)


def blink_error(a: Landmarks, b: Landmarks) -> float:
    """Mean absolute difference of `eye_aspect` over both eyes."""
    return float(np.abs(np.subtract(eye_aspect(a), eye_aspect(b))).mean())


def mouth_error(a: Landmarks, b: Landmarks) -> float:
    """Absolute difference of `mouth_aspect`."""
    return abs(mouth_aspect(a) - mouth_aspect(b))


def blink_change_error(a_first: Landmarks, a: Landmarks, b_first: Landmarks, b: Landmarks) -> float:
    """As `blink_error`, but of how each face changed since its own first picture: for faces of two people."""
    change_a = np.subtract(eye_aspect(a), eye_aspect(a_first))
    change_b = np.subtract(eye_aspect(b), eye_aspect(b_first))
    return float(np.abs(change_a - change_b).mean())


def mouth_change_error(a_first: Landmarks, a: Landmarks, b_first: Landmarks, b: Landmarks) -> float:
    """As `mouth_error`, but of how each face changed since its own first picture: for faces of two people."""
    return abs((mouth_aspect(a) - mouth_aspect(a_first)) - (mouth_aspect(b) - mouth_aspect(b_first)))


def turn_error(a_first: Landmarks, a: Landmarks, b_first: Landmarks, b: Landmarks) -> float:
    """Angle in degrees between how head a and how head b turned, each since its own first picture."""
    turn_a = fit_pose(a, a_first).rotation
    turn_b = fit_pose(b, b_first).rotation
    cosine = (np.trace(turn_a @ turn_b.T) - 1) / 2
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def _gap_over_width(landmarks: Landmarks, pairs: tuple[tuple[int, int], ...], corners: tuple[int, int]) -> float:
    upper, lower = np.array(pairs).T
    gap = np.linalg.norm(landmarks[upper] - landmarks[lower], axis=1).mean()
    width = np.linalg.norm(landmarks[corners[0]] - landmarks[corners[1]])
    return float(gap / max(float(width), 1e-6))
