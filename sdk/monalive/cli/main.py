"""Entry point of the `monalive` command: sub-commands, exit codes, and what goes to standard error."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from monalive.cli import animate, bench, info, live, motion, ui, verify

BAD_INPUT = 2
INTERRUPTED = 130
TERMINATED = 143

_DESCRIPTION = "Animates a photo of a face with the motion of a video, a picture, a camera or a named motion."
_EPILOG = "Set MONALIVE_DEBUG=1 to see tracebacks and the messages of the libraries underneath."


class OneLineParser(argparse.ArgumentParser):
    """Reports a wrong command line in one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"monalive: {message}. See '{self.prog} --help'.\n")


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line; `run` in its result is the function to call with it."""
    parser = OneLineParser(prog="monalive", description=_DESCRIPTION, epilog=_EPILOG)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in (animate, ui, verify, motion, info, bench, live):
        command.add_parser(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line.

    Args:
        argv: arguments without the program's name; those of the process by default.

    Returns:
        The exit code: 0 (`verify` has more of its own), 2 for anything wrong with the input (one line on standard
        error says what), 130 when interrupted, 143 when terminated; in either case no temporary files are left.
    """
    debug = bool(os.environ.get("MONALIVE_DEBUG"))
    try:
        arguments = build_parser().parse_args(argv)
    except SystemExit as stop:  # --help, --version or a wrong command line
        return int(stop.code or 0)
    with _library_chatter(debug), _messages_on_standard_error(), _termination_as_exit():
        try:
            return int(arguments.run(arguments) or 0)
        except KeyboardInterrupt:
            print("monalive: interrupted.", file=sys.stderr)
            return INTERRUPTED
        except SystemExit as stop:
            return int(stop.code or 0)
        except BrokenPipeError:  # the reader of our output has left, as `head` does
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except (ValueError, OSError, ImportError, MemoryError) as error:
            if debug:
                raise
            print(f"monalive: {_one_line(error)}", file=sys.stderr)
            return BAD_INPUT


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, MemoryError):
        return f"Out of memory. {text}".strip()
    return text or type(error).__name__


@contextmanager
def _messages_on_standard_error() -> Iterator[None]:
    """Warnings go there as `monalive: ...` while a command runs; afterwards logging is as a calling program had it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("monalive: %(message)s"))
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


@contextmanager
def _library_chatter(shown: bool) -> Iterator[None]:
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
def _termination_as_exit() -> Iterator[None]:
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
