"""Landmark metrics on faces whose answers are known by construction."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from monalive.faces.head_pose import angles_rotation
from monalive.faces.landmarks import (
    LANDMARK_COUNT,
    LEFT_EYE_CORNERS,
    LEFT_LID_PAIRS,
    LIP_PAIRS,
    MOUTH_CORNERS,
    RIGHT_EYE_CORNERS,
    RIGHT_LID_PAIRS,
)
from monalive_distill.metrics import face as metrics

Landmarks = NDArray[np.float32]
UPRIGHT_EYE_WIDTH, MOUTH_WIDTH = 40.0, 60.0


def face(eyes: float = 0.3, mouth: float = 0.1) -> Landmarks:
    """A face whose eye and mouth aspects are as given: random points, the openings put in by hand."""
    points = np.random.default_rng(3).uniform(60, 200, (LANDMARK_COUNT, 3))
    for (outer, inner), pairs, left in (
        (RIGHT_EYE_CORNERS, RIGHT_LID_PAIRS, 70.0),
        (LEFT_EYE_CORNERS, LEFT_LID_PAIRS, 150.0),
    ):
        _open(points, (outer, inner), pairs, left, 100.0, UPRIGHT_EYE_WIDTH, eyes)
    _open(points, MOUTH_CORNERS, LIP_PAIRS, 100.0, 180.0, MOUTH_WIDTH, mouth)
    return points.astype(np.float32)


def _open(
    points: NDArray[np.float64],
    corners: tuple[int, int],
    pairs: tuple[tuple[int, int], ...],
    left: float,
    y: float,
    width: float,
    aspect: float,
) -> None:
    points[corners[0]], points[corners[1]] = (left, y, 0), (left + width, y, 0)
    for i, (upper, lower) in enumerate(pairs):
        x = left + width * (i + 1) / (len(pairs) + 1)
        points[upper], points[lower] = (x, y - aspect * width / 2, 0), (x, y + aspect * width / 2, 0)


def turned(points: Landmarks, yaw: float, pitch: float = 0.0, roll: float = 0.0, scale: float = 1.0) -> Landmarks:
    centre = points.mean(axis=0)
    rotation = angles_rotation(yaw, pitch, roll)
    moved: NDArray[np.float64] = scale * (points - centre) @ rotation.T + centre + [9.0, -4.0, 0.0]
    return moved.astype(np.float32)


def test_akd_is_the_mean_distance_in_the_plane() -> None:
    a = face()
    assert metrics.akd(a, a) == 0
    assert metrics.akd(a, a + np.array([3, 4, 100], np.float32)) == pytest.approx(5, abs=1e-4)
    half = a.copy()
    half[: LANDMARK_COUNT // 2, 0] += 8
    assert metrics.akd(a, half) == pytest.approx(4, abs=1e-4)


@pytest.mark.parametrize("aspect", [0.0, 0.08, 0.3])
def test_aspects_are_gap_over_width(aspect: float) -> None:
    assert metrics.eye_aspect(face(eyes=aspect)) == pytest.approx((aspect, aspect), abs=1e-5)
    assert metrics.mouth_aspect(face(mouth=aspect)) == pytest.approx(aspect, abs=1e-5)


def test_aspects_do_not_change_with_pose_and_size() -> None:
    moved = turned(face(0.25, 0.4), yaw=35, pitch=-15, roll=20, scale=0.6)
    assert metrics.eye_aspect(moved) == pytest.approx((0.25, 0.25), abs=1e-4)
    assert metrics.mouth_aspect(moved) == pytest.approx(0.4, abs=1e-4)


def test_blink_and_mouth_error() -> None:
    assert metrics.blink_error(face(eyes=0.3), face(eyes=0.05)) == pytest.approx(0.25, abs=1e-5)
    assert metrics.mouth_error(face(mouth=0.1), face(mouth=0.5)) == pytest.approx(0.4, abs=1e-5)
    assert metrics.blink_error(face(mouth=0.1), face(mouth=0.5)) == 0
    one_eye = face(eyes=0.3)
    closed = face(eyes=0.0)
    left = [index for pair in LEFT_LID_PAIRS for index in pair]
    one_eye[left] = closed[left]
    assert metrics.blink_error(one_eye, face(eyes=0.3)) == pytest.approx(0.15, abs=1e-5)


def test_changes_are_compared_across_people() -> None:
    """Narrow eyes that close by as much as wide ones do are no error."""
    wide, wide_closing = face(0.35, 0.0), face(0.20, 0.3)
    narrow, narrow_closing = face(0.25, 0.1), face(0.10, 0.4)
    assert metrics.blink_change_error(wide, wide_closing, narrow, narrow_closing) == pytest.approx(0, abs=1e-5)
    assert metrics.mouth_change_error(wide, wide_closing, narrow, narrow_closing) == pytest.approx(0, abs=1e-5)
    assert metrics.blink_change_error(wide, wide, narrow, narrow_closing) == pytest.approx(0.15, abs=1e-5)
    assert metrics.mouth_change_error(wide, wide, narrow, narrow_closing) == pytest.approx(0.3, abs=1e-5)


def test_turn_error_is_the_angle_between_the_turns() -> None:
    a, b = face(), turned(face(), yaw=0, scale=1.4)
    a_turned = turned(a, yaw=20)
    assert metrics.turn_error(a, a_turned, b, turned(b, yaw=20, scale=0.8)) == pytest.approx(0, abs=0.05)
    assert metrics.turn_error(a, a_turned, b, b) == pytest.approx(20, abs=0.05)
    assert metrics.turn_error(a, a_turned, b, turned(b, yaw=-15)) == pytest.approx(35, abs=0.05)
    assert metrics.turn_error(a, turned(a, yaw=0, roll=12), b, b) == pytest.approx(12, abs=0.05)
