"""What is different in the process while a command runs, and as before when it is done."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType
from typing import Final, NoReturn

# With less address space OpenCV crashes while it is loaded, without a word, or LiteRT gives errors that do not say why.
_LEAST_ADDRESS_SPACE: Final = 1000 << 20


@contextmanager
def messages_on_standard_error(program: str) -> Iterator[None]:
    """Warnings go there as `program: ...`; afterwards logging is as a calling program had it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.WARNING)  # the root's level does not hold back a logger that has a level of its own
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
    if shown or sys.stderr is None:
        yield
        return
    sys.stderr.flush()
    try:
        python_stderr, kept, silence = sys.stderr, os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except OSError:  # there is no standard error
        yield
        return
    encoding = getattr(python_stderr, "encoding", None)
    with os.fdopen(os.dup(2), "w", buffering=1, encoding=encoding, errors="backslashreplace") as stderr:
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
def printable_output() -> Iterator[None]:
    """Letters that the terminal's encoding lacks are printed as codes, as Python does on standard error."""
    stdout = sys.stdout
    change = getattr(stdout, "reconfigure", None)
    if change is None or stdout.errors != "strict":
        yield
        return
    change(errors="backslashreplace")
    try:
        yield
    finally:
        change(errors="strict")


@contextmanager
def interruption_noted() -> Iterator[Event]:
    """Gives an event that Ctrl-C sets, besides raising KeyboardInterrupt: libraries that are interrupted while they are
    loaded turn that into an error of their own."""
    noted = Event()

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        noted.set()
        raise KeyboardInterrupt

    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:  # ignored, or the calling program's business
        yield noted
        return
    try:
        signal.signal(signal.SIGINT, stop)
    except ValueError:  # not in the main thread
        yield noted
        return
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def termination_as_exit() -> Iterator[None]:
    """SIGTERM, and SIGHUP of a terminal that is closed, unwind the stack as Ctrl-C does, so that temporary files are
    removed; the exit code is 128 and the signal's number, as shells count."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    before = {}
    try:
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            if number is not None and signal.getsignal(number) != signal.SIG_IGN:  # as `nohup` sets it
                before[number] = signal.signal(number, stop)
    except ValueError:  # not in the main thread
        yield
        return
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def require_address_space() -> None:
    """Raises ValueError where the process may not have the memory to load the libraries (`ulimit -v`)."""
    try:
        import resource
    except ImportError:  # Windows
        return
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < _LEAST_ADDRESS_SPACE:
        raise ValueError(
            f"the memory limit of {limit >> 20} MB (ulimit -v) is too low; "
            f"allow {_LEAST_ADDRESS_SPACE >> 20} MB at least, twice as much for large photos"
        )
