"""A program for tests that end it: `slow_writer.py PHOTO OUTPUT SECONDS FRAMES` says "frame" after each, and waits."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

from fake_animator import FakeAnimator, FakeFrame, fake_motion

import monalive.render.animation
from monalive.cli import main


class SlowAnimator(FakeAnimator):
    """Its frames take as long as the command line says."""

    def play(self, portrait: Any, motion: Any, *, in_stages: bool = False) -> Iterator[FakeFrame]:
        for frame in super().play(portrait, motion):
            yield frame
            print("frame", flush=True)
            time.sleep(float(sys.argv[3]))


if __name__ == "__main__":
    # A program in the background inherits that Ctrl-C and the end of its terminal are ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    vars(monalive.render.animation).update(
        create_animator=lambda *options, **more: SlowAnimator(), find_motion=lambda name: fake_motion(int(sys.argv[4]))
    )
    sys.exit(main(["animate", sys.argv[1], "--motion", "smile", "-o", sys.argv[2]]))
