"""The visible badge: a small "AI" in the lower right corner."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

_SHARE: Final = 0.07  # its height, of the picture's shorter side
_SMALLEST: Final = 14  # pixels
_OPACITY: Final = 0.75
_SUPERSAMPLING: Final = 8


class Badge:
    """Draws the badge into frames of one size: light letters on a dark rounded plate, readable on any background.

    Args:
        size: (width, height) of the frames; where the badge does not fit, nothing is drawn.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        height = max(_SMALLEST, round(min(size) * _SHARE))
        width, gap = round(height * 1.5), round(height * 0.4)
        left, top = size[0] - gap - width, size[1] - gap - height
        self._where = np.s_[top : top + height, left : left + width] if left >= 0 and top >= 0 else None
        self._plate, self._cover = _drawn(width, height)

    def apply(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A copy of a frame with the badge.

        Args:
            image: (H, W, 3) uint8 RGB or (H, W, 4) uint8 RGBA, of the badge's size.
        """
        if self._where is None:
            return image
        badged = image.copy()
        under = badged[self._where].astype(np.float32)
        share: NDArray[Any] = self._cover
        if image.shape[2] == 4:  # on nothing it shows as it is
            opaque = self._cover + (1 - self._cover) * under[..., 3:] / 255
            share = self._cover / np.maximum(opaque, 1e-6)
            badged[self._where][..., 3:] = np.rint(opaque * 255)
        colours = under[..., :3]
        badged[self._where][..., :3] = np.rint(colours + share * (self._plate - colours))
        return badged


def _drawn(width: int, height: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The plate (h, w, 3) and how much it covers (h, w, 1)."""
    w, h = width * _SUPERSAMPLING, height * _SUPERSAMPLING
    cover, letters = np.zeros((h, w), np.uint8), np.zeros((h, w), np.uint8)
    radius = h // 4
    cv2.rectangle(cover, (radius, 0), (w - radius - 1, h - 1), 255, -1)
    cv2.rectangle(cover, (0, radius), (w - 1, h - radius - 1), 255, -1)
    for x in (radius, w - radius - 1):
        for y in (radius, h - radius - 1):
            cv2.circle(cover, (x, y), radius, 255, -1)
    thickness = max(1, h // 9)
    scale = cv2.getFontScaleFromHeight(cv2.FONT_HERSHEY_SIMPLEX, round(h * 0.55), thickness)
    (text_width, text_height), _ = cv2.getTextSize("AI", cv2.FONT_HERSHEY_SIMPLEX, scale, thickness)
    origin = ((w - text_width) // 2, (h + text_height) // 2)
    cv2.putText(letters, "AI", origin, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, thickness, cv2.LINE_AA)
    small = [cv2.resize(a, (width, height), interpolation=cv2.INTER_AREA)[..., None] / 255 for a in (cover, letters)]
    plate = np.repeat(20 + 235 * small[1], 3, axis=2).astype(np.float32)
    return plate, (small[0] * _OPACITY).astype(np.float32)
