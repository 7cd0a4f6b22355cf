"""The graph that places the crops of eyes and mouth gives what `face_frames` gives."""

from __future__ import annotations

import numpy as np
import pytest

from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import HeadPose, angles_rotation
from monalive_distill.regions.frames import EYE_AND_BROW_SHAPE, MOUTH_SHAPE, face_frames
from monalive_export.checks.parity import torch_run
from monalive_export.graphs.region_crops import RegionCropsGraph

SIDE = 300.0  # of the photo's crop, pixels


@pytest.mark.parametrize("angles", [(0, 0, 0), (25, -10, 0), (-20, 15, 33), (5, 5, -120)])
def test_it_equals_face_frames(angles: tuple[float, float, float]) -> None:
    pose = HeadPose(angles_rotation(*angles), 80.0, np.array([140.0, 130.0, 0.0]))
    landmarks = pose.to_image(load_expressions().mean_face) + np.random.default_rng(0).normal(0, 0.6, (478, 3))
    graph = torch_run(RegionCropsGraph().eval())
    made = graph({"face_landmarks": (landmarks[None] / SIDE).astype(np.float32)})

    frames = face_frames(landmarks)
    shapes = (EYE_AND_BROW_SHAPE, EYE_AND_BROW_SHAPE, MOUTH_SHAPE)
    wanted = np.stack([frame.matrix(shape).ravel() for frame, shape in zip(frames, shapes, strict=True)])
    assert np.abs(made["places"][0] * SIDE - wanted).max() < 2e-3  # pixels of the photo
    names = ("left_eye_landmarks", "right_eye_landmarks", "mouth_landmarks")
    for name, frame, shape in zip(names, frames, shapes, strict=True):
        assert np.abs(made[name][0] - frame.to_crop(landmarks, shape)).max() < 2e-3, name


def test_places_carry_the_crops_landmarks_back_to_the_photo() -> None:
    landmarks = HeadPose(angles_rotation(10, 5, 20), 60.0, np.array([150.0, 150.0, 0.0])).to_image(
        load_expressions().mean_face
    )
    made = torch_run(RegionCropsGraph().eval())({"face_landmarks": (landmarks[None] / SIDE).astype(np.float32)})
    a, b, c, d, e, f = made["places"][0, 1]  # the right eye's
    u, v = made["right_eye_landmarks"][0].T
    back = np.stack([a * u + b * v + c, d * u + e * v + f], -1) * SIDE
    assert np.abs(back - landmarks[load_expressions().mirror, :2]).max() < 1e-2
    assert a * e - b * d < 0  # mirrored
