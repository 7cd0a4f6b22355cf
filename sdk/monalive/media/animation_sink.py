"""What writers of animated pictures share: one file, begun by a header, that appears whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from monalive.media.frame_sink import FrameSink, Target, roll_back


class AnimationSink(FrameSink):
    """A `FrameSink` whose frames are appended to an open file, which `_resources` closes.

    Args:
        target: what to make.
        kind: what the file is called in an error.
        longest_side: the most pixels a side that its format can say.
        header: makes all before the first frame.

    Raises:
        ValueError: larger pictures.
    """

    def __init__(
        self,
        target: Target,
        *,
        kind: str,
        longest_side: int,
        header: Callable[[Target], bytes],
    ) -> None:
        super().__init__(target)
        if max(self.size) > longest_side:
            width, height = self.size
            raise ValueError(
                f"{self.path} cannot hold pictures of {width}x{height}: "
                f"a {kind} has at most {longest_side} pixels a side"
            )
        with ExitStack() as stack:
            self._file = stack.enter_context(self._unfinished_file(stack).open("wb"))
            self._file.write(header(target))
            self._resources = stack.pop_all()

    def _discard(self) -> None:
        roll_back(self._resources)
