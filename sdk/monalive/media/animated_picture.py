"""Animated pictures that FFmpeg does not read, or reads as one picture: WebP and PNG."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from monalive.media.image_io import open_picture

_FORMATS: Final = frozenset({"WEBP", "PNG"})
_STARTS: Final = (b"RIFF", b"\x89PNG")
# Viewers show frames that name no time for so long.
_DEFAULT_MS: Final = 100.0


@dataclass(frozen=True)
class Animation:
    """An animated picture as frames with times, like a `VideoReader`. Transparent places are white.

    Attributes:
        path: the file.
        size: (width, height) in pixels.
        fps: by its first frame.
        frames: how many.
    """

    path: Path
    size: tuple[int, int]
    fps: float
    frames: int

    def __iter__(self) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        """Yields (timestamp in ms from 0, (height, width, 3) uint8 RGB) for each frame.

        Raises:
            ValueError: a frame is damaged.
        """
        time = 0.0
        with open_picture(self.path) as image:
            white = Image.new("RGBA", image.size, (255, 255, 255, 255))
            for index in range(self.frames):
                try:
                    image.seek(index)
                    frame = Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
                except (OSError, ValueError, EOFError, SyntaxError) as error:
                    raise ValueError(f"{self.path} is damaged at frame {index}: {error}") from error
                yield time, np.array(frame)
                time += _shown_ms(image)


def animation_of(path: Path) -> Animation | None:
    """The animated WebP or PNG in a file; None where it is something else, one picture included."""
    with path.open("rb") as file:
        if not file.read(4).startswith(_STARTS):
            return None
    try:
        with open_picture(path) as image:
            frames = int(getattr(image, "n_frames", 1))
            if image.format not in _FORMATS or frames < 2:
                return None
            image.seek(0)
            image.load()
            return Animation(path, image.size, 1000.0 / _shown_ms(image), frames)
    except (OSError, ValueError, EOFError, SyntaxError):
        return None


def _shown_ms(image: Image.Image) -> float:
    return float(image.info.get("duration") or _DEFAULT_MS)
