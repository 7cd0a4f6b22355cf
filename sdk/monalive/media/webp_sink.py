"""Animated WebP, frame by frame.

FFmpeg's writer leaves out frames that hardly differ from the one before; at 60 and more frames per second, many do.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from monalive.media.animation_sink import AnimationSink
from monalive.media.frame_sink import Target, changed_bounds
from monalive.trust.provenance import XMP

_MAX_SIDE: Final = 16383
# No visible loss, at a speed that keeps up with the animation.
_QUALITY: Final = {"quality": 85, "method": 2}
_ANIMATED: Final = 0x02
_HAS_XMP: Final = 0x04
_HAS_ALPHA: Final = 0x10
_REPLACES: Final = 0x02  # the frame's pixels replace those below, they are not blended
_PICTURE_CHUNKS: Final = (b"ALPH", b"VP8 ", b"VP8L")


class WebpSink(AnimationSink):
    """An animated WebP that repeats for ever, written as the frames come; each holds the rectangle that changed."""

    def __init__(self, target: Target) -> None:
        super().__init__(target, kind="WebP", longest_side=_MAX_SIDE, header=_header)
        self._shown: NDArray[np.uint8] | None = None
        self._pending: tuple[bytes, int] | None = None  # a frame without its duration, and when it starts, ms

    def _write(self, image: NDArray[np.uint8], timestamp_ms: float) -> None:
        now = round(timestamp_ms)
        if self._pending is not None:
            now = max(now, self._pending[1] + 1)
            self._flush(now)
        top, bottom, left, right = (0, image.shape[0], 0, image.shape[1])
        if self._shown is not None:
            top, bottom, left, right = changed_bounds((image != self._shown).any(axis=2))
            top, left = top - top % 2, left - left % 2  # places are stored halved
        self._pending = _frame(image[top:bottom, left:right], left, top), now
        self._shown = image.copy()

    def _flush(self, until: int) -> None:
        """Writes the pending frame, which is shown until then."""
        assert self._pending is not None
        frame, start = self._pending
        self._file.write(_chunk(b"ANMF", frame[:12] + _three(until - start) + frame[12:]))

    def _commit(self, end_ms: float) -> None:
        assert self._pending is not None
        self._flush(max(round(end_ms), self._pending[1] + 1))
        self._file.write(_chunk(b"XMP ", XMP.encode()))
        length = self._file.tell()
        self._file.seek(4)
        self._file.write(struct.pack("<I", length - 8))
        self._resources.close()


def _header(target: Target) -> bytes:
    """All before the first frame; the file's length is filled in at the end."""
    width, height = target.size
    flags = _ANIMATED | _HAS_XMP | (_HAS_ALPHA if target.transparent else 0)
    canvas = bytes([flags, 0, 0, 0]) + _three(width - 1) + _three(height - 1)
    background, loops = bytes(4), bytes(2)  # for ever
    return b"RIFF\0\0\0\0WEBP" + _chunk(b"VP8X", canvas) + _chunk(b"ANIM", background + loops)


def _frame(patch: NDArray[np.uint8], left: int, top: int) -> bytes:
    """A frame chunk's content for (h, w, 3 or 4) uint8 without its duration, which belongs after the first 12 bytes."""
    height, width = patch.shape[:2]
    encoded = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(patch)).save(encoded, "WEBP", **_QUALITY)
    place = _three(left // 2) + _three(top // 2) + _three(width - 1) + _three(height - 1)
    picture = b"".join(_chunk(kind, data) for kind, data in _chunks(encoded.getvalue()) if kind in _PICTURE_CHUNKS)
    return place + bytes([_REPLACES]) + picture


def _chunks(file: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at < len(file):
        kind, length = struct.unpack_from("<4sI", file, at)
        yield kind, file[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _three(number: int) -> bytes:
    return number.to_bytes(3, "little")
