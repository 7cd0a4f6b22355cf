"""Head pose: known poses come back, angles mean what they say, bad points are refused."""

from __future__ import annotations

import numpy as np
import pytest

from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import HeadPose, angles_rotation, fit_pose, rotation_angles
from monalive.faces.landmarks import RIGID

FACE = load_expressions().mean_face


@pytest.mark.parametrize("angles", [(0, 0, 0), (35, 0, 0), (-20, 15, 0), (10, -25, 40), (-60, 5, -100), (5, 5, 179)])
def test_fit_recovers_a_known_pose(angles: tuple[float, float, float]) -> None:
    pose = HeadPose(angles_rotation(*angles), 87.5, np.array([310.0, 240.0, -12.0]))
    found = fit_pose(pose.to_image(FACE), FACE)
    assert np.allclose(found.rotation, pose.rotation, atol=1e-9)
    assert found.scale == pytest.approx(87.5)
    assert np.allclose(found.translation, pose.translation)
    assert np.allclose([found.yaw, found.pitch, found.roll], angles, atol=1e-7)


def test_canonical_and_image_are_inverse() -> None:
    pose = HeadPose(angles_rotation(12, -8, 30), 3.0, np.array([1.0, 2.0, 3.0]))
    assert np.allclose(pose.to_canonical(pose.to_image(FACE)), FACE)


def test_expression_hardly_changes_the_pose() -> None:
    basis = load_expressions()
    pose = HeadPose(angles_rotation(10, 5, 0), 100.0, np.zeros(3))
    found = fit_pose(pose.to_image(basis.face({"jawOpen": 0.6, "mouthSmileLeft": 0.8, "browInnerUp": 0.8})), FACE)
    assert abs(found.yaw - 10) < 1.5 and abs(found.pitch - 5) < 4.0


def test_noise_is_averaged_over_the_rigid_points() -> None:
    random = np.random.default_rng(0)
    angles = [fit_pose(100 * FACE + random.normal(0, 0.8, FACE.shape), FACE) for _ in range(50)]
    assert np.std([pose.yaw for pose in angles]) < 0.8
    assert np.std([pose.roll for pose in angles]) < 0.3


def test_angles_have_the_documented_signs() -> None:
    nose, up = np.array([0.0, 0.0, -1.0]), np.array([0.0, -1.0, 0.0])
    assert (angles_rotation(20, 0, 0) @ nose)[0] > 0  # looks to the picture's right
    assert (angles_rotation(0, 20, 0) @ nose)[1] > 0  # looks down
    assert (angles_rotation(0, 0, 20) @ up)[0] > 0  # turned clockwise


def test_angles_round_trip() -> None:
    random = np.random.default_rng(1)
    for angles in random.uniform([-85, -85, -180], [85, 85, 180], (50, 3)):
        assert np.allclose(rotation_angles(angles_rotation(*angles)), angles)


def test_never_a_reflection() -> None:
    assert np.linalg.det(fit_pose(FACE * [-1.0, 1.0, 1.0], FACE).rotation) == pytest.approx(1.0)


def test_bad_points_are_refused() -> None:
    with pytest.raises(ValueError, match="both be"):
        fit_pose(FACE[:, :2], FACE)
    with pytest.raises(ValueError, match="NaN"):
        fit_pose(np.full_like(FACE, np.nan), FACE)
    with pytest.raises(ValueError, match="line"):
        fit_pose(FACE * 0.0, FACE)
    line = FACE * [1.0, 0.0, 0.0]
    with pytest.raises(ValueError, match="line"):
        fit_pose(line, line)


def test_only_the_chosen_points_count() -> None:
    moved = 50 * FACE
    moved[[index for index in range(478) if index not in RIGID]] += 1000.0
    assert fit_pose(moved, FACE).scale == pytest.approx(50.0)
