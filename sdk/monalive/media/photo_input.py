"""What a photo may be handed in as: a file, its bytes, a Pillow image, or an array."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from monalive.media.cutout import with_hidden_filled
from monalive.media.image_io import LoadedPhoto, decode_photo, load_image, load_photo, open_picture, photo_of
from monalive.packaged_assets import sample_portrait_paths
from monalive.rgb_image import is_rgba, require_rgb

Photo: TypeAlias = str | Path | bytes | Image.Image | NDArray[np.uint8]
_NAMELESS: Final = "the photo"


def is_one_photo(photos: object) -> bool:
    """Whether it is meant as a single photo, right or wrong, rather than as several."""
    return not isinstance(photos, Sequence) or isinstance(photos, str | bytes | bytearray | memoryview)


def read_photo(photo: Photo, longest_side: int | None) -> tuple[LoadedPhoto, str]:
    """A photo, the right way up, and what to call it in an error.

    Args:
        photo: an array, (H, W, 3) uint8 RGB or (H, W, 4) RGBA, is taken as it is.
        longest_side: see `load_image`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is nothing of the kind, or cannot be read.
    """
    if isinstance(photo, np.ndarray):
        if is_rgba(photo):
            alpha = np.ascontiguousarray(photo[..., 3])
            colours = with_hidden_filled(np.ascontiguousarray(photo[..., :3]), alpha)
            return LoadedPhoto(colours, (photo.shape[1], photo.shape[0]), alpha), _NAMELESS
        require_rgb(photo)
        return LoadedPhoto(np.ascontiguousarray(photo), (photo.shape[1], photo.shape[0])), _NAMELESS
    if isinstance(photo, Image.Image):
        return photo_of(photo, _NAMELESS, longest_side), _NAMELESS
    if isinstance(photo, bytes | bytearray | memoryview):
        return decode_photo(bytes(photo), _NAMELESS, longest_side), _NAMELESS
    if isinstance(photo, str | os.PathLike):
        return load_photo(Path(photo), longest_side), str(photo)
    given = "None" if photo is None else f"a {type(photo).__name__}"
    raise ValueError(
        f"a photo must be a path, a file's bytes, a Pillow image or an array (H, W, 3) uint8 RGB, not {given}"
    )


def shows_sample_portrait(image: NDArray[np.uint8]) -> bool:
    """Whether a picture is a portrait that comes with the package: of a person who does not exist."""
    size = (image.shape[1], image.shape[0])
    return any(_size(path) == size and np.array_equal(image, _sample(path)) for path in sample_portrait_paths())


@cache
def _size(path: Path) -> tuple[int, int]:
    with open_picture(path) as picture:
        return picture.size


@cache
def _sample(path: Path) -> NDArray[np.uint8]:
    return load_image(path)
