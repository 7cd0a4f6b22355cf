"""Crops of eyes and mouth lie where their places say, and show it without aliasing."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from monalive.faces.crop import SquareCrop
from monalive.faces.region_crop import extract_region, region_place, region_scale, samples_across

SIZE = (24, 16)


def place(step: float, angle: float, middle: tuple[float, float], *, mirrored: bool = False) -> NDArray[np.float64]:
    """The place of a crop of `SIZE` around a middle."""
    cos, sin = np.cos(angle) * step, np.sin(angle) * step
    linear = np.array([[cos, -sin], [sin, cos]]) @ np.diag([-1.0 if mirrored else 1.0, 1.0])
    return np.column_stack([linear, middle - linear @ np.array(SIZE) / 2])


def test_a_place_in_crop_units_becomes_one_in_pixels() -> None:
    units = np.array([0.01, 0.002, 0.3, -0.002, 0.01, 0.4], np.float32)
    crop = SquareCrop(30.0, -12.0, 200.0)
    pixels = region_place(units, crop)
    corner = pixels @ [10, 20, 1]
    assert corner == pytest.approx(crop.to_pixels(units.reshape(2, 3) @ np.array([10, 20, 1], np.float32)), abs=1e-4)
    assert region_scale(pixels) == pytest.approx(200 * np.hypot(0.01, 0.002), rel=1e-5)


@pytest.mark.parametrize(
    ("step", "samples"), [(0.2, 1), (1.0, 1), (1.25, 1), (1.3, 2), (2.25, 2), (2.3, 3), (9.0, 9), (1e9, 64)]
)
def test_shrinking_takes_as_many_samples_as_it_needs(step: float, samples: int) -> None:
    assert samples_across(step) == samples


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize(("step", "angle"), [(0.6, 0.0), (1.0, 0.4), (3.4, -0.7)])
def test_a_crop_reads_a_ramp_at_its_places(step: float, angle: float, mirrored: bool) -> None:
    """In a picture that grows brighter evenly a mean over pixels is the value in their middle."""
    ys, xs = np.mgrid[:200, :240] + 0.5
    picture = np.stack([xs, ys, (xs + ys) / 2], -1).astype(np.uint8)
    there = place(step, angle, (120.0, 100.0), mirrored=mirrored)
    crop = extract_region(picture, there, *SIZE)
    columns, rows = np.meshgrid(np.arange(SIZE[0]) + 0.5, np.arange(SIZE[1]) + 0.5)
    points = np.stack([columns, rows, np.ones_like(rows)], -1) @ there.T
    wanted = np.stack([points[..., 0], points[..., 1], points.mean(-1)], -1) - 0.5  # pixel 0 covers 0 to 1
    assert np.abs(crop - wanted).max() < 1.3


def test_a_crop_of_fine_stripes_is_grey() -> None:
    stripes = np.repeat(np.tile([0, 255], 200)[None, :, None], 300, 0).repeat(3, 2).astype(np.uint8)
    crop = extract_region(stripes, place(4.0, 0.0, (200.0, 150.0)), *SIZE)
    assert np.abs(crop.astype(int) - 127).max() <= 2


def test_beyond_the_picture_its_border_repeats() -> None:
    picture = np.zeros((60, 60, 3), np.uint8)
    picture[:, -1] = 90
    crop = extract_region(picture, place(1.0, 0.0, (60.0, 30.0)), *SIZE)
    assert (crop[:, SIZE[0] // 2 :] == 90).all() and (crop[:, : SIZE[0] // 2 - 1] == 0).all()
