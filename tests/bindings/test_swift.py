"""The Swift package and the iOS sample: every file is parsed; where Swift is installed, the core's tests run too."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tree_sitter_swift
from tree_sitter import Language, Node, Parser

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "bindings" / "swift"
SOURCES = sorted([*PACKAGE.rglob("*.swift"), *(ROOT / "samples" / "ios").rglob("*.swift")])


def _errors(node: Node) -> Iterator[Node]:
    if node.type == "ERROR" or node.is_missing:
        yield node
        return
    for child in node.children:
        yield from _errors(child)


def _parse(text: bytes) -> list[str]:
    tree = Parser(Language(tree_sitter_swift.language())).parse(text)
    return [f"line {node.start_point[0] + 1}: {(node.text or b'')[:60]!r}" for node in _errors(tree.root_node)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_the_syntax_is_swift(path: Path) -> None:
    assert _parse(path.read_bytes()) == []


def test_the_parser_finds_mistakes() -> None:
    assert _parse(b"func broken( -> Int { return 1 }\n")
    assert _parse(b"struct A { let x: Int\n")


def test_the_package_has_what_it_names() -> None:
    for target in ("Sources/Monalive", "Sources/MonaliveApple", "Tests/MonaliveTests"):
        assert list((PACKAGE / target).glob("*.swift")), target


def test_the_core_on_golden_vectors(tmp_path: Path) -> None:
    if shutil.which("swift") is None:
        pytest.skip("swift is not installed: the package is parsed, not compiled")
    environment = os.environ | {"MONALIVE_PYTHON": sys.executable, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = ["swift", "test", "--package-path", str(PACKAGE), "--build-path", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
