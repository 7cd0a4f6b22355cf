"""A large crop of a photo is doubled once: what is read from it is what the photo itself gives."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from monalive.faces.crop import SquareCrop
from monalive.player.doubled_photo import DoubledPhoto, read_cubic, read_doubled
from monalive.player.paste_back import PasteBack

CROPS = [SquareCrop(150.4, 33.2, 1100.3), SquareCrop(-60.7, -20.1, 1300.0), SquareCrop(700.0, 100.0, 1280.0)]
KEPT, NOTHING = np.ones((256, 256), np.float32), np.zeros((256, 256, 3), np.float32)


@pytest.fixture(scope="module")
def photo() -> NDArray[np.uint8]:
    """Detail down to about three pixels."""
    noise = np.random.default_rng(0).normal(128, 160, (1300, 1500, 3))
    return np.clip(cv2.GaussianBlur(noise, (0, 0), 1.2) * 2 - 128, 0, 255).astype(np.uint8)


def test_small_crops_are_not_worth_it_and_huge_ones_take_too_much_memory(photo: NDArray[np.uint8]) -> None:
    assert DoubledPhoto.of(photo, SquareCrop(0, 0, 1024)) is None
    assert DoubledPhoto.of(photo, SquareCrop(0, 0, 1025)) is not None
    assert DoubledPhoto.of(photo, SquareCrop(-300, 0, 2100)) is None


@pytest.mark.parametrize("crop", CROPS)
def test_the_photos_own_pixels_are_in_it(photo: NDArray[np.uint8], crop: SquareCrop) -> None:
    doubled = DoubledPhoto(photo, crop)
    left, top, side = crop.snapped()
    columns, rows = slice(max(left, 0), min(left + side, 1500)), slice(max(top, 0), min(top + side, 1300))
    places = np.stack(np.meshgrid(np.r_[columns], np.r_[rows]), -1).astype(np.float32)
    out = np.empty((*places.shape[:2], 3), np.uint8)
    read_doubled(doubled.pixels, doubled.grid(places), out)
    np.testing.assert_array_equal(out, photo[rows, columns])


@pytest.mark.parametrize("shift", [(0.5, 0.0), (0.25, 0.75), (13.31, -7.68)])
def test_between_pixels_it_is_as_sharp_as_a_cubic(photo: NDArray[np.uint8], shift: tuple[float, float]) -> None:
    doubled = DoubledPhoto(photo, CROPS[0])
    places = np.stack(np.meshgrid(np.arange(300, 900), np.arange(200, 800)), -1).astype(np.float32) + np.array(
        shift, np.float32
    )
    cubic, ours, linear = (np.empty((600, 600, 3), np.uint8) for _ in range(3))
    read_cubic(photo, places, cubic)
    read_doubled(doubled.pixels, doubled.grid(places), ours)
    x, y = places[..., 0].copy(), places[..., 1].copy()
    cv2.remap(photo, x, y, cv2.INTER_LINEAR, dst=linear)
    best = cv2.remap(photo, x, y, cv2.INTER_LANCZOS4)
    errors = [np.abs(picture.astype(float) - best).mean() for picture in (cubic, ours, linear)]
    assert errors[1] < 1.3 * errors[0] < 0.6 * errors[2]


def test_places_of_regions_follow(photo: NDArray[np.uint8]) -> None:
    doubled = DoubledPhoto(photo, CROPS[0])
    place = np.array([[3.0, 0.2, 400.5], [-0.2, 3.0, 300.25]])
    middle = place @ [7.0, 9.0, 1.0]
    there = doubled.place(place) @ [7.0, 9.0, 1.0]
    np.testing.assert_allclose(there - 0.5, doubled.grid((middle - 0.5).astype(np.float32)), atol=1e-3)


@pytest.mark.parametrize("crop", CROPS)
def test_a_face_pasted_from_it_looks_the_same(photo: NDArray[np.uint8], crop: SquareCrop) -> None:
    flow = cv2.resize(np.random.default_rng(1).normal(0, 0.01, (6, 6, 2)), (64, 64)).astype(np.float32)
    mask, painted = KEPT.copy(), NOTHING.copy()
    mask[90:150, 60:140], painted[90:150, 60:140] = 0.4, 0.7
    plain = PasteBack(crop, 1500, 1300)
    ours = PasteBack(crop, 1500, 1300, doubled=DoubledPhoto(photo, crop))
    wanted, made = (paste(photo, flow, mask, painted) for paste in (plain, ours))
    error = np.abs(wanted.astype(float) - made)
    assert error.mean() < 2.0 and np.percentile(error, 99.9) < 20  # of noise: a photo differs ten times less
    np.testing.assert_array_equal(ours(photo, 0 * flow, KEPT, painted), photo)


def test_another_photo_is_read_as_it_is(photo: NDArray[np.uint8]) -> None:
    crop, flow = CROPS[0], np.full((64, 64, 2), 0.01, np.float32)
    other = photo[::-1].copy()
    paste = PasteBack(crop, 1500, 1300, doubled=DoubledPhoto(photo, crop))
    wanted = PasteBack(crop, 1500, 1300)(other, flow, KEPT, NOTHING)
    np.testing.assert_array_equal(paste(other, flow, KEPT, NOTHING), wanted)
