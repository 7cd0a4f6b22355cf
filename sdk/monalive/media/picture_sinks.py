"""Writers of frames as PNG and JPEG files: folders of them, and single pictures."""

from __future__ import annotations

import re
import secrets
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from monalive.atomic_file import atomic_path, exchange, require_no_link_loop, unfinished_name
from monalive.media.frame_sink import FrameSink, Target, roll_back
from monalive.media.image_io import encode_image
from monalive.trust.provenance import picture_options

_FRAME_NAME: Final = re.compile(r"\d{6,}\.png")


class FolderSink(FrameSink):
    """A folder of `000000.png`, `000001.png`, ...; written beside its place and moved there at the end.

    Timestamps are not kept: one file per frame.
    """

    def __init__(self, target: Target) -> None:
        super().__init__(target, folder=True)
        path = target.path
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

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        with ExitStack() as stack:  # finds out now whether it can be written
            stack.enter_context(atomic_path(target.path))
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
