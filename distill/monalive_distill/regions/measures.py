"""What an eye or a mouth does in a picture, as a few numbers: pairs for training are drawn by them."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.landmarks import (
    LEFT_BROW,
    LEFT_EYE_CORNERS,
    LEFT_IRIS,
    LEFT_LID_PAIRS,
    LIP_PAIRS,
    LIPS_INNER,
    MOUTH_CORNERS,
)

EYE_MEASURES: Final = ("openness", "gaze_x", "gaze_y")
MOUTH_MEASURES: Final = ("opening", "width", "teeth")
_MIDDLE_LIDS = LEFT_LID_PAIRS[2:5]
_MIDDLE_LIPS = LIP_PAIRS[3:6]


def eye_measures(points: NDArray[np.floating], scale: float) -> NDArray[np.float32]:
    """Of landmarks in an eye crop.

    Args:
        points: (..., 478, 2) pixels of a crop that shows a left eye (right ones mirrored).
        scale: the crop's pixels per outer-eye-corner distance.

    Returns:
        (..., 3): openness, the lids' gap over a frontal eye's width (0.3 of the outer-eye-corner distance), about .3
        for an open eye; gaze along the line from the outer to the inner corner (positive: towards the nose) and across
        it (positive: down), the iris's place in eye widths from the corners' middle.
    """
    upper, lower = (points[..., list(column), :] for column in zip(*_MIDDLE_LIDS, strict=True))
    outer, inner = (points[..., corner, :] for corner in LEFT_EYE_CORNERS)
    # Signed: MediaPipe's lids pass each other a little when an eye is shut.
    openness = (lower - upper)[..., 1].mean(-1) / (0.3 * scale)
    along = inner - outer
    width = np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), 1e-6)
    along = along / width
    # "Across" points down whichever way the eye is drawn: in a left eye the inner corner is at the left.
    across = np.stack([along[..., 1], -along[..., 0]], -1)
    off = (points[..., list(LEFT_IRIS), :].mean(-2) - (outer + inner) / 2) / width
    return np.stack([openness, (off * along).sum(-1), (off * across).sum(-1)], -1).astype(np.float32)


def mouth_measures(points: NDArray[np.floating], scale: float, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Of landmarks in a mouth crop and what lies between its lips.

    Args:
        points: (478, 2) crop pixels.
        scale: pixels per outer-eye-corner distance.
        crop: (H, W, 3) uint8 RGB.

    Returns:
        (3,): opening and width as `lip_measures` says, and how much of a mouth's area at rest (.45 x .1) shows teeth:
        bright, little coloured pixels between the lips.
    """
    teeth = float(teeth_mask(points, crop).sum()) / (0.045 * scale**2)
    return np.array([*lip_measures(points, scale), teeth], np.float32)


def lip_measures(points: NDArray[np.floating], scale: float) -> NDArray[np.float32]:
    """Of landmarks (478, 2) in a mouth crop: (2,) opening (inner lips' gap) and width (inner corners), in
    outer-eye-corner distances (`scale`: pixels of one)."""
    upper, lower = (points[list(column)] for column in zip(*_MIDDLE_LIPS, strict=True))
    opening = np.linalg.norm(lower - upper, axis=-1).mean() / scale
    width = np.linalg.norm(points[MOUTH_CORNERS[0]] - points[MOUTH_CORNERS[1]]) / scale
    return np.array([opening, width], np.float32)


def teeth_mask(points: NDArray[np.floating], crop: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Pixels between the lips that look like teeth: nearly as bright as the skin around, less coloured.

    Args:
        points: (478, 2) crop pixels.
        crop: (H, W, 3) uint8 RGB.

    Returns:
        (H, W).
    """
    colours = crop.astype(np.float32)
    brightness, chroma = colours.mean(-1), colours.max(-1) - colours.min(-1)
    skin = np.median(brightness), np.median(chroma / np.maximum(brightness, 1))
    whitish = (brightness > 0.6 * skin[0]) & (chroma / np.maximum(brightness, 1) < 0.8 * skin[1] + 0.02)
    return np.asarray(whitish & inner_mouth_mask(points, crop))


def inner_mouth_mask(points: NDArray[np.floating], crop: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """What lies between the lips, (H, W), of landmarks (478, 2) in a mouth crop (H, W, 3)."""
    inside = np.zeros(crop.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.round(points[list(LIPS_INNER)]).astype(np.int32)], 1)
    return inside > 0


def brow_height(points: NDArray[np.floating], scale: float) -> float:
    """Of landmarks (478, 2) in an eye crop: how far the brow's middle lies above that of the eye's corners, in
    outer-eye-corner distances (`scale`: pixels of one)."""
    return float(points[list(LEFT_EYE_CORNERS), 1].mean() - points[list(LEFT_BROW), 1].mean()) / scale


def sharpness(crop: NDArray[np.uint8]) -> float:
    """Mean absolute Laplacian of the grey picture: what motion blur takes away."""
    return float(np.abs(_laplacian(crop)).mean())


def laplacian_energy(crop: NDArray[np.uint8]) -> float:
    """Mean squared Laplacian of the grey picture."""
    return float(np.square(_laplacian(crop)).mean())


def _laplacian(crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray(cv2.Laplacian(grey, cv2.CV_32F), np.float32)
