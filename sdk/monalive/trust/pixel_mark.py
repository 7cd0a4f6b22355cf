"""Puts the mark into frames: one multiply-add of a precomputed pattern, as strong as the picture can hide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.crop import SquareCrop
from monalive.trust.mark_code import MarkMessage, encode
from monalive.trust.mark_pattern import TILES, render
from monalive.trust.mark_picture import picture_bits

# Smaller squares hold too few pixels for the message.
SMALLEST_SIDE: Final = 64
_BAND_ROWS: Final = 64  # marked together: they stay in a core's cache
_SAME_LEVEL: Final = 1 / 32  # a mark that is to be stronger or weaker by less stays as it was drawn
_UNCHANGED: Final = 128.0  # where the change of a pixel is kept as a byte
_GUIDE_SIDE: Final = 256  # where the picture's texture is measured
_MOST_GAIN: Final = 1.8  # of squares smaller than that, which have fewer pixels to carry as many bits


@dataclass(frozen=True)
class MarkStrength:
    """How strong the mark is: its root mean square, in levels of 0 to 255, the same all over a marked square.

    What hides the mark from the eye hides it from the reader, too, so it follows the picture's texture as a whole:
    weak in smooth faces, where little suffices and more would show, strong in busy ones. It does not follow texture
    from place to place: that was measured to cost more (`docs/trust.md`), since a strength that varies mixes the waves.

    Attributes:
        texture: per level of texture (mean deviation from a local mean, over the square).
        least, most: its limits; 2.0 is 42 dB.
    """

    texture: float
    least: float
    most: float


# For files whose encoder takes part of it away: mp4, webm, webp, gif, JPEG.
LOSSY: Final = MarkStrength(texture=0.2, least=1.4, most=1.9)
# For PNG, where nothing is lost and frames are measured and worked on.
LOSSLESS: Final = MarkStrength(texture=0.16, least=1.25, most=1.8)


class PixelMark:
    """Marks the frames of one file, which are of one size.

    Args:
        message: its id is what the pixels say, and what each square shows in the first frame.
        size: (width, height) of the frames.
        regions: squares to mark, in pixels; those smaller than 64 pixels and what lies outside the frame are
            left out. None marks the largest square in the middle.
        strength: how much of it.

    It keeps working memory, so one object must not be called from two threads at once.
    """

    def __init__(
        self,
        message: MarkMessage,
        size: tuple[int, int],
        regions: Sequence[SquareCrop] | None = None,
        strength: MarkStrength = LOSSY,
    ) -> None:
        chosen = [_middle(size)] if regions is None else regions
        self._parts = [
            _MarkedSquare(message.file_id, size, region, strength) for region in chosen if _fits(region, size)
        ]

    @property
    def marks(self) -> bool:
        """Whether there is a square large enough to be marked."""
        return bool(self._parts)

    def apply(self, image: NDArray[np.uint8], out: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
        """A marked copy of a frame; outside the squares it is the frame, bit for bit.

        Args:
            image: (H, W, 3) uint8 RGB.
            out: where the copy may be put, (H, W, 3) uint8.
        """
        if not self._parts:
            return image
        if out is None:
            marked = image.copy()
        else:
            marked = out
            marked[:] = image
        for part in self._parts:
            part.apply(marked)
        return marked


class _MarkedSquare:
    def __init__(self, file_id: int, size: tuple[int, int], region: SquareCrop, strength: MarkStrength) -> None:
        left, top = max(0, int(np.ceil(region.x))), max(0, int(np.ceil(region.y)))
        right = min(size[0], int(np.floor(region.x + region.side)))
        bottom = min(size[1], int(np.floor(region.y + region.side)))
        self._where = np.s_[top:bottom, left:right]
        self._places = np.arange(left, right) + 0.5 - region.x, np.arange(top, bottom) + 0.5 - region.y
        self._file_id, self._region = file_id, region
        self._pattern: NDArray[np.float32] | None = None  # (h, w)
        self._drawn_level = -1.0
        self._bands: list[tuple[NDArray[np.uint8], NDArray[np.uint8]]] = []
        self._strength = strength
        self._gain: float = min(max((_GUIDE_SIDE / region.side) ** 1.5, 1.0), _MOST_GAIN)
        shrink = max(1.0, region.side / _GUIDE_SIDE)
        self._guide_size = (max(1, round((right - left) / shrink)), max(1, round((bottom - top) / shrink)))
        self._blur = (max(3, round(region.side / shrink / TILES * 7 / 64) | 1),) * 2

    def apply(self, image: NDArray[np.uint8]) -> None:
        """Marks the square in `image` (H, W, 3) in place."""
        place = image[self._where]
        if self._pattern is None:
            word = encode(self._file_id, picture_bits(image, self._region))
            self._pattern = render(word, self._region.side, *self._places)
        level = self._level(place)
        if abs(level - self._drawn_level) > _SAME_LEVEL:
            self._drawn_level, self._bands = level, [self._draw(top, level) for top in range(0, len(place), _BAND_ROWS)]
        for number, (lighter, darker) in enumerate(self._bands):
            inside = place[number * _BAND_ROWS : (number + 1) * _BAND_ROWS]
            cv2.add(inside, lighter, dst=inside)  # with saturation
            cv2.subtract(inside, darker, dst=inside)

    def _draw(self, top: int, level: float) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """By how much a band becomes lighter, and by how much darker: (h, w, 3) each."""
        assert self._pattern is not None
        # Rounded once, and alike in all three channels, which moves brightness alone.
        change = cv2.convertScaleAbs(self._pattern[top : top + _BAND_ROWS], alpha=level, beta=_UNCHANGED)
        lighter = cv2.subtract(change, _UNCHANGED)  # type: ignore[call-overload]
        darker = cv2.subtract(_UNCHANGED, change)  # type: ignore[call-overload]
        return np.asarray(cv2.merge([lighter] * 3), np.uint8), np.asarray(cv2.merge([darker] * 3), np.uint8)

    def _level(self, place: NDArray[np.uint8]) -> float:
        """The strength for what is in the square now, in levels."""
        guide = cv2.cvtColor(place, cv2.COLOR_RGB2GRAY)
        if self._guide_size != (place.shape[1], place.shape[0]):
            guide = cv2.resize(guide, self._guide_size, interpolation=cv2.INTER_AREA)
        texture = cv2.mean(cv2.absdiff(guide, cv2.blur(guide, self._blur)))[0]
        strength = self._strength
        return self._gain * min(max(strength.texture * texture, strength.least), strength.most)


def _fits(region: SquareCrop, size: tuple[int, int]) -> bool:
    across = min(region.x + region.side, size[0]) - max(region.x, 0)
    down = min(region.y + region.side, size[1]) - max(region.y, 0)
    return min(across, down) >= SMALLEST_SIDE


def _middle(size: tuple[int, int]) -> SquareCrop:
    side = min(size)
    return SquareCrop((size[0] - side) / 2, (size[1] - side) / 2, side)
