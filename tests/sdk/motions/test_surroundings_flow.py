"""The flow around a driver's face: found where there is texture, 0 at rest, unknown where nothing matches."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from monalive.faces.crop import portrait_crop
from monalive.faces.expressions import load_expressions
from monalive.motions.driver_surroundings import DriverSurroundings
from monalive.motions.surroundings_flow import GRID_SIZE, SurroundingsFlow, unknown_surroundings

SIDE = 256
FACE = (load_expressions().mean_face * 0.18 + [0.5, 0.45, 0.0]).astype(np.float32)
CENTRES = (np.arange(GRID_SIZE) + 0.5) / GRID_SIZE
# Cells well away from the face and from the crop's border, where a shift brings in what was not seen.
AWAY = np.linalg.norm(np.stack(np.meshgrid(CENTRES, CENTRES), -1) - [0.5, 0.45], axis=-1) > 0.4
AWAY[[0, 1, -2, -1]] = AWAY[:, [0, 1, -2, -1]] = False
COVERED = np.s_[6:9, 6:10]


def _texture(seed: int = 0, size: int = SIDE) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 256, (size, size, 3), np.uint8)
    made = np.empty_like(noise)
    return np.asarray(cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3.0), made, 0, 255, cv2.NORM_MINMAX))


def _shifted(image: np.ndarray, x: float, y: float) -> np.ndarray:
    """The image moved right and down by so many pixels."""
    matrix = np.array([[1, 0, x], [0, 1, y]], np.float64)
    return cv2.warpAffine(image, matrix, image.shape[1::-1], borderMode=cv2.BORDER_REFLECT)


def _with_face(image: np.ndarray, seed: int = 9) -> np.ndarray:
    """Another texture where the face is."""
    hull = cv2.convexHull(np.round(FACE[:468, :2] * SIDE).astype(np.int32))
    return np.where(cv2.fillConvexPoly(np.zeros((SIDE, SIDE, 1), np.uint8), hull, 1) > 0, _texture(seed), image)


@pytest.mark.parametrize("shift", [(10.0, 0.0), (-6.0, 4.0), (0.0, -12.0)])
def test_a_translation_is_found_around_the_face(shift: tuple[float, float]) -> None:
    image = _texture()
    flow = SurroundingsFlow(image, FACE)(_shifted(image, *shift), FACE)
    assert AWAY.sum() > 20
    assert np.allclose(flow[AWAY, :2], -np.array(shift) / SIDE, atol=0.3 / SIDE)
    assert flow[AWAY, 2].min() > 0.8


def test_the_face_takes_its_neighbours_flow() -> None:
    """The face keeps still while everything around it moves."""
    image = _texture()
    flow = SurroundingsFlow(_with_face(image), FACE)(_with_face(_shifted(image, 8, 0)), FACE)
    assert flow[COVERED][..., 2].max() == 0
    assert np.allclose(flow[COVERED][..., :2], [-8 / SIDE, 0], atol=2 / SIDE)


def test_nothing_moved_nothing_flows() -> None:
    image = _texture()
    flow = SurroundingsFlow(image, FACE)(image, FACE)
    assert np.abs(flow[..., :2]).max() < 1e-4
    assert flow[AWAY, 2].min() == 1


def test_another_picture_is_not_trusted() -> None:
    flow = SurroundingsFlow(_texture(0), FACE)(_texture(1), FACE)
    assert np.isfinite(flow).all()
    assert flow[AWAY, 2].mean() < 0.6


@pytest.mark.parametrize("size", [100, 128, 512])
def test_any_size_gives_the_same_grid(size: int) -> None:
    image = np.asarray(cv2.resize(_texture(), (size, size), interpolation=cv2.INTER_AREA), np.uint8)
    flow = SurroundingsFlow(image, FACE)(_shifted(image, size / 32, 0), FACE[:, :2])
    assert flow.shape == (16, 16, 3) and flow.dtype == np.float32
    assert flow[..., 2].min() >= 0 and flow[..., 2].max() <= 1
    assert np.median(flow[AWAY, 0]) == pytest.approx(-1 / 32, abs=0.003)


def test_frames_are_measured_on_their_own() -> None:
    image = _texture()
    measure = SurroundingsFlow(image, FACE)
    first = measure(_shifted(image, 5, 0), FACE)
    measure(_texture(3), FACE)
    assert np.array_equal(measure(_shifted(image, 5, 0), FACE), first)


def test_unknown_is_all_zeros() -> None:
    unknown = unknown_surroundings()
    assert unknown.shape == (16, 16, 3) and unknown.dtype == np.float32 and not unknown.any()


@pytest.mark.parametrize("frame", [(480, 640), (640, 480), (256, 256)])
def test_whole_frames_are_cut_to_the_first_ones_crop(frame: tuple[int, int]) -> None:
    height, width = frame
    image = _texture(size=640)[:height, :width]
    landmarks = (load_expressions().mean_face * 40 + [width / 2, height / 2, 0]).astype(np.float32)
    measure = DriverSurroundings(image, landmarks)
    step = 0.03 * portrait_crop(landmarks, width, height).side
    flow = measure(_shifted(image, step, 0), landmarks + np.array([step, 0, 0], np.float32))
    assert flow.shape == (16, 16, 3)
    assert np.median(flow[AWAY, 0]) == pytest.approx(-0.03, abs=0.003)
    assert np.abs(measure(image, landmarks)[..., :2]).max() < 1e-4
