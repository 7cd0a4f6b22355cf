"""Cut-out pictures: reading them, laying them on a colour, and the colours under what is transparent."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from monalive.media.cutout import WHITE, colour_of, over, with_hidden_filled
from monalive.media.image_io import encode_image, load_image, load_photo, photo_of

RED, GREEN = (200, 30, 20), (0, 255, 0)


def disc(side: int = 64) -> np.ndarray:
    """(side, side, 4): a red disc with a soft edge; green is hidden around it."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    alpha = np.clip((side * 0.35 - np.hypot(x, y)) * 80 + 128, 0, 255).astype(np.uint8)
    colours = np.where((alpha > 0)[..., None], RED, GREEN).astype(np.uint8)
    return np.dstack([colours, alpha])


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("white", WHITE),
        ("Navy", (0, 0, 128)),
        ("#ff8000", (255, 128, 0)),
        ("#F80", (255, 136, 0)),
        ((1, 2, 3), (1, 2, 3)),
    ],
)
def test_colours(text: Any, colour: tuple[int, int, int]) -> None:
    assert colour_of(text) == colour


@pytest.mark.parametrize(
    "text", ["", "blau", "#12", "#12345g", "rgb(1,2,3)", "#11223344", (1, 2), (1, 2, 256), (0.5, 0, 0)]
)
def test_what_is_no_colour(text: Any) -> None:
    with pytest.raises(ValueError, match=r"colour") as error:
        colour_of(text)
    assert "\n" not in str(error.value)


def test_on_a_colour() -> None:
    colours = np.full((1, 3, 3), 100, np.uint8)
    shown = over(colours, np.array([[0, 255, 128]], np.uint8), (0, 200, 50))
    assert shown[0, :2].tolist() == [[0, 200, 50], [100, 100, 100]]
    assert np.abs(shown[0, 2].astype(int) - [50, 150, 75]).max() <= 1


def test_hidden_colours_are_those_of_the_nearest_visible_ones() -> None:
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[:, :20], picture[:, 20:40], picture[:, 40:] = RED, GREEN, (10, 20, 230)
    alpha = np.full((40, 60), 255, np.uint8)
    alpha[:, 20:40] = 0
    filled = with_hidden_filled(picture, alpha).astype(int)
    assert np.array_equal(filled[alpha > 0], picture[alpha > 0])
    assert np.abs(filled[:, 20] - RED).max() < 20 and np.abs(filled[:, 39] - (10, 20, 230)).max() < 20
    assert filled[..., 1].max() <= 31  # no green is left


def test_a_picture_that_shows_nothing_is_grey_below() -> None:
    filled = with_hidden_filled(np.zeros((5, 9, 3), np.uint8), np.zeros((5, 9), np.uint8))
    assert np.abs(filled.astype(int) - 128).max() <= 1


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "GIF"])
@pytest.mark.parametrize("longest_side", [None, 20])
def test_photos_keep_their_alpha_without_what_it_hides(tmp_path: Path, kind: str, longest_side: int | None) -> None:
    path, rgba = tmp_path / "a", disc()
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    Image.fromarray(rgba).save(path, kind, **options)
    photo = load_photo(path, longest_side)
    assert photo.alpha is not None and photo.alpha.shape == photo.image.shape[:2]
    middle = len(photo.alpha) // 2
    assert (photo.alpha[0, 0], photo.alpha[middle, middle]) == (0, 255)
    if longest_side is None and kind != "GIF":
        assert np.array_equal(photo.alpha, rgba[..., 3])
    assert np.abs(photo.image.astype(int) - RED).max() <= 20  # everywhere, faint pixels too
    assert np.abs(load_image(path, longest_side)[0, 0].astype(int) - 255).max() == 0


def test_an_alpha_that_hides_nothing_is_none(tmp_path: Path) -> None:
    rgba = disc()
    rgba[..., 3] = 255
    Image.fromarray(rgba).save(tmp_path / "a.png")
    photo = load_photo(tmp_path / "a.png", None)
    assert photo.alpha is None and np.array_equal(photo.image, rgba[..., :3])


def test_orientation_turns_alpha_too() -> None:
    rgba = disc(16)
    rgba[:8, :, 3] = 0
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    stored = io.BytesIO()
    Image.fromarray(rgba).save(stored, "PNG", exif=exif)
    alpha = photo_of(Image.open(stored), "a", None).alpha
    assert alpha is not None and np.array_equal(alpha, np.rot90(rgba[..., 3], -1))


def test_a_picture_handed_over_is_made_smaller_with_its_alpha() -> None:
    photo = photo_of(Image.fromarray(disc(100)), "a", 50)
    assert photo.alpha is not None and photo.alpha.shape == (50, 50)
    assert (photo.alpha[0, 0], photo.alpha[25, 25]) == (0, 255)


def test_only_formats_with_transparency_are_written_with_it() -> None:
    assert np.array_equal(np.array(Image.open(io.BytesIO(encode_image("a.png", disc())))), disc())
    with pytest.raises(ValueError, match="RGB"):
        encode_image("a.jpg", disc())
