"""What a picture is in this package."""

from __future__ import annotations

import numpy as np


def require_rgb(image: object) -> None:
    """Checks that `image` is a picture as this package passes them around: (H, W, 3) uint8, not empty.

    Raises:
        ValueError: it is something else; the message says what.
    """
    if not isinstance(image, np.ndarray):
        raise ValueError(
            "a picture must be a numpy array of shape (height, width, 3), uint8 RGB, "
            f"not {type(image).__name__}; load files with load_image"
        )
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(
            "a picture must be a uint8 array of shape (height, width, 3), RGB; "
            f"this one is {image.dtype} of shape {image.shape};"
            " load files with load_image, which converts all kinds of pictures"
        )


def is_rgba(image: object) -> bool:
    """Whether `image` is a picture with transparency: (H, W, 4) uint8, colours not multiplied by alpha, not empty."""
    return (
        isinstance(image, np.ndarray)
        and image.dtype == np.uint8
        and image.ndim == 3
        and image.shape[2] == 4
        and image.size > 0
    )
