"""The square regions of a picture that a face tracker's networks look at."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class RotatedSquare:
    """A square region of a picture, in pixels; `angle` in radians, clockwise as seen (y points down)."""

    x: float
    y: float
    side: float
    angle: float = 0.0

    def matrix(self, size: int) -> NDArray[np.float64]:
        """(2, 3) matrix from pixels of the (size, size) crop to pixels of the picture.

        Corner on corner, without the half-pixel shift of pixel centres: MediaPipe's crops are made like that.
        """
        cos, sin = np.cos(self.angle) * self.side / size, np.sin(self.angle) * self.side / size
        half = size / 2
        return np.array([[cos, -sin, self.x - half * (cos - sin)], [sin, cos, self.y - half * (sin + cos)]])

    def extract(self, image: NDArray[np.uint8], size: int, *, border: int) -> NDArray[np.uint8]:
        """The region, sampled bilinearly: (size, size, 3) uint8. `border`: cv2's rule for what is outside."""
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        crop = cv2.warpAffine(image, self.matrix(size), (size, size), flags=flags, borderMode=border)
        return crop  # type: ignore[return-value]

    def to_picture(self, points: NDArray[np.floating], size: int) -> NDArray[np.float64]:
        """(..., 2) pixels of the (size, size) crop to pixels of the picture."""
        matrix = self.matrix(size)
        return points @ matrix[:, :2].T + matrix[:, 2]

    @property
    def bounds(self) -> NDArray[np.float64]:
        """(4,) left, top, right, bottom of the square as if it were upright."""
        half = self.side / 2
        return np.array([self.x - half, self.y - half, self.x + half, self.y + half])


def whole_picture(image: NDArray[np.uint8]) -> RotatedSquare:
    """The smallest square around the picture."""
    height, width = image.shape[:2]
    return RotatedSquare(width / 2, height / 2, float(max(width, height)))
