"""The README's commands are commands that exist."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

import pytest

from monalive.cli.main import COMMAND_LINE as SDK
from monalive_distill.cli.main import COMMAND_LINE as DISTILL
from monalive_export.cli.main import COMMAND_LINE as EXPORT

README = Path(__file__).parents[1] / "README.md"
PROGRAMS = {program.name: program for program in (SDK, DISTILL, EXPORT)}


def _commands() -> list[list[str]]:
    blocks = README.read_text().split("```sh\n")[1:]
    lines = [shlex.split(line, comments=True) for block in blocks for line in block.split("```")[0].splitlines()]
    return [words for words in lines if words and words[0] in PROGRAMS]


def test_the_readme_shows_every_command() -> None:
    assert {words[0] for words in _commands()} == set(PROGRAMS)


@pytest.mark.parametrize("words", _commands(), ids=" ".join)
def test_a_command_of_the_readme_is_understood(words: list[str]) -> None:
    assert isinstance(PROGRAMS[words[0]].parse(words[1:]), argparse.Namespace)
