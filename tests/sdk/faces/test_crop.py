"""The square crop: coordinates, resampling, and where it is laid."""

from __future__ import annotations

import numpy as np
import pytest

from monalive.faces.crop import WHOLE_PICTURE_SLACK, SquareCrop, portrait_crop


def _face(centre: tuple[float, float], size: float) -> np.ndarray:
    """Landmarks that fill a square of `size` pixels."""
    points = np.random.default_rng(0).uniform(-0.5, 0.5, (478, 3)).astype(np.float32)
    points[:4, :2] = [[-0.5, -0.5], [0.5, -0.5], [-0.5, 0.5], [0.5, 0.5]]
    points[:, :2] = points[:, :2] * size + centre
    return points


def test_units_are_pixels_relative_to_the_side() -> None:
    crop = SquareCrop(10, 20, 40)
    units = crop.to_unit(np.array([[10, 20, 8], [50, 60, -4]], np.float32))
    assert np.allclose(units, [[0, 0, 0.2], [1, 1, -0.1]])


def test_to_pixels_is_the_inverse() -> None:
    crop = SquareCrop(-3.5, 7.25, 123.0)
    points = np.random.default_rng(1).uniform(-50, 300, (478, 3)).astype(np.float32)
    assert np.abs(crop.to_pixels(crop.to_unit(points)) - points).max() < 1e-3


def test_the_whole_picture_is_taken_over_unchanged() -> None:
    image = np.random.default_rng(2).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    assert np.array_equal(SquareCrop(0, 0, 256).extract(image, 256), image)


@pytest.mark.parametrize("side", [32, 64, 128, 512, 1024])
def test_content_stays_where_the_units_say(side: int) -> None:
    """A smooth ramp sampled at any scale has at every place the value of that place."""
    ramp = np.linspace(0, 255, 1024)
    image = np.repeat(np.broadcast_to(ramp, (1024, 1024))[..., None], 3, axis=2).astype(np.uint8)
    made = SquareCrop(0, 0, 1024).extract(image, side)[side // 2, :, 0].astype(float)
    wanted = np.interp((np.arange(side) + 0.5) / side * 1024 - 0.5, np.arange(1024), image[0, :, 0])
    assert np.abs(made - wanted)[1:-1].max() <= 2


def test_outside_the_photo_the_border_repeats() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    image[:, 0] = 200
    assert (SquareCrop(-50, 0, 100).extract(image, 100)[:, :49] == 200).all()


def test_a_large_photo_is_cropped_around_the_face() -> None:
    crop = portrait_crop(_face((700, 400), 150), 1280, 720)
    assert 1.6 * 150 < crop.side < 2.6 * 150
    assert crop.x >= 0 and crop.x + crop.side <= 1280
    assert crop.x < 700 - 75 and crop.x + crop.side > 700 + 75
    assert 400 - crop.y > crop.side / 2  # more room above than below


def test_a_picture_hardly_larger_than_the_crop_is_taken_whole() -> None:
    side = int(150 * 1.9 * WHOLE_PICTURE_SLACK) - 2
    assert portrait_crop(_face((side / 2, side / 2), 150), side, side) == SquareCrop(0, 0, side)


@pytest.mark.parametrize("centre", [(20, 20), (1270, 700), (640, 5)])
def test_the_crop_stays_inside_the_photo(centre: tuple[float, float]) -> None:
    crop = portrait_crop(_face(centre, 100), 1280, 720)
    assert crop.x >= 0 and crop.y >= 0
    assert crop.x + crop.side <= 1280 and crop.y + crop.side <= 720
