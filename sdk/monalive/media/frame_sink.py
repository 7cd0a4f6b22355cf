"""What all writers of pictures in a row have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from monalive.atomic_file import atomic_path
from monalive.rgb_image import is_rgba, require_rgb
from monalive.trust.disclosure import Disclosure, Seal


@dataclass(frozen=True)
class Target:
    """What a sink is to make.

    Attributes:
        path: where the result appears.
        fps: frames per second when frames come without timestamps, and for the length of the last one.
        size: (width, height) of all frames in pixels.
        disclosure: what the result says of itself; None: what `Disclosure` says by itself.
        transparent: frames are RGBA.
    """

    path: Path
    fps: float
    size: tuple[int, int]
    disclosure: Disclosure | None = None
    transparent: bool = False


class FrameSink(ABC):
    """Takes frames one by one and makes a file or folder of them, which appears whole or not at all.

    As a context manager it commits at the end of the block and aborts when the block raises.

    Here is where every output is told to say what it is: each frame gets its marks before it is encoded, each file its
    credentials before it takes its name (`trust.disclosure`).

    Attributes:
        path, fps, size, transparent: see `Target`.
        frames_written: number of frames taken so far.
    """

    def __init__(self, target: Target, *, folder: bool = False) -> None:
        if not target.fps > 0:
            raise ValueError(f"the frame rate must be above 0, not {target.fps}")
        self.path = target.path
        self.fps = target.fps
        self.size = target.size
        self.transparent = target.transparent
        self.frames_written = 0
        self._last_ms = -1.0
        self._finished = False
        self._seal = Seal(target.disclosure or Disclosure(), self.path, self.size, folder=folder)

    @property
    def credentials_path(self) -> Path | None:
        """The file beside the output with its Content Credentials; None where it holds them itself or has none."""
        return self._seal.sidecar

    def write(self, image: NDArray[np.uint8], timestamp_ms: float | None = None) -> None:
        """Adds a frame.

        Args:
            image: (height, width, 3) uint8 RGB of the sink's size; where the sink is transparent, (height, width, 4)
                RGBA, colours not multiplied by alpha. It is not kept.
            timestamp_ms: when the frame is shown, from 0, rising; by default one frame of `fps` after the
                last.

        Raises:
            ValueError: a frame of another size or type, a timestamp that does not rise, or the sink is
                closed.
            OSError: it cannot be written (a full disk, say).
        """
        if self._finished:
            raise ValueError(f"{self.path} is closed: no more frames can be written to it")
        if not self.transparent:
            require_rgb(image)
        elif not is_rgba(image):
            raise ValueError(f"frames of {self.path} must be (height, width, 4) uint8 RGBA, since it is transparent")
        if (image.shape[1], image.shape[0]) != self.size:
            width, height = self.size
            raise ValueError(
                f"a frame of {image.shape[1]}x{image.shape[0]} cannot go into {self.path}, which is {width}x{height}"
            )
        if timestamp_ms is None:
            timestamp_ms = self._last_ms + 1000.0 / self.fps if self.frames_written else 0.0
        if timestamp_ms <= self._last_ms:
            raise ValueError(f"timestamps must rise: {timestamp_ms} ms comes after {self._last_ms} ms")
        self._write(self._seal.frame(image, self._room()), timestamp_ms)
        self._last_ms = timestamp_ms
        self.frames_written += 1

    def close(self) -> None:
        """Commits: the result takes the place of what was at `path`. Does nothing the second time.

        Raises:
            ValueError: no frame was written; nothing is left behind.
            OSError: it cannot be written.
        """
        if self._finished:
            return
        if not self.frames_written:
            self.abort()
            raise ValueError(f"{self.path} was not written: there were no frames")
        try:
            self._commit(self._last_ms + 1000.0 / self.fps)
        except BaseException:
            self.abort()
            raise
        self._finished = True

    def abort(self) -> None:
        """Drops everything; what was at `path` before stays as it was. Does nothing after `close`."""
        if not self._finished:
            self._finished = True
            self._discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def _unfinished_file(self, stack: ExitStack) -> Path:
        """A temporary file that is sealed and takes its place at `path` when `stack` closes without an error.

        Credentials that go beside it take their place after it: a kill in between leaves them out, never wrong.
        """
        credentials = self.credentials_path
        beside = None if credentials is None else stack.enter_context(atomic_path(credentials))
        temporary = stack.enter_context(atomic_path(self.path))
        stack.push(lambda kind, *_: self._seal.file(temporary, beside) if kind is None else None)
        return temporary

    def _room(self) -> NDArray[np.uint8] | None:
        """Where the sink likes to have the next frame, (height, width, channels) uint8; it may come in other memory."""
        return None

    @abstractmethod
    def _write(self, image: NDArray[np.uint8], timestamp_ms: float) -> None: ...

    @abstractmethod
    def _commit(self, end_ms: float) -> None: ...

    @abstractmethod
    def _discard(self) -> None:
        """Removes temporary files. Called at most once, also after a `_commit` that failed."""


def roll_back(resources: ExitStack) -> None:
    """Lets go of `resources` as after an error: a temporary file does not take the place of the old one."""
    error = _RollBackError()
    resources.__exit__(_RollBackError, error, None)


def changed_bounds(changed: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """top, bottom, left, right of what changed (H, W) in a frame; one pixel when nothing did."""
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if not rows.size:
        return 0, 1, 0, 1
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


class _RollBackError(Exception):
    """Seen only by the context managers of `roll_back`."""
