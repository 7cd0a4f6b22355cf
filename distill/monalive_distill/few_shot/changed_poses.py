"""Photos turned a little or given another expression by geometry alone: stand-ins for photos that nobody took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch

from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import NECK, angles_rotation, fit_pose
from monalive_distill.few_shot.person_photos import PersonPhotos
from monalive_distill.few_shot.pose_input import move_photo


class PoseChange(NamedTuple):
    """Degrees to turn (to the picture's right, down), and coefficients of expressions to add."""

    yaw: float
    pitch: float
    expressions: Mapping[str, float]


# Small enough for geometry to draw them well; between them everything a face does moves.
CHECKED_CHANGES = (
    PoseChange(9.0, 0.0, {"mouthSmileLeft": 0.5, "mouthSmileRight": 0.5}),
    PoseChange(-9.0, 0.0, {"jawOpen": 0.15}),
    PoseChange(0.0, 6.0, {"eyeBlinkLeft": 0.6, "eyeBlinkRight": 0.6}),
    PoseChange(0.0, -6.0, {"mouthPucker": 0.5, "browInnerUp": 0.5}),
)
_WILD = ("jawOpen", "mouthSmileLeft", "mouthSmileRight", "eyeBlinkLeft", "eyeBlinkRight", "browInnerUp", "mouthPucker")


def draw_change(rng: np.random.Generator) -> PoseChange:
    """A random one, larger than the checked ones now and then."""
    yaw, pitch = rng.normal(0, 9), rng.normal(0, 5)
    return PoseChange(yaw, pitch, {name: float(rng.uniform(0, 0.6)) for name in rng.choice(_WILD, 2, replace=False)})


def change_pose(photos: PersonPhotos, change: PoseChange) -> PersonPhotos:
    """Each photo moved to its own changed landmarks. Shapes stay; on the photos' device."""
    points = photos.landmarks.cpu().numpy()
    changed = torch.from_numpy(np.stack([_change_landmarks(p, change) for p in points])).to(photos.landmarks)
    return PersonPhotos(move_photo(photos.images, photos.landmarks[..., :2], changed[..., :2]), changed)


def _change_landmarks(landmarks: np.ndarray, change: PoseChange) -> np.ndarray:
    """(478, 3) in units of the side to the same with the face turned about the neck and its expression changed."""
    basis = load_expressions()
    pose = fit_pose(landmarks, basis.mean_face)
    face = pose.to_canonical(landmarks) + basis.displacement(change.expressions)
    turned = (face - NECK) @ angles_rotation(change.yaw, change.pitch, 0.0).T + NECK
    return pose.to_image(turned).astype(np.float32)
