"""paste_back moves the photo's own pixels inside the crop and leaves everything else alone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from monalive.faces.crop import SquareCrop
from monalive.player.paste_back import PasteBack, crop_feather, paste_back
from monalive.threads import Workers

INSIDE = SquareCrop(300, 60, 600)
BETWEEN_PIXELS = SquareCrop(300.3, 60.6, 600.4)
OVER_THE_CORNER = SquareCrop(-30.2, -20.5, 400.3)
LARGER_THAN_THE_PHOTO = SquareCrop(-100, -100, 1600)
SMALL = SquareCrop(10.2, 600.7, 80.4)
CROPS = [INSIDE, BETWEEN_PIXELS, OVER_THE_CORNER, LARGER_THAN_THE_PHOTO, SMALL]


@pytest.fixture(scope="module")
def photo() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (720, 1280, 3), np.uint8)


def constant_flow(x: float, y: float, size: int = 64) -> NDArray[np.float32]:
    return np.broadcast_to(np.array([x, y], np.float32), (size, size, 2)).copy()


def keep_all() -> NDArray[np.float32]:
    return np.ones((256, 256), np.float32)


def paint_all() -> NDArray[np.float32]:
    return np.zeros((256, 256), np.float32)


def plain(value: float) -> NDArray[np.float32]:
    return np.full((256, 256, 3), value, np.float32)


@pytest.mark.parametrize("crop", CROPS)
def test_without_motion_the_photo_is_unchanged_bit_for_bit(photo: NDArray[np.uint8], crop: SquareCrop) -> None:
    np.testing.assert_array_equal(paste_back(photo, crop, constant_flow(0, 0), keep_all(), plain(0.5)), photo)


@pytest.mark.parametrize("crop", CROPS)
def test_outside_the_crop_the_photo_is_unchanged_bit_for_bit(photo: NDArray[np.uint8], crop: SquareCrop) -> None:
    before = photo.copy()
    frame = paste_back(photo, crop, constant_flow(0.05, -0.03), keep_all() * 0.5, plain(0.5))
    outside = np.ones(photo.shape[:2], bool)
    x0, y0 = max(0, int(np.floor(crop.x))), max(0, int(np.floor(crop.y)))
    outside[y0 : int(np.ceil(crop.y + crop.side)) + 1, x0 : int(np.ceil(crop.x + crop.side)) + 1] = False
    np.testing.assert_array_equal(frame[outside], photo[outside])
    assert (frame != photo).any()
    np.testing.assert_array_equal(photo, before)


@pytest.mark.parametrize("size", [64, 128, 256])
def test_a_flow_of_whole_pixels_moves_the_photos_own_pixels(photo: NDArray[np.uint8], size: int) -> None:
    crop = SquareCrop(200, 50, 512)
    # 8 pixels to the right of each place, 4 above it.
    frame = paste_back(photo, crop, constant_flow(8 / 512, -4 / 512, size), keep_all(), plain(0))
    middle = np.s_[200:400, 350:550]
    np.testing.assert_array_equal(frame[middle], photo[200 - 4 : 400 - 4, 350 + 8 : 550 + 8])


def test_a_growing_flow_is_read_at_the_right_place() -> None:
    """A photo whose red value is its column: a stretch about the crop's middle is read back exactly."""
    columns = np.linspace(0, 255, 1024, dtype=np.float32)
    photo = np.zeros((700, 1024, 3), np.uint8)
    photo[..., 0] = np.round(columns)
    crop = SquareCrop(200.4, 40.8, 600.6)
    centres = (np.arange(64, dtype=np.float32) + 0.5) / 64
    flow = np.zeros((64, 64, 2), np.float32)
    flow[..., 0] = -0.2 * (centres - 0.5)
    frame = paste_back(photo, crop, flow, keep_all(), plain(0))
    x = np.arange(320, 680)
    middle = crop.x + crop.side / 2 - 0.5
    expected = (middle + 0.8 * (x - middle)) * 255 / 1023
    assert np.abs(frame[350, 320:680, 0] - expected).max() < 1.0


@pytest.mark.parametrize("crop", [INSIDE, BETWEEN_PIXELS, SMALL])
def test_the_painted_picture_replaces_the_photo_in_the_middle_and_not_at_the_edges(
    photo: NDArray[np.uint8], crop: SquareCrop
) -> None:
    frame = paste_back(photo, crop, constant_flow(0, 0), paint_all(), plain(100 / 255))
    quarter = crop.side / 4
    y0, x0 = int(crop.y + quarter), int(crop.x + quarter)
    middle = frame[y0 : int(y0 + 2 * quarter), x0 : int(x0 + 2 * quarter)]
    np.testing.assert_array_equal(middle, np.full_like(middle, 100))
    edge = np.s_[round(crop.y), round(crop.x) : round(crop.x + crop.side)]
    assert np.abs(frame[edge].astype(int) - photo[edge]).max() <= 4


def test_the_painted_picture_lands_on_its_place() -> None:
    """A painted ramp reads as the same ramp over the photo's pixels, also for a crop between pixels."""
    photo = np.zeros((900, 900, 3), np.uint8)
    for crop in (SquareCrop(100, 150, 512), SquareCrop(100.5, 150.25, 512), SquareCrop(100, 150, 128)):
        ramp = np.broadcast_to(((np.arange(256) + 0.5) / 256)[None, :, None], (256, 256, 3)).astype(np.float32)
        frame = paste_back(photo, crop, constant_flow(0, 0), paint_all(), ramp)
        row = round(crop.y + crop.side / 2)
        x = np.arange(round(crop.x + crop.side * 0.25), round(crop.x + crop.side * 0.75))
        expected = (x + 0.5 - crop.x) / crop.side * 255
        assert np.abs(frame[row, x, 0] - expected).max() < 1.5


def test_the_feather_spares_edges_on_the_photos_border() -> None:
    whole = crop_feather(SquareCrop(0, 0, 512), 512, 512)
    np.testing.assert_array_equal(whole, np.ones((256, 256), np.float32))

    bottom_left = crop_feather(SquareCrop(-20, 300, 412), 1280, 712)
    assert (bottom_left[128:, :128] == 1).all()
    assert bottom_left[0].max() < 0.01
    assert bottom_left[:, -1].max() < 0.01

    inside = crop_feather(INSIDE, 1280, 720)
    assert inside.dtype == np.float32
    assert inside.shape == (256, 256)
    assert inside[128, 128] == 1
    assert inside.min() >= 0
    assert (np.diff(inside[128, :128]) >= 0).all()
    np.testing.assert_allclose(inside, inside[::-1, ::-1], atol=1e-6)


def test_no_seam_at_the_crops_edges() -> None:
    """Moving a smooth photo leaves it smooth across the edges of the crop."""
    y, x = np.mgrid[:720, :1280]
    photo = np.stack([x / 5, y / 3, (x + y) / 8], -1).astype(np.uint8)
    frame = paste_back(photo, INSIDE, constant_flow(0.05, 0.05), keep_all(), plain(0)).astype(int)
    assert np.abs(np.diff(frame, axis=0)).max() <= 4
    assert np.abs(np.diff(frame, axis=1)).max() <= 4


def test_several_faces_are_pasted_one_after_the_other(photo: NDArray[np.uint8]) -> None:
    left, right = SquareCrop(0, 100, 400), SquareCrop(300, 100, 400)
    first = paste_back(photo, left, constant_flow(0.1, 0), keep_all(), plain(0))
    both = paste_back(first, right, constant_flow(0, 0), keep_all(), plain(0))
    np.testing.assert_array_equal(both, first)


def test_a_kept_object_gives_what_the_function_gives(photo: NDArray[np.uint8]) -> None:
    pasting = PasteBack(BETWEEN_PIXELS, 1280, 720)
    first = pasting(photo, constant_flow(0.02, 0.01), keep_all() * 0.3, plain(0.7))
    copy = first.copy()
    pasting(photo, constant_flow(-0.02, 0.01), keep_all(), plain(0.1))
    np.testing.assert_array_equal(first, copy)  # a later call does not write into an earlier frame
    again = paste_back(photo, BETWEEN_PIXELS, constant_flow(0.02, 0.01), keep_all() * 0.3, plain(0.7))
    np.testing.assert_array_equal(first, again)


def test_painted_values_out_of_range_are_clipped(photo: NDArray[np.uint8]) -> None:
    low = paste_back(photo, INSIDE, constant_flow(0, 0), paint_all(), plain(-0.4))
    high = paste_back(photo, INSIDE, constant_flow(0, 0), paint_all(), plain(1.4))
    assert (low[360, 600] == 0).all()
    assert (high[360, 600] == 255).all()


def test_bad_input_is_refused(photo: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="outside the photo"):
        paste_back(photo, SquareCrop(2000, 0, 100), constant_flow(0, 0), keep_all(), plain(0))
    with pytest.raises(ValueError, match="flow"):
        paste_back(photo, INSIDE, np.zeros((2, 64, 64), np.float32), keep_all(), plain(0))
    with pytest.raises(ValueError, match="mask"):
        paste_back(photo, INSIDE, constant_flow(0, 0), keep_all()[:64], plain(0))
    with pytest.raises(ValueError, match="photo must be"):
        paste_back(photo.astype(np.float32), INSIDE, constant_flow(0, 0), keep_all(), plain(0))
    with pytest.raises(ValueError, match="crop_feather"):
        paste_back(photo, INSIDE, constant_flow(0, 0), keep_all(), plain(0), np.ones((600, 600), np.float32))
    with pytest.raises(ValueError, match="width"):
        crop_feather(INSIDE, 1280, 720, width=0)


def test_a_picture_is_animated_in_place(photo: NDArray[np.uint8]) -> None:
    paste = PasteBack(INSIDE, 1280, 720)
    frame = paste(photo, constant_flow(0.04, -0.02), keep_all() * 0.5, plain(0.4))
    picture = photo.copy()
    assert paste(picture, constant_flow(0.04, -0.02), keep_all() * 0.5, plain(0.4), out=picture) is picture
    np.testing.assert_array_equal(picture, frame)
    assert not np.array_equal(frame, photo)


@pytest.mark.parametrize("crop", [*CROPS, SquareCrop(100.4, -300.2, 1500.7)])
def test_a_plane_moves_as_the_photo_does(photo: NDArray[np.uint8], crop: SquareCrop) -> None:
    grey = np.repeat(photo[..., :1], 3, axis=2)
    flow = constant_flow(0.05, -0.03) * np.linspace(0, 1, 64, dtype=np.float32)[:, None, None]
    moved = paste_back(grey, crop, flow, keep_all(), plain(0.5))
    plane, out = np.ascontiguousarray(photo[..., 0]), photo[..., 0].copy()
    PasteBack(crop, photo.shape[1], photo.shape[0]).move(plane, flow, out)
    assert (out != plane).any()
    assert np.abs(out.astype(int) - moved[..., 0]).max() <= 1


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("crop", [INSIDE, OVER_THE_CORNER, LARGER_THAN_THE_PHOTO])
def test_what_is_covered_is_left_out_and_the_rest_stays_bit_for_bit(
    photo: NDArray[np.uint8], crop: SquareCrop, threads: int
) -> None:
    x, y = max(0, int(crop.x)), max(0, int(crop.y))
    beside, below = np.s_[y + 20 : y + 180, x + 30 : x + 90], np.s_[y + 40 : y + 300, x + 150 : x + 370]
    paste = PasteBack(crop, 1280, 720, workers=Workers(threads))
    small = constant_flow(0.04, -0.02), keep_all() * 0.5, plain(0.4)
    whole, out = paste(photo, *small), np.zeros_like(photo)
    paste(photo, *small, out=out, covered=[below, beside])
    seen = np.zeros(photo.shape[:2], bool)
    left, top, side = crop.snapped()
    seen[max(top, 0) : top + side, max(left, 0) : left + side] = True
    seen[beside] = seen[below] = False
    np.testing.assert_array_equal(out[seen], whole[seen])
    for box in (beside, below):
        assert (out[box] == 0).all(axis=(1, 2)).mean() > 0.5  # rows that no strip with others needed
