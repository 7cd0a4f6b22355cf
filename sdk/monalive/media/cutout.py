"""Cut-out pictures: their colours, and apart from these how opaque each pixel is."""

from __future__ import annotations

import re
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor

Colour: TypeAlias = tuple[int, int, int]
WHITE: Final[Colour] = (255, 255, 255)
_HEXADECIMAL: Final = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
_FILL_SIDE: Final = 256  # hidden colours are found at this size; nobody sees them but the blend at the edge
_TRUSTED_ALPHA: Final = 16  # of fainter pixels 8 bits hold no good colour
_NOTHING: Final = 128.0  # the colour of a picture that shows none


def colour_of(colour: str | Colour) -> Colour:
    """Red, green and blue from 0 to 255 of a colour's name (as web pages have them) or #rrggbb.

    Raises:
        ValueError: it is no colour.
    """
    if isinstance(colour, str):
        if colour.lower() in ImageColor.colormap or _HEXADECIMAL.fullmatch(colour):
            return ImageColor.getrgb(colour)[:3]
        raise ValueError(f"{colour!r} is not a colour; give a name such as white, or #rrggbb")
    if len(colour) != 3 or not all(isinstance(part, int) and 0 <= part <= 255 for part in colour):
        raise ValueError(f"a colour is a name, #rrggbb, or three whole numbers from 0 to 255, not {colour!r}")
    return colour


def over(colours: NDArray[np.uint8], alpha: NDArray[np.uint8], background: Colour = WHITE) -> NDArray[np.uint8]:
    """A cut-out picture, (H, W, 3) RGB and (H, W) uint8, on a colour: (H, W, 3) uint8 RGB."""
    canvas = Image.new("RGB", (colours.shape[1], colours.shape[0]), background)
    canvas.paste(Image.fromarray(np.ascontiguousarray(colours)), mask=Image.fromarray(np.ascontiguousarray(alpha)))
    return np.array(canvas)


def with_hidden_filled(colours: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A cut-out picture's colours, with those that it hides replaced by those of the nearest visible pixels.

    Whatever a file has under transparent pixels would else come into view where an edge is moved or made smaller.

    Args:
        colours: (H, W, 3) uint8 RGB.
        alpha: (H, W) uint8, 255 where it is opaque.
    """
    height, width = alpha.shape
    shrink = max(1.0, max(height, width) / _FILL_SIDE)
    whole = Image.fromarray(colours)
    whole.putalpha(Image.fromarray(alpha))
    # Pillow weights colours by alpha.
    small = whole.resize((max(1, round(width / shrink)), max(1, round(height / shrink))), Image.Resampling.BOX)
    values = np.asarray(small, np.float32)
    seen = values[..., 3:] / np.float32(255)
    spread = _spread(np.dstack([values[..., :3] * seen, seen]))
    fill = Image.fromarray(np.clip(spread + 0.5, 0, 255).astype(np.uint8))
    filled = fill.resize((width, height), Image.Resampling.BILINEAR)
    trusted = np.minimum(alpha, _TRUSTED_ALPHA - 1) * np.uint8(255 // (_TRUSTED_ALPHA - 1))
    filled.paste(Image.fromarray(colours), mask=Image.fromarray(trusted))
    return np.array(filled)


def _spread(sums: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W, 4), colours times their weight and the weight, to colours (H, W, 3) everywhere: what lacks weight is taken
    from the picture at half its size, and so on."""
    height, width = sums.shape[:2]
    if height == width == 1:
        weight = sums[..., 3:]
        return np.where(weight > 0, sums[..., :3] / np.maximum(weight, 1e-6), np.float32(_NOTHING))
    half: NDArray[Any] = cv2.resize(sums, ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA)
    # One pixel of four that shows a colour speaks for all of them.
    half *= np.minimum(1 / np.maximum(half[..., 3:], 1e-6), 4)
    behind: NDArray[Any] = cv2.resize(_spread(half), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(sums[..., :3] + (1 - sums[..., 3:]) * behind, np.float32)
