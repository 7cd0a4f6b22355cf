"""Crops in face coordinates: where an eye or the mouth lies in a picture, level, at the size of the skull.

A crop is laid by points that move with the skull, so that what it shows stays where it is while lids, lips and jaw
move: lids close within the eye crop, upper teeth stand still in the mouth crop.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import HeadPose, fit_pose
from monalive.faces.landmarks import LEFT_EYE_CORNERS, POSE_POINTS, RIGHT_EYE_CORNERS
from monalive.faces.region_crop import extract_region

NOSE_BASE = 2
# From the nose's base to the middle of the mouth crop, in outer-eye-corner distances along the face: lips at rest lie
# above the middle, so that a jaw that drops stays inside.
MOUTH_BELOW_NOSE = 0.30


class CropShape(NamedTuple):
    """Size of a crop in pixels, its scale (pixels per outer-eye-corner distance), and by how many pixels it rises above
    the place that it is laid by."""

    width: int
    height: int
    scale: float
    rise: float = 0.0

    @property
    def laid_by(self) -> tuple[float, float]:
        """Where in the crop that place is."""
        return self.width / 2, self.height / 2 + self.rise

    def larger(self, factor: float) -> CropShape:
        """The same scale with a margin around: `factor` times as wide and high, in whole even pixels."""
        return self._replace(width=2 * round(self.width * factor / 2), height=2 * round(self.height * factor / 2))

    def magnified(self, factor: int) -> CropShape:
        """The same place in finer pixels: `factor` times as many each way."""
        width, height, scale, rise = self
        return CropShape(factor * width, factor * height, factor * scale, factor * rise)


EYE_SHAPE = CropShape(64, 64, 64 / 0.70)
MOUTH_SHAPE = CropShape(128, 96, 128 / 1.15)
# What the eye's network works on: the brow, raised, belongs to it.
EYE_AND_BROW_SHAPE = CropShape(64, 80, EYE_SHAPE.scale, 5.0)
MARGIN = 1.5  # of the stored crops, for augmentation
STORED_EYE, STORED_MOUTH = EYE_SHAPE.larger(MARGIN), MOUTH_SHAPE.larger(MARGIN)


@dataclass(frozen=True)
class RegionFrame:
    """Where a region lies in a picture.

    Attributes:
        x, y: its middle in picture pixels.
        unit: the outer-eye-corner distance of the face, seen from the front, in picture pixels.
        angle: roll of the face in radians, clockwise as seen.
        mirrored: whether the crop shows the region mirrored (right eyes: all eyes are drawn as left ones).
    """

    x: float
    y: float
    unit: float
    angle: float = 0.0
    mirrored: bool = False

    def matrix(self, shape: CropShape) -> NDArray[np.float64]:
        """(2, 3) from crop pixels to picture pixels; a pixel's middle is at + 0.5 in both."""
        step = self.unit / shape.scale
        cos, sin = np.cos(self.angle) * step, np.sin(self.angle) * step
        linear = np.array([[cos, -sin], [sin, cos]]) @ np.diag([-1.0 if self.mirrored else 1.0, 1.0])
        offset = np.array([self.x, self.y]) - linear @ np.array(shape.laid_by)
        return np.concatenate([linear, offset[:, None]], 1)

    def extract(self, image: NDArray[np.uint8], shape: CropShape) -> NDArray[np.uint8]:
        """The crop (height, width, 3) uint8; what lies outside the picture repeats its border.

        Shrinking averages over the picture's pixels.
        """
        return extract_region(image, self.matrix(shape), shape.width, shape.height)

    def to_crop(self, landmarks: NDArray[np.floating], shape: CropShape) -> NDArray[np.float32]:
        """All 478 landmarks (..., 478, 2 or 3), picture pixels, as (..., 478, 2) crop pixels.

        In a mirrored crop every landmark is the opposite one, as if the face itself were mirrored.
        """
        matrix = self.matrix(shape)
        points = (landmarks[..., :2] - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
        if self.mirrored:
            points = points[..., load_expressions().mirror, :]
        return points.astype(np.float32)


class FaceFrames(NamedTuple):
    """The regions of a face."""

    left_eye: RegionFrame
    right_eye: RegionFrame
    mouth: RegionFrame


def face_frames(landmarks: NDArray[np.floating]) -> FaceFrames:
    """The regions of a face from its landmarks (478, 3), picture pixels.

    Raises:
        ValueError: no head pose can be fitted to them.
    """
    pose = fit_pose(landmarks, _mean_face(), POSE_POINTS)
    angle = float(np.deg2rad(pose.roll))
    return FaceFrames(
        RegionFrame(*_middle(landmarks, LEFT_EYE_CORNERS), pose.scale, angle),
        RegionFrame(*_middle(landmarks, RIGHT_EYE_CORNERS), pose.scale, angle, mirrored=True),
        RegionFrame(*_mouth_middle(landmarks, pose), pose.scale, angle),
    )


def _middle(landmarks: NDArray[np.floating], corners: tuple[int, int]) -> tuple[float, float]:
    x, y = landmarks[list(corners), :2].mean(0)
    return float(x), float(y)


def _mouth_middle(landmarks: NDArray[np.floating], pose: HeadPose) -> tuple[float, float]:
    down = pose.scale * pose.rotation[:2, 1] * MOUTH_BELOW_NOSE
    x, y = landmarks[NOSE_BASE, :2] + down
    return float(x), float(y)


@functools.cache
def _mean_face() -> NDArray[np.float64]:
    return np.asarray(load_expressions().mean_face)
