"""Writers of animated GIFs, opaque and cut out."""

from __future__ import annotations

from abc import abstractmethod
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import GifImagePlugin, Image

from monalive.media.animation_sink import AnimationSink
from monalive.media.frame_sink import Target, changed_bounds
from monalive.trust.provenance import gif_comment

_MAX_SIDE: Final = 65535
# Browsers show frames shorter than this many hundredths of a second five times longer.
_SHORTEST_DELAY: Final = 2
_TRANSPARENT: Final = 255
_OPAQUE_FROM: Final = 128  # a GIF's pixels are opaque or not
# What a viewer does with a frame before the next one: leaves it, or clears its rectangle.
_KEEP: Final = 1
_CLEAR: Final = 2


class _TimedGif(AnimationSink):
    """An animated GIF that repeats for ever, written as the frames come: each when the next one tells how long it is
    shown."""

    def __init__(self, target: Target) -> None:
        super().__init__(target, kind="GIF", longest_side=_MAX_SIDE, header=_gif_header)
        self._pending: tuple[NDArray[np.uint8], int] | None = None  # a frame and when it starts, 1/100 s

    def _write(self, image: NDArray[np.uint8], timestamp_ms: float) -> None:
        now = round(timestamp_ms / 10)
        if self._pending is not None:
            if now - self._pending[1] < _SHORTEST_DELAY:
                return  # more than 50 frames per second: this one is dropped
            self._flush(now)
        self._pending = (image.copy(), now)

    def _flush(self, until: int) -> None:
        assert self._pending is not None
        image, start = self._pending
        self._draw(image, max(until - start, _SHORTEST_DELAY))

    def _append(
        self, indices: NDArray[np.uint8], palette: list[int], place: tuple[int, int], delay: int, disposal: int
    ) -> None:
        """Writes a rectangle (h, w) of indices, shown for `delay` hundredths of a second."""
        drawn = Image.fromarray(indices)
        drawn.putpalette(palette + [0] * (768 - len(palette)))
        blocks = GifImagePlugin.getdata(
            drawn,
            place,
            duration=10 * delay,
            transparency=_TRANSPARENT,
            disposal=disposal,
            include_color_table=True,
        )
        self._file.write(b"".join(blocks))

    def _commit(self, end_ms: float) -> None:
        assert self._pending is not None
        self._flush(max(round(end_ms / 10), self._pending[1] + _SHORTEST_DELAY))
        self._file.write(b";")
        self._resources.close()

    @abstractmethod
    def _draw(self, image: NDArray[np.uint8], delay: int) -> None:
        """Writes a frame that is shown for so many hundredths of a second."""


class GifSink(_TimedGif):
    """An animated GIF that repeats for ever, written as the frames come.

    Each frame holds only the rectangle that changed, with 255 colours of its own, and pixels in it that did
    not change are transparent: the picture around the face stays steady and does not crawl with dither.
    """

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._shown: NDArray[np.uint8] | None = None  # what the viewer sees, before quantisation

    def _draw(self, image: NDArray[np.uint8], delay: int) -> None:
        if self._shown is None:
            top, bottom, left, right = 0, image.shape[0], 0, image.shape[1]
            changed = np.ones(image.shape[:2], bool)
        else:
            changed = (image != self._shown).any(axis=2)
            top, bottom, left, right = changed_bounds(changed)
        patch = Image.fromarray(np.ascontiguousarray(image[top:bottom, left:right]))
        indexed = patch.quantize(colors=_TRANSPARENT, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        indexed = patch.quantize(palette=indexed, dither=Image.Dither.FLOYDSTEINBERG)
        indices = np.where(changed[top:bottom, left:right], np.asarray(indexed), _TRANSPARENT).astype(np.uint8)
        self._append(indices, _palette(indexed), (left, top), delay, _KEEP)
        self._shown = image


class CutoutGifSink(_TimedGif):
    """An animated GIF of RGBA frames, whose pixels are opaque from an alpha of one half on.

    All frames have the first one's colours, and a pixel that did not change keeps the one that it was given: nothing
    crawls with dither. Each frame is drawn whole, on nothing: what a frame laid over it could not clear again.
    """

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._shown: NDArray[np.uint8] | None = None
        self._indices: NDArray[np.uint8] = np.full(target.size[::-1], _TRANSPARENT, np.uint8)  # of what is shown
        self._colours: Image.Image | None = None

    def _draw(self, image: NDArray[np.uint8], delay: int) -> None:
        opaque = image[..., 3] >= _OPAQUE_FROM
        picture = Image.fromarray(np.ascontiguousarray(image[..., :3]))
        if self._colours is None:
            visible = image[..., :3][opaque][None] if opaque.any() else image[:1, :1, :3]
            self._colours = Image.fromarray(np.ascontiguousarray(visible)).quantize(
                colors=_TRANSPARENT, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
            )
        changed = np.ones(opaque.shape, bool)
        if self._shown is not None:
            changed = (image[..., :3] != self._shown[..., :3]).any(axis=2) | (self._indices == _TRANSPARENT)
        fresh = np.asarray(picture.quantize(palette=self._colours, dither=Image.Dither.FLOYDSTEINBERG))
        self._indices = np.where(opaque, np.where(changed, fresh, self._indices), _TRANSPARENT).astype(np.uint8)
        self._shown = image
        top, bottom, left, right = changed_bounds(opaque)
        patch = np.ascontiguousarray(self._indices[top:bottom, left:right])
        self._append(patch, _palette(self._colours), (left, top), delay, _CLEAR)


def _palette(indexed: Image.Image) -> list[int]:
    return (indexed.getpalette() or [])[: 3 * _TRANSPARENT]


def _gif_header(target: Target) -> bytes:
    """GIF89a header, screen without a colour table, endless repetition, and that it was made with AI."""
    width, height = target.size
    screen = width.to_bytes(2, "little") + height.to_bytes(2, "little") + b"\0\0\0"
    return b"GIF89a" + screen + b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0" + gif_comment()
