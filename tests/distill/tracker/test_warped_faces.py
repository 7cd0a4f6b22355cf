"""Faces whose features are moved by a warp: the picture and its landmarks must move alike."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from monalive.faces.expressions import load_expressions
from monalive.faces.landmarks import IRIS_CENTRES, LEFT_EYE_CORNERS, MOUTH_CORNERS, RIGHT_EYE_CORNERS
from monalive_distill.tracker.warped_faces import GAZES, warp_face

SIZE = 192


@pytest.fixture
def landmarks() -> NDArray[np.float32]:
    """The mean face in the middle of a crop, pixels."""
    face = load_expressions().mean_face * 80 + np.array([SIZE / 2, SIZE / 2, 0])
    return np.asarray(face, np.float32)


def dot(place: NDArray[np.floating]) -> NDArray[np.uint8]:
    """A black picture with a soft white dot at a place."""
    rows, columns = np.mgrid[:SIZE, :SIZE] + 0.5
    away = (columns - place[0]) ** 2 + (rows - place[1]) ** 2
    light = np.asarray(255 * np.exp(-away / (2 * 1.5**2)), np.uint8)
    return np.repeat(light[..., None], 3, axis=2)


def place_of(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The dot's middle."""
    light = image[..., 0].astype(float)
    rows, columns = np.mgrid[:SIZE, :SIZE] + 0.5
    return np.asarray([(columns * light).sum() / light.sum(), (rows * light).sum() / light.sum()], np.float64)


@pytest.mark.parametrize("proportions", [False, True], ids=["expression", "proportions"])
@pytest.mark.parametrize("index", [*IRIS_CENTRES, *MOUTH_CORNERS, 55, 285, 14])
def test_the_picture_moves_with_its_landmarks(landmarks: NDArray[np.float32], index: int, proportions: bool) -> None:
    """A dot drawn at a landmark is found where that landmark says that it went."""
    moved = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        picture, points = warp_face(
            rng, dot(landmarks[index]), landmarks, expression=not proportions, proportions=proportions
        )
        assert np.abs(place_of(picture) - points[index, :2]).max() < 0.6
        moved.append(np.linalg.norm(points[index, :2] - landmarks[index, :2]))
    assert max(moved) > 1.0


def test_irises_go_together_and_stay_in_the_eyes(landmarks: NDArray[np.float32]) -> None:
    """Both look to the same side, as far as asked and no further; the eyes' corners stay; depths too."""
    gazes = []
    for seed in range(12):
        _, points = warp_face(np.random.default_rng(seed), dot(landmarks[1]), landmarks)
        sides = []
        for iris, corners in zip(IRIS_CENTRES, (RIGHT_EYE_CORNERS, LEFT_EYE_CORNERS), strict=True):
            ends = points[list(corners), 0]
            sides.append((points[iris, 0] - ends.mean()) / np.ptp(ends))
            apart = np.linalg.norm(points[list(corners), :2] - landmarks[list(corners), :2], axis=1)
            assert apart.max() < 0.02 * 80  # lids near by take a little of them along
        assert abs(sides[0] - sides[1]) < 0.12  # brows near by take a little of them along, too
        gazes.append(np.mean(sides))
        np.testing.assert_array_equal(points[:, 2], landmarks[:, 2])
    assert max(map(abs, gazes)) < GAZES[0] + 0.05
    assert max(gazes) > 0.1
    assert min(gazes) < -0.1


def test_a_turned_face_keeps_its_gaze_level_with_its_eyes(landmarks: NDArray[np.float32]) -> None:
    """The same chances give a turned face the same change, turned."""
    turn = cv2.getRotationMatrix2D((SIZE / 2, SIZE / 2), 90, 1)
    turned = landmarks.copy()
    turned[:, :2] = landmarks[:, :2] @ turn[:, :2].T + turn[:, 2]
    black = np.zeros((SIZE, SIZE, 3), np.uint8)
    _, upright = warp_face(np.random.default_rng(1), black, landmarks)
    _, lying = warp_face(np.random.default_rng(1), black, turned)
    wanted = upright[:, :2] @ turn[:, :2].T + turn[:, 2]
    np.testing.assert_allclose(lying[:, :2], wanted, atol=0.05)


def test_proportions_are_another_persons(landmarks: NDArray[np.float32]) -> None:
    """Faces become wider and narrower, longer and shorter, by about as much as people differ; no face folds over."""
    shapes = []
    for seed in range(30):
        black = np.zeros((SIZE, SIZE, 3), np.uint8)
        _, points = warp_face(np.random.default_rng(seed), black, landmarks, expression=False, proportions=True)
        shapes.append(np.ptp(points[:, 0]) / np.ptp(points[:, 1]))
        inward = [points[RIGHT_EYE_CORNERS[1], 0], points[LEFT_EYE_CORNERS[1], 0]]
        assert points[RIGHT_EYE_CORNERS[0], 0] < min(inward) < max(inward) < points[LEFT_EYE_CORNERS[0], 0]
    usual = np.ptp(landmarks[:, 0]) / np.ptp(landmarks[:, 1])
    assert np.mean(shapes) == pytest.approx(usual, rel=0.06)
    assert 0.05 < np.std(shapes) / usual < 0.15


def test_a_warp_of_nothing_changes_nothing(landmarks: NDArray[np.float32]) -> None:
    """Neither expression nor proportions: the same picture, the same landmarks."""
    picture = dot(landmarks[1])
    same, points = warp_face(np.random.default_rng(0), picture, landmarks, expression=False)
    np.testing.assert_array_equal(same, picture)
    np.testing.assert_array_equal(points, landmarks)
