"""RegionPaste does what its formula says, pixel by pixel, and leaves everything else alone."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from monalive.player.region_paste import FADE_WIDTH, RegionLayer, RegionPaste, crop_fade

WIDTH, HEIGHT = 32, 24
Place = NDArray[np.float64]


def place(x: float, y: float, step: float, angle: float = 0.0, *, mirrored: bool = False) -> Place:
    """The place of a crop around (x, y), `step` pixels per crop pixel."""
    cos, sin = np.cos(angle) * step, np.sin(angle) * step
    linear = np.array([[cos, -sin], [sin, cos]]) @ np.diag([-1.0 if mirrored else 1.0, 1.0])
    return np.column_stack([linear, [x, y] - linear @ np.array([WIDTH, HEIGHT]) / 2])


def smooth(seed: int, channels: int, low: float, high: float) -> NDArray[np.float32]:
    coarse = np.random.default_rng(seed).uniform(low, high, (4, 5, channels)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (WIDTH, HEIGHT)), np.float32).reshape(HEIGHT, WIDTH, channels)


def picture(seed: int, width: int = 160, height: int = 120) -> NDArray[np.uint8]:
    tiles = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    return np.asarray(cv2.resize(tiles, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def layer(there: Place, photo: NDArray[np.uint8] | None = None, seed: int = 3) -> RegionLayer:
    photo = picture(0) if photo is None else photo
    flow, mask, painted = smooth(seed, 2, -3, 3), smooth(seed + 1, 1, 0, 1)[..., 0], smooth(seed + 2, 3, -0.1, 1.1)
    return RegionLayer(photo, there, flow, mask, painted)


def read(values: NDArray[np.floating], x: float, y: float) -> NDArray[np.float64]:
    """Bilinear; a pixel's middle is at + 0.5, beyond the border it repeats."""
    rows, columns = values.shape[:2]
    x, y = np.clip(x - 0.5, 0, columns - 1), np.clip(y - 0.5, 0, rows - 1)
    left, top = int(x), int(y)
    right, bottom = min(left + 1, columns - 1), min(top + 1, rows - 1)
    across, down = x - left, y - top
    above = values[top, left] * (1 - across) + values[top, right] * across
    below = values[bottom, left] * (1 - across) + values[bottom, right] * across
    return np.asarray(above * (1 - down) + below * down, np.float64)


def read_sharp(values: NDArray[np.floating], x: float, y: float) -> NDArray[np.float64]:
    """Keys' cubic with a = -0.75 (Keys, "Cubic Convolution Interpolation", 1981); the same places, the same border."""
    rows, columns = values.shape[:2]
    left, top = int(np.floor(x - 0.5)), int(np.floor(y - 0.5))
    across, down = (
        [cubic(part + 1), cubic(part), cubic(1 - part), cubic(2 - part)] for part in (x - 0.5 - left, y - 0.5 - top)
    )
    around = values[
        np.ix_(np.clip(range(top - 1, top + 3), 0, rows - 1), np.clip(range(left - 1, left + 3), 0, columns - 1))
    ]
    return np.asarray(np.clip(np.einsum("v,u,vuc->c", down, across, around), 0, 255), np.float64)


def cubic(away: float, a: float = -0.75) -> float:
    if away <= 1:
        return (a + 2) * away**3 - (a + 3) * away**2 + 1
    return a * away**3 - 5 * a * away**2 + 8 * a * away - 4 * a


def feather(t: float, length: int) -> float:
    s = float(np.clip(min(t, length - t) / (0.14 * length), 0, 1))
    return s * s * (3 - 2 * s)


def slowly(frame: NDArray[np.uint8], there: Place, layers: list[RegionLayer]) -> NDArray[np.float64]:
    """The same for each pixel on its own; float, where a crop finer than the frame is read n x n times per pixel."""
    out = frame.astype(np.float64)
    to_crop = np.linalg.inv(there[:, :2])
    step = np.sqrt(abs(np.linalg.det(there[:, :2])))
    n = max(1, int(np.ceil(1 / step - 0.25)))
    offsets = (np.arange(n) + 0.5) / n
    for row in range(frame.shape[0]):
        for column in range(frame.shape[1]):
            u, v = to_crop @ ([column + 0.5, row + 0.5] - there[:, 2])
            alpha = feather(u, WIDTH) * feather(v, HEIGHT)
            if alpha == 0:
                continue
            colour, whole = np.zeros(3), sum(one.share for one in layers)
            for one in layers:
                samples = [
                    [read(values, *to_crop @ ([column + x, row + y] - there[:, 2])) for y in offsets for x in offsets]
                    for values in (one.flow, one.mask[..., None], np.clip(one.painted, 0, 1) * 255)
                ]
                flow, mask, painted = (np.mean(values, 0) for values in samples)
                moved = read_sharp(one.photo.astype(float), *one.place @ (u + flow[0], v + flow[1], 1))
                mixed = painted + mask * (moved - painted)
                colour += (mixed if one.shift is None else mixed + one.shift) * one.share / whole
            out[row, column] += alpha * (colour - out[row, column])
    return np.clip(out, 0, 255)


def pasted(frame: NDArray[np.uint8], there: Place, layers: list[RegionLayer]) -> NDArray[np.uint8]:
    result = frame.copy()
    RegionPaste()(result, there, layers)
    return result


CASES = {
    "finer than the crop": (place(80, 60, 2.2), place(81, 59, 2.1)),
    "turned": (place(80, 60, 2.0, 0.5), place(82, 57, 2.1, 0.2)),
    "mirrored": (place(80, 60, 2.3, -0.3, mirrored=True), place(70, 60, 2.0, -0.2, mirrored=True)),
    "coarser than the crop": (place(80, 60, 0.4, 0.2), place(81, 61, 0.42, 0.2)),
    "over the corner": (place(4, 6, 2.0, 0.2), place(6, 3, 2.0, 0.1)),
    "over the other corner": (place(158, 118, 1.5, -0.4), place(150, 110, 1.5)),
}


@pytest.mark.parametrize("case", CASES)
def test_it_equals_the_formula_for_every_pixel(case: str) -> None:
    there, photo_place = CASES[case]
    frame, layers = picture(1), [layer(photo_place)]
    wanted, made = slowly(frame, there, layers), pasted(frame, there, layers)
    assert np.abs(wanted - frame).max() > 20  # there is something to see
    difference = np.abs(made - wanted)
    assert difference.max() < 2.0 and difference.mean() < 0.3


def test_it_equals_the_formula_on_places_by_chance() -> None:
    random = np.random.default_rng(8)
    for seed in range(4):
        linear = random.normal(0, 1.2, (2, 2)) + np.eye(2)
        there = np.column_stack([linear, random.uniform(20, 90, 2)])
        layers = [layer(there + random.normal(0, 0.3, (2, 3)) * [0.1, 0.1, 5], seed=seed)]
        frame = picture(seed + 40)
        assert np.abs(pasted(frame, there, layers) - slowly(frame, there, layers)).max() < 2.5


def test_several_photos_are_mixed_by_their_shares() -> None:
    there, frame = place(80, 60, 1.8, 0.2), picture(1)
    first = replace(layer(place(81, 59, 1.7)), share=0.3)
    shift = np.array([12, -9, 4], np.float32)
    other = replace(layer(place(110, 90, 3.0), picture(5, 240, 200), seed=11), share=0.6, shift=shift)
    wanted = slowly(frame, there, [first, other])
    # Places are read to a 32nd of a pixel.
    assert np.abs(pasted(frame, there, [first, other]) - wanted).max() < 2.2
    assert np.abs(wanted - slowly(frame, there, [first])).max() > 20


@pytest.mark.parametrize("case", CASES)
def test_at_rest_it_gives_the_photo_back(case: str) -> None:
    there, _ = CASES[case]
    photo = picture(0)
    still = RegionLayer(
        photo,
        there,
        np.zeros((HEIGHT, WIDTH, 2), np.float32),
        np.ones((HEIGHT, WIDTH), np.float32),
        np.zeros((HEIGHT, WIDTH, 3), np.float32),
    )
    assert np.abs(pasted(photo, there, [still]).astype(int) - photo).max() <= 1


def test_nothing_but_the_crop_changes() -> None:
    for there, photo_place in CASES.values():
        frame = picture(1)
        rows, columns = np.mgrid[: frame.shape[0], : frame.shape[1]] + 0.5
        u, v = np.moveaxis((np.stack([columns, rows], -1) - there[:, 2]) @ np.linalg.inv(there[:, :2]).T, -1, 0)
        outside = (u < 0) | (u > WIDTH) | (v < 0) | (v > HEIGHT)
        made = pasted(frame, there, [layer(photo_place)])
        np.testing.assert_array_equal(made[outside], frame[outside])
        assert (made != frame).any()


def test_nothing_beyond_the_bounds_changes() -> None:
    there, photo_place = CASES["turned"]
    frame, paste = picture(1), RegionPaste()
    whole, clipped = frame.copy(), frame.copy()
    paste(whole, there, [layer(photo_place)])
    paste(clipped, there, [layer(photo_place)], bounds=(-5, 50, 90, 300))
    inside = np.s_[50:, :90]
    np.testing.assert_array_equal(clipped[inside], whole[inside])
    clipped[inside] = frame[inside]
    np.testing.assert_array_equal(clipped, frame)


def test_a_crop_out_of_sight_changes_nothing() -> None:
    frame = picture(1)
    for x in (-100.0, 300.0):
        np.testing.assert_array_equal(pasted(frame, place(x, 60, 1.0), [layer(place(60, 60, 1.0))]), frame)


def test_regions_of_many_sizes_share_the_working_memory() -> None:
    paste, frame = RegionPaste(), picture(1)
    for there, photo_place in CASES.values():
        made = frame.copy()
        paste(made, there, [layer(photo_place)])
        np.testing.assert_array_equal(made, pasted(frame, there, [layer(photo_place)]))


def test_a_finely_striped_crop_does_not_alias() -> None:
    """Stripes one crop pixel wide, four crop pixels to a pixel of the frame: grey."""
    there = place(80, 60, 0.25)
    stripes = np.broadcast_to((np.arange(WIDTH) % 2)[None, :, None], (HEIGHT, WIDTH, 3)).astype(np.float32)
    flat = np.full((120, 160, 3), 128, np.uint8)
    zeros = np.zeros((HEIGHT, WIDTH), np.float32)
    one = RegionLayer(flat, there, np.zeros((HEIGHT, WIDTH, 2), np.float32), zeros, stripes)
    assert np.abs(pasted(flat, there, [one]).astype(int) - 128).max() <= 2


def test_a_crop_fades_in_over_a_seventh_of_its_length() -> None:
    fade = crop_fade(128, 96)
    assert fade.shape == (96, 128) and fade.max() == 1 and fade[48, 0] < 0.01
    wanted = [feather(x + 0.5, 128) for x in range(128)]
    assert fade[48] == pytest.approx(np.array(wanted), abs=1e-6)
    assert (fade[48, int(np.ceil(FADE_WIDTH * 128)) : 64] == 1).all()


def test_what_a_region_hides_is_its_inside_without_the_fade() -> None:
    there = place(80, 60, 3.0)  # from 32, 24 to 128, 96; the fade is 13.44 and 10.08 pixels wide, half a crop pixel 1.5
    assert RegionPaste.hides((160, 120), there, [layer(there)]) == np.s_[36:84, 47:113]
    assert RegionPaste.hides((160, 120), there, [layer(there)], (0, 50, 100, 70)) == np.s_[50:70, 47:100]
    assert RegionPaste.hides((40, 120), there, [layer(there)]) is None


def test_a_long_region_that_is_turned_far_hides_nothing() -> None:
    long = np.array([[1, -1], [1, 1]]) @ np.diag([4.0, 1.0])
    there = np.column_stack([long, [80, 60] - long @ np.array([WIDTH, HEIGHT]) / 2])
    assert RegionPaste.hides((160, 120), there, [layer(there)]) is None


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_seen_of_what_a_region_hides(case: str) -> None:
    there, photo_place = CASES[case]
    layers = [layer(photo_place), replace(layer(photo_place, seed=9), share=0.5)]
    frame = picture(1)
    hidden = RegionPaste.hides((frame.shape[1], frame.shape[0]), there, layers)
    assert hidden is not None
    other = frame.copy()
    other[hidden] = 255 - other[hidden]
    assert (other != frame).any()
    np.testing.assert_array_equal(pasted(other, there, layers), pasted(frame, there, layers))


def test_a_change_is_added_to_the_colours_where_the_region_shows() -> None:
    there, frame = place(80, 60, 2.0), picture(1)
    plain = layer(place(70, 50, 2.0))
    plain = replace(plain, painted=np.full_like(plain.painted, 0.5), mask=np.zeros_like(plain.mask))
    change = np.full((HEIGHT, WIDTH, 3), (0.1, -0.2, 0.6), np.float32)
    changed = replace(plain, change=change)
    before, after = pasted(frame, there, [plain]).astype(int), pasted(frame, there, [changed]).astype(int)
    np.testing.assert_allclose(after[60, 80] - before[60, 80], (25.5, -51, 127), atol=1.01)
    np.testing.assert_array_equal(after[0], before[0])
    both = changed.midway(replace(changed, change=np.zeros_like(change)))
    np.testing.assert_allclose(
        pasted(frame, there, [both])[60, 80].astype(int) - before[60, 80], (13, -26, 77), atol=1.5
    )
