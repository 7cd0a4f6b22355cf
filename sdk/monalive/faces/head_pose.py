"""Head pose from 3D landmarks: rotation, scale and translation that carry a template face onto them.

The camera is weak perspective, as MediaPipe's landmarks assume: z has the scale of x, so a head pose is a
similarity of 3D space, found in closed form by scaled Procrustes (Umeyama, "Least-squares estimation of
transformation parameters between two point patterns", PAMI 1991, eq. 38-42) on points that move with the
skull.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monalive.faces.landmarks import RIGID

Array = NDArray[np.float64]
# The point a head turns about in the mean face's frame: down at the top of the neck, and behind the face.
NECK: Array = np.array([0.0, 1.2, 0.75])


@dataclass(frozen=True)
class HeadPose:
    """A similarity: image = scale * points @ rotation.T + translation.

    Axes are the picture's: x right, y down, z away from the camera. Angles are in degrees about the face's own upright:
    positive yaw shows the face looking to the picture's right, positive pitch looking down, positive roll turned
    clockwise in the picture.
    """

    rotation: Array  # (3, 3), determinant +1
    scale: float  # template units to pixels
    translation: Array  # (3,) where the template's origin lies

    @property
    def yaw(self) -> float:
        return float(rotation_angles(self.rotation)[0])

    @property
    def pitch(self) -> float:
        return float(rotation_angles(self.rotation)[1])

    @property
    def roll(self) -> float:
        return float(rotation_angles(self.rotation)[2])

    def to_canonical(self, points: ArrayLike) -> Array:
        """Image points (..., 3) to the template's frame: pose and size removed."""
        return (np.asarray(points, np.float64) - self.translation) @ self.rotation / self.scale

    def to_image(self, points: ArrayLike) -> Array:
        """Template points (..., 3) to the image: the inverse of `to_canonical`."""
        return self.scale * np.asarray(points, np.float64) @ self.rotation.T + self.translation


def fit_pose(landmarks: ArrayLike, template: ArrayLike, indices: tuple[int, ...] = RIGID) -> HeadPose:
    """The pose that carries `template` onto `landmarks` with the least squared error over `indices`.

    Args:
        landmarks: (N, 3) points in image pixels, z in the scale of x (smaller is nearer).
        template: (N, 3) the same points of a face in its own frame, looking at the camera.
        indices: the points to fit, at least three that do not lie on a line.

    Raises:
        ValueError: shapes differ, a value is not finite, or the points have no extent.
    """
    points, model = np.asarray(landmarks, np.float64), np.asarray(template, np.float64)
    if points.shape != model.shape or points.ndim != 2 or points.shape[1] != 3:
        raise ValueError(f"landmarks and template must both be (N, 3); got {points.shape} and {model.shape}")
    chosen = list(indices)
    points, model = points[chosen], model[chosen]
    if not (np.isfinite(points).all() and np.isfinite(model).all()):
        raise ValueError("landmarks hold NaN or infinite values; detect the face again")
    centre, model_centre = points.mean(axis=0), model.mean(axis=0)
    points, model = points - centre, model - model_centre
    spread = float((model * model).sum())
    left, singular, right = np.linalg.svd(points.T @ model)  # (3, 3), (3,), (3, 3)
    if spread <= 0 or singular[1] <= 1e-12 * max(singular[0], 1e-300):
        raise ValueError("the points of the face coincide or lie on a line; no pose can be fitted to them")
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])  # a rotation, never a reflection
    rotation = (left * sign) @ right
    scale = float((singular * sign).sum()) / spread
    return HeadPose(rotation, scale, centre - scale * rotation @ model_centre)


def angles_rotation(yaw: float, pitch: float, roll: float) -> Array:
    """Degrees to a (3, 3) rotation: pitch about x first, then yaw about y, then roll in the picture's plane."""
    a, b, c = np.deg2rad([yaw, pitch, roll])
    about_y = np.array([[np.cos(a), 0.0, -np.sin(a)], [0.0, 1.0, 0.0], [np.sin(a), 0.0, np.cos(a)]])
    about_x = np.array([[1.0, 0.0, 0.0], [0.0, np.cos(b), -np.sin(b)], [0.0, np.sin(b), np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0.0], [np.sin(c), np.cos(c), 0.0], [0.0, 0.0, 1.0]])
    rotation: Array = about_z @ about_y @ about_x
    return rotation


def rotation_angles(rotation: Array) -> Array:
    """(3, 3) rotation to (yaw, pitch, roll) in degrees, the inverse of `angles_rotation` for |yaw| < 90."""
    yaw = np.arctan2(rotation[2, 0], np.hypot(rotation[0, 0], rotation[1, 0]))
    pitch = np.arctan2(rotation[2, 1], rotation[2, 2])
    roll = np.arctan2(rotation[1, 0], rotation[0, 0])
    angles: Array = np.rad2deg(np.array([yaw, pitch, roll]))
    return angles
