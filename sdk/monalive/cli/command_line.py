"""What the command lines of the SDK, of training and of export have in common: parser, version, exit codes, errors.

A command is a module with `add_arguments(parser)` and `run(arguments)`. It is loaded when it is asked for, and imports
what is slow to load, or comes with an extra, inside `run`: so help and version work in a plain install.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any, Final, NoReturn

from monalive.cli.process import (
    interruption_noted,
    library_chatter,
    messages_on_standard_error,
    printable_output,
    require_address_space,
    termination_as_exit,
)
from monalive.opencv import require_opencv
from monalive.version import __version__

BAD_INPUT: Final = 2
INTERRUPTED: Final = 130
_OPTIONS: Final = ("-h", "--help", "--version")  # of the command line itself
_OUT_OF_MEMORY: Final = (
    *("bad_alloc", "insufficient memory", "cannot allocate memory", "failed to map segment", "can't start new thread"),
    *("unable to allocate", "failed to allocate"),
)
_EPILOG: Final = "Set MONALIVE_DEBUG=1 to see tracebacks and the messages of the libraries underneath."


@dataclass(frozen=True)
class Command:
    """A command.

    Attributes:
        summary: what it does, for the list of commands.
        module: full name. Besides `add_arguments(parser)` and `run(arguments)`, which returns the exit code or None for
            0, it may hold texts for its help: `DESCRIPTION` (default: the summary) and `EPILOG`.
        extra: of the package, that `run` needs.
        tells_of_opencv: `run` itself says what is wrong with OpenCV.
    """

    summary: str
    module: str
    extra: str | None = None
    tells_of_opencv: bool = False


@dataclass(frozen=True)
class CommandLine:
    """A program and its commands.

    Attributes:
        name: of the program.
        description: for its help.
        commands: by name, in the order of the help.
        default: the command that is meant where the first word names none.
        interrupted: what is said after Ctrl-C.
        hushed: keep what C and C++ libraries print off standard error. Processes that a command starts are silent then.
    """

    name: str
    description: str
    commands: Mapping[str, Command]
    default: str | None = None
    interrupted: str = "interrupted"
    hushed: bool = False

    def main(self, argv: Sequence[str] | None = None) -> int:
        """Runs a command line.

        Args:
            argv: arguments without the program's name; those of the process by default.

        Returns:
            The exit code: 0 (a command may have more of its own), 2 for anything wrong with the input (one line on
            standard error says what), 130 when interrupted, 143 when terminated, 129 when the terminal is closed; no
            temporary files are left.
        """
        with printable_output(), interruption_noted() as interrupted:
            try:
                return self._parse_and_run(argv, interrupted)
            except SystemExit as stop:  # --help, --version, a wrong command line; or terminated
                return int(stop.code or 0)
            except BrokenPipeError:
                return _reader_left()
            except KeyboardInterrupt:
                pass
            except Exception:
                if not interrupted.is_set():
                    raise
            self._say(self.interrupted)
            return INTERRUPTED

    def _parse_and_run(self, argv: Sequence[str] | None, interrupted: Event) -> int:
        arguments = self.parse(argv)
        debug = bool(os.environ.get("MONALIVE_DEBUG"))
        command = self.commands[arguments.command]
        with library_chatter(not self.hushed or debug), messages_on_standard_error(self.name), termination_as_exit():
            try:
                require_address_space()
                if not command.tells_of_opencv:
                    require_opencv()
                return int(importlib.import_module(command.module).run(arguments) or 0)
            except BrokenPipeError:
                raise
            except Exception as error:
                told = isinstance(error, (ValueError, OSError, ImportError)) or _out_of_memory(error)
                if debug or not told or (interrupted.is_set() and isinstance(error, ImportError)):
                    raise
                self._say(_in_one_line(error, command.extra))
                return BAD_INPUT

    def parse(self, argv: Sequence[str] | None = None) -> argparse.Namespace:
        """The arguments of a command line, its command's name among them as `command`.

        Raises:
            SystemExit: it is wrong, or asks for help or the version.
        """
        words = list(sys.argv[1:] if argv is None else argv)
        if self.default is not None and words and words[0] not in (*self.commands, *_OPTIONS):
            words = [self.default, *words]
        return self.parser().parse_args(words)

    def parser(self) -> argparse.ArgumentParser:
        """The parser of the whole command line."""
        parser = _Parser(prog=self.name, description=self.description, epilog=_EPILOG)
        parser.add_argument("--version", action=_ShowVersion, help="print the versions of package and model")
        commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
        for name, command in self.commands.items():
            commands.add_parser(name, help=command.summary).fill = _filler(command)
        return parser

    def _say(self, message: str) -> None:
        print(f"{self.name}: {message}", file=sys.stderr)


class _Parser(argparse.ArgumentParser):
    """Reports a wrong command line in one line, and can wait with its arguments until it is used."""

    fill: Callable[[argparse.ArgumentParser], None] | None = None

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self.fill is not None:
            self.fill(self)
            self.fill = None
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog.split()[0]}: {message}; see '{self.prog} --help'\n")


class _ShowVersion(argparse.Action):
    """`--version`: reads the bundle only when it is asked for."""

    def __init__(self, **texts: Any) -> None:
        super().__init__(nargs=0, default=argparse.SUPPRESS, **texts)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(f"{parser.prog} {_versions()}")
        parser.exit()


def _reader_left() -> int:
    """The exit code where the reader of our output has left, as `head` does; the rest of the output goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _filler(command: Command) -> Callable[[argparse.ArgumentParser], None]:
    def fill(parser: argparse.ArgumentParser) -> None:
        module = importlib.import_module(command.module)
        parser.description = getattr(module, "DESCRIPTION", command.summary)
        parser.epilog = getattr(module, "EPILOG", None)
        if parser.epilog is not None:
            parser.formatter_class = argparse.RawDescriptionHelpFormatter
        module.add_arguments(parser)

    return fill


def _versions() -> str:
    """Of package, model and bundle schema; of the package alone where the bundle cannot be read."""
    from monalive.bundle import Bundle

    try:
        bundle = Bundle.load()
    except (OSError, ValueError):
        return __version__
    return f"{__version__} (model {bundle.model_version}, bundle schema {bundle.manifest['schema']})"


def _in_one_line(error: BaseException, extra: str | None) -> str:
    """What is wrong and what to do; a package that is missing is missed by the name of the extra it comes with."""
    text = " ".join(str(error).split())
    if isinstance(error, ModuleNotFoundError) and extra and not (error.name or "monalive").startswith("monalive"):
        return f"this command needs the extra {extra!r} ({text}): pip install 'monalive[{extra}]'"
    if _out_of_memory(error):
        return "there is not enough memory; use a smaller photo, close other programs, or raise the limit (ulimit -v)"
    return text or type(error).__name__


def _out_of_memory(error: BaseException) -> bool:
    """Whether that is what an error means, in the words of one of the libraries: OpenCV, LiteRT, the dynamic linker."""
    words = str(error).lower()
    return isinstance(error, MemoryError) or any(word in words for word in _OUT_OF_MEMORY)
