"""What is different in the process while a command runs, and as before when it is done."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, NoReturn

TERMINATED: Final = 143


@contextmanager
def messages_on_standard_error(program: str) -> Iterator[None]:
    """Warnings go there as `program: ...`; afterwards logging is as a calling program had it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(f"{program}: %(message)s"))
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


@contextmanager
def library_chatter(shown: bool) -> Iterator[None]:
    """Keeps what C and C++ libraries print off standard error; Python's own output stays on it."""
    if shown:
        yield
        return
    sys.stderr.flush()
    try:
        python_stderr, kept, silence = sys.stderr, os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except OSError:  # there is no standard error
        yield
        return
    with os.fdopen(os.dup(2), "w", buffering=1, errors="replace") as stderr:
        # Only where Python writes to the same place as the libraries.
        if _writes_to(python_stderr, 2):
            sys.stderr = stderr
        os.dup2(silence, 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            sys.stderr = python_stderr
            os.close(kept)
            os.close(silence)


def _writes_to(stream: object, descriptor: int) -> bool:
    try:
        return stream.fileno() == descriptor  # type: ignore[attr-defined, no-any-return]
    except (AttributeError, OSError, ValueError):
        return False


@contextmanager
def termination_as_exit() -> Iterator[None]:
    """SIGTERM unwinds the stack as Ctrl-C does, so that temporary files are removed."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        sys.exit(TERMINATED)

    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not in the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
