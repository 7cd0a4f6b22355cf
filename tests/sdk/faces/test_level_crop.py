"""Level regions: they turn and grow with the face, and what is cut out lies where it is said to lie."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from monalive.faces.expressions import load_expressions
from monalive.faces.level_crop import LEVEL_SCALE, extract_level, from_region, level_angle, level_region, to_region
from monalive.faces.rotated_square import RotatedSquare


def face(x: float = 100.0, y: float = 90.0, scale: float = 50.0, degrees: float = 0.0) -> NDArray[np.float64]:
    """The mean face in a picture, turned clockwise."""
    points = load_expressions().mean_face * scale
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points[:, :2] = points[:, :2] @ turn.T + [x, y]
    return points


@pytest.mark.parametrize("degrees", [-120.0, -45.0, 0.0, 10.0, 45.0, 179.0])
def test_the_region_turns_with_the_face(degrees: float) -> None:
    upright, turned = level_region(face()), level_region(face(degrees=degrees))
    assert np.rad2deg(turned.angle - upright.angle) == pytest.approx(degrees, abs=1e-6)
    assert turned.side == pytest.approx(upright.side)
    inside = to_region(face(degrees=degrees), turned)
    assert inside[:, :2] == pytest.approx(to_region(face(), upright)[:, :2], abs=1e-9)


def test_the_face_is_level_and_fills_its_share() -> None:
    inside = to_region(face(degrees=30.0), level_region(face(degrees=30.0)))
    low, high = inside[:, :2].min(axis=0), inside[:, :2].max(axis=0)
    assert float((high - low).max()) == pytest.approx(1 / LEVEL_SCALE)
    assert (low + high) / 2 == pytest.approx([0.5, 0.5])


def test_a_profile_is_level_though_its_eye_corners_coincide() -> None:
    points = face()
    points[:, 0] = 100 + (points[:, 0] - 100) * 0.01 + points[:, 2]
    assert abs(np.rad2deg(level_angle(points))) < 15


def test_points_come_back() -> None:
    region = RotatedSquare(31.0, -4.0, 77.0, 0.7)
    assert from_region(to_region(face(), region), region) == pytest.approx(face())


@pytest.mark.parametrize(("side", "size"), [(64.0, 64), (90.0, 128), (600.0, 48)])
@pytest.mark.parametrize("angle", [0.0, 0.4])
def test_a_spot_is_where_its_point_is(side: float, size: int, angle: float) -> None:
    image = np.zeros((700, 640, 3), np.uint8)
    spot = np.array([301.5, 333.5])  # corner of the picture at 0: the middle of a pixel
    radius = max(2, round(side / 20))
    cv2.circle(image, (301, 333), radius, (255, 255, 255), -1)
    region = RotatedSquare(310.0, 340.0, side, angle)
    crop = extract_level(image, region, size)[..., 0].astype(np.float64)
    y, x = np.mgrid[0:size, 0:size] + 0.5
    found = np.array([(crop * x).sum(), (crop * y).sum()]) / crop.sum()
    assert found == pytest.approx(to_region(spot, region) * size, abs=0.1)


def test_outside_the_picture() -> None:
    image = np.full((20, 30, 3), 200, np.uint8)
    far = RotatedSquare(-500.0, 900.0, 100.0)
    assert (extract_level(image, far, 16) == 200).all()
    assert (extract_level(image, far, 16, border=cv2.BORDER_CONSTANT) == 0).all()
