"""What stands for a driver of whom there is one picture only, in NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monalive.faces.blendshapes import BLENDSHAPE_NAMES
from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import fit_pose
from monalive.faces.landmarks import POSE_POINTS
from monalive_export.graphs.retarget_settings import EYE_TURN_DEGREES


def as_mean_face(
    landmarks: NDArray[np.float32], blendshapes: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The mean face where the driver is: at rest looking at the camera, and with the driver's expression and pose."""
    basis = load_expressions()
    pose = fit_pose(landmarks, basis.mean_face, POSE_POINTS)
    upright = type(pose)(rotation=np.eye(3), scale=pose.scale, translation=pose.translation)
    reference = upright.to_image(basis.mean_face)
    moved = pose.to_image(basis.face(blendshapes, _gaze(blendshapes)))
    return reference.astype(np.float32), moved.astype(np.float32)


def _gaze(blendshapes: NDArray[np.float32]) -> tuple[float, float]:
    """Where the eyes look, in degrees (to the picture's right, down), from their blendshape scores."""
    score = dict(zip(BLENDSHAPE_NAMES, blendshapes.tolist(), strict=True))
    across = score["eyeLookOutLeft"] + score["eyeLookInRight"] - score["eyeLookInLeft"] - score["eyeLookOutRight"]
    down = score["eyeLookDownLeft"] + score["eyeLookDownRight"] - score["eyeLookUpLeft"] - score["eyeLookUpRight"]
    return across / 2 * EYE_TURN_DEGREES, down / 2 * EYE_TURN_DEGREES
