"""Crops of an eye or the mouth: where they lie in a picture, and their pixels.

A crop is level with the face, so it may lie turned in the picture, and a right eye's is mirrored. Its place is an
affine map (2, 3) from crop pixels (u, v) to picture pixels: x = a u + b v + c, y = d u + e v + f. A pixel's middle is
at + 0.5 in both.
"""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.crop import SquareCrop

# No face is larger than this many picture pixels per crop pixel; beyond, pixels are left out.
_MOST_SAMPLES: Final = 64


def region_place(place: NDArray[np.floating], crop: SquareCrop) -> NDArray[np.float64]:
    """A place in units of the photo's square crop, (2, 3) or its 6 numbers, as one in photo pixels, (2, 3)."""
    pixels = np.asarray(place, np.float64).reshape(2, 3) * crop.side
    pixels[:, 2] += (crop.x, crop.y)
    return pixels


def region_scale(place: NDArray[np.float64]) -> float:
    """Picture pixels per crop pixel."""
    return math.sqrt(abs(float(np.linalg.det(place[:, :2]))))


def samples_across(pixels: float) -> int:
    """How many samples, side by side, stand for `pixels` pixels when a picture is shrunk by that factor; at least 1."""
    return min(max(1, math.ceil(pixels - 0.25)), _MOST_SAMPLES)


def extract_region(image: NDArray[np.uint8], place: NDArray[np.float64], width: int, height: int) -> NDArray[np.uint8]:
    """The crop (height, width, 3) uint8; what lies outside the picture repeats its border.

    Shrinking averages over the picture's pixels.

    Args:
        image: (H, W, 3) uint8.
        place: (2, 3), crop pixels to picture pixels.
        width, height: of the crop.
    """
    times = samples_across(region_scale(place))
    linear, offset = place[:, :2] / times, place[:, 2]
    pixels = np.column_stack([linear, linear @ (0.5, 0.5) + offset - 0.5])  # cv2 puts a pixel's middle on integers
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = width * times, height * times
    crop = cv2.warpAffine(image, pixels, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    if times > 1:
        crop = cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(crop, np.uint8)
