"""What writers of animated pictures share: one file, begun by a header, that appears whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from monalive.media.frame_sink import FrameSink, roll_back
from monalive.trust.disclosure import Disclosure


class AnimationSink(FrameSink):
    """A `FrameSink` whose frames are appended to an open file, which `_resources` closes.

    Args:
        path, fps, size, disclosure, transparent: see `FrameSink`.
        kind: what the file is called in an error.
        longest_side: the most pixels a side that its format can say.
        header: makes all before the first frame from a size.

    Raises:
        ValueError: larger pictures.
    """

    def __init__(
        self,
        path: Path,
        fps: float,
        size: tuple[int, int],
        disclosure: Disclosure | None,
        *,
        transparent: bool,
        kind: str,
        longest_side: int,
        header: Callable[[tuple[int, int]], bytes],
    ) -> None:
        super().__init__(path, fps, size, disclosure, transparent=transparent)
        if max(size) > longest_side:
            raise ValueError(
                f"{path} cannot hold pictures of {size[0]}x{size[1]}: a {kind} has at most {longest_side} pixels a side"
            )
        with ExitStack() as stack:
            self._file = stack.enter_context(self._unfinished_file(stack).open("wb"))
            self._file.write(header(size))
            self._resources = stack.pop_all()

    def _discard(self) -> None:
        roll_back(self._resources)
