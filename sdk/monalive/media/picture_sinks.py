"""Writers of frames that need no video encoder: GIF, folders of PNG files, and single pictures."""

from __future__ import annotations

import re
import secrets
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import GifImagePlugin, Image

from monalive.atomic_file import atomic_path, exchange, require_no_link_loop, unfinished_name
from monalive.media.animation_sink import AnimationSink
from monalive.media.frame_sink import FrameSink, changed_bounds, roll_back
from monalive.media.image_io import encode_image
from monalive.trust.disclosure import Disclosure
from monalive.trust.provenance import gif_comment, picture_options

_FRAME_NAME: Final = re.compile(r"\d{6,}\.png")
_MAX_GIF_SIDE: Final = 65535
# Browsers show frames shorter than this many hundredths of a second five times longer.
_SHORTEST_DELAY: Final = 2
_TRANSPARENT: Final = 255


class GifSink(AnimationSink):
    """An animated GIF that repeats for ever, written as the frames come.

    Each frame holds only the rectangle that changed, with 255 colours of its own, and pixels in it that did
    not change are transparent: the picture around the face stays steady and does not crawl with dither.
    """

    def __init__(self, path: Path, fps: float, size: tuple[int, int], disclosure: Disclosure | None = None) -> None:
        super().__init__(path, fps, size, disclosure, kind="GIF", longest_side=_MAX_GIF_SIDE, header=_gif_header)
        self._shown: NDArray[np.uint8] | None = None  # what the viewer sees, before quantisation
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
        palette = (indexed.getpalette() or [])[: 3 * _TRANSPARENT]
        drawn = Image.fromarray(indices)
        drawn.putpalette(palette + [0] * (768 - len(palette)))
        blocks = GifImagePlugin.getdata(
            drawn,
            (left, top),
            duration=10 * max(until - start, _SHORTEST_DELAY),
            transparency=_TRANSPARENT,
            disposal=1,  # leave it: the next frame is drawn over it
            include_color_table=True,
        )
        self._file.write(b"".join(blocks))
        self._shown = image

    def _commit(self, end_ms: float) -> None:
        assert self._pending is not None
        self._flush(max(round(end_ms / 10), self._pending[1] + _SHORTEST_DELAY))
        self._file.write(b";")
        self._resources.close()


class FolderSink(FrameSink):
    """A folder of `000000.png`, `000001.png`, ...; written beside its place and moved there at the end.

    Timestamps are not kept: one file per frame.
    """

    def __init__(self, path: Path, fps: float, size: tuple[int, int], disclosure: Disclosure | None = None) -> None:
        super().__init__(path, fps, size, disclosure, folder=True)
        # Level 1 is several times faster than the default and hardly larger on photos.
        self._options = {"compress_level": 1, **picture_options("PNG")}
        require_no_link_loop(path)
        self._target = path.resolve()
        _require_replaceable(path)
        if not self._target.parent.is_dir():
            raise FileNotFoundError(f"cannot write {path}: the folder {path.parent} does not exist; make it first")
        self._temporary = unfinished_name(self._target)
        try:
            self._temporary.mkdir()
        except OSError as error:
            raise PermissionError(f"cannot write {path}: {error.strerror}") from error

    def _write(self, image: NDArray[np.uint8], timestamp_ms: float) -> None:
        file = self._frame(self.frames_written)
        Image.fromarray(np.ascontiguousarray(image)).save(file, "PNG", **self._options)

    def _frame(self, number: int) -> Path:
        return self._temporary / f"{number:06d}.png"

    def _commit(self, end_ms: float) -> None:
        self._seal.frames([self._frame(number) for number in range(self.frames_written)])
        _require_replaceable(self.path)  # it may have changed meanwhile
        if self._target.exists() and exchange(self._temporary, self._target):
            shutil.rmtree(self._temporary, ignore_errors=True)  # it holds the old frames now
        elif self._target.exists():
            old = self._target.with_name(f".{self._target.name}.{secrets.token_hex(4)}.old")
            self._target.rename(old)
            self._temporary.rename(self._target)
            shutil.rmtree(old, ignore_errors=True)
        else:
            self._temporary.rename(self._target)

    def _discard(self) -> None:
        shutil.rmtree(self._temporary, ignore_errors=True)


class StillSink(FrameSink):
    """A single picture, PNG or JPEG: the result of animating a photo with one picture."""

    def __init__(self, path: Path, fps: float, size: tuple[int, int], disclosure: Disclosure | None = None) -> None:
        super().__init__(path, fps, size, disclosure)
        with ExitStack() as stack:  # finds out now whether it can be written
            stack.enter_context(atomic_path(path))
            roll_back(stack)
        self._image: NDArray[np.uint8] | None = None

    def _write(self, image: NDArray[np.uint8], timestamp_ms: float) -> None:
        if self._image is not None:
            raise ValueError(
                f"{self.path} holds one picture, and there are more: use .mp4, .webm, .webp, .gif or a folder"
            )
        self._image = image.copy()

    def _commit(self, end_ms: float) -> None:
        assert self._image is not None
        encoded = encode_image(self.path, self._image, made_by_ai=True)
        with atomic_path(self.path) as temporary:
            temporary.write_bytes(self._seal.content(encoded))

    def _discard(self) -> None:
        self._image = None


def _require_replaceable(path: Path) -> None:
    """Raises FileExistsError if a folder at `path` holds anything but numbered frames."""
    if path.exists() and not path.is_dir():
        raise FileExistsError(f"cannot write the folder {path}: there is a file of that name")
    if not path.is_dir():
        return
    foreign = next((entry.name for entry in path.iterdir() if not _FRAME_NAME.fullmatch(entry.name)), None)
    if foreign is not None:
        raise FileExistsError(f"the folder {path} holds other files ({foreign}), which would be lost: name another one")


def _gif_header(size: tuple[int, int]) -> bytes:
    """GIF89a header, screen of `size` without a colour table, endless repetition, and that it was made with AI."""
    width, height = size
    screen = width.to_bytes(2, "little") + height.to_bytes(2, "little") + b"\0\0\0"
    return b"GIF89a" + screen + b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0" + gif_comment()
