"""Contact sheets place pictures where they belong, unharmed, and find room for captions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monalive.media.image_io import load_image
from monalive_distill.evaluation.contact_sheet import contact_sheet, save_sheet


def plain(width: int, height: int, colour: tuple[int, int, int]) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


def noise(side: int) -> np.ndarray:
    return np.random.default_rng(side).integers(0, 256, (side, side, 3), np.uint8)


def test_pictures_of_the_cells_size_are_copied_bit_for_bit() -> None:
    images = [[noise(64), 255 - noise(64)], [noise(64) // 2, noise(64) // 3]]
    sheet = contact_sheet(images, cell=64, gap=4)
    assert sheet.shape == (4 + 2 * 68, 4 + 2 * 68, 3)
    assert sheet.dtype == np.uint8
    for row in range(2):
        for column in range(2):
            y, x = 4 + row * 68, 4 + column * 68
            np.testing.assert_array_equal(sheet[y : y + 64, x : x + 64], images[row][column])


def test_other_sizes_are_fitted_and_centred() -> None:
    sheet = contact_sheet([[plain(200, 100, (255, 0, 0)), plain(10, 20, (0, 0, 255))]], cell=64, gap=0)
    assert sheet.shape == (64, 128, 3)
    np.testing.assert_array_equal(sheet[16:48, :64], plain(64, 32, (255, 0, 0)))
    np.testing.assert_array_equal(sheet[:16, :64], plain(64, 16, (255, 255, 255)))
    np.testing.assert_array_equal(sheet[:, 80:112], plain(32, 64, (0, 0, 255)))


def test_cells_need_not_be_square(tmp_path: Path) -> None:
    wide = np.concatenate([noise(64), noise(64)], 1)
    sheet = contact_sheet([[wide], [plain(32, 64, (255, 0, 0))]], cell=128, cell_height=64, gap=2)
    assert sheet.shape == (2 + 2 * 66, 2 + 130, 3)
    np.testing.assert_array_equal(sheet[2:66, 2:130], wide)
    np.testing.assert_array_equal(sheet[68:132, 2 + 48 : 2 + 80], plain(32, 64, (255, 0, 0)))
    save_sheet(tmp_path / "sheet.jpg", sheet)
    assert np.abs(load_image(tmp_path / "sheet.jpg").astype(int) - sheet)[70:130, 55:75].mean() < 3


def test_missing_pictures_are_grey_and_short_rows_white() -> None:
    sheet = contact_sheet([[plain(32, 32, (0, 0, 0)), None], [plain(32, 32, (0, 0, 0))]], cell=32, gap=0)
    assert len(np.unique(sheet[:32, 32:])) == 1
    assert 200 < sheet[0, 40, 0] < 255
    assert (sheet[32:, 32:] == 255).all()


def test_captions_add_room_and_ink_but_do_not_touch_the_pictures() -> None:
    images = [[noise(96), noise(96)]]
    bare = contact_sheet(images, cell=96)
    captioned = contact_sheet(
        images,
        cell=96,
        title="A title",
        row_captions=["a row with a caption that goes on and on"],
        column_captions=["left", "anextremelylongwordthatfitsnowhereatall"],
    )
    assert captioned.shape[0] > bare.shape[0]
    assert captioned.shape[1] > bare.shape[1]
    np.testing.assert_array_equal(captioned[-102:-6, -204:-108], images[0][0])
    np.testing.assert_array_equal(captioned[-102:-6, -102:-6], images[0][1])
    assert (captioned[:-102] < 128).any()  # title and column captions
    assert (captioned[-102:, :40] < 128).any()  # row caption


def test_bad_input_is_refused() -> None:
    image = plain(32, 32, (0, 0, 0))
    empty: list[list[list[np.ndarray]]] = [[], [[]], [[], []]]
    for rows in empty:
        with pytest.raises(ValueError, match="at least one picture"):
            contact_sheet(rows)
    with pytest.raises(ValueError, match="captions"):
        contact_sheet([[image]], column_captions=["a", "b"])
    with pytest.raises(ValueError, match="captions"):
        contact_sheet([[image]], row_captions=[])
    with pytest.raises(ValueError, match="uint8"):
        contact_sheet([[image.astype(np.float32)]])
    with pytest.raises(ValueError, match="16 pixels"):
        contact_sheet([[image]], cell=4)
