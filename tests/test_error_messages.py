"""One convention for error messages: lower case, no full stop at the end; what is wrong; what to do."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = [path for folder in ("sdk", "distill", "export") for path in sorted((ROOT / folder).rglob("*.py"))]
# What begins with a capital in the middle of a sentence too: names, of operators as well, and a mathematical T.
NAMES = frozenset({"MediaPipe's", "OpenCV", "SSIM", "T", "Gather", "Broadcast"})


def _message(text: ast.expr) -> str | None:
    """A message with "{}" for what is filled in; None where nothing but a run of the program tells."""
    if isinstance(text, ast.Constant):
        return text.value if isinstance(text.value, str) else None
    if isinstance(text, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in text.values)
    if isinstance(text, ast.BinOp) and isinstance(text.op, ast.Add):
        return f"{_message(text.left) or '{}'}{_message(text.right) or '{}'}"
    return None


def _messages(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of what errors are made with (raised there or returned to be raised) and warnings are logged."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and node.args:
            called = ast.unparse(node.func)
            message = _message(node.args[0])
            if message and (called.endswith("Error") or called == "log.warning"):
                yield node.lineno, message


def _breaches(source: str) -> list[str]:
    return [
        f"{line}: {message}"
        for line, message in _messages(source)
        if (message[0].isupper() and message.split()[0] not in NAMES)
        or message.endswith((".", "!", " "))
        or ". " in message.replace("... ", "")
    ]


@pytest.mark.parametrize(
    ("source", "broken"),
    [
        ("raise ValueError('There is none')", True),
        ("raise ValueError('there is none.')", True),
        ("raise ValueError(f'{a} is none.')", True),
        ("raise ValueError(f'There is no {a}')", True),
        ("raise ValueError('a is none. ' 'Make one')", True),
        ("raise ValueError('there is ' + a + ' none.')", True),
        ("def f(): return OSError('None')", True),
        ("log.warning('Gone %s', a)", True),
        ("raise ValueError(f'there is no {a}; make one')", False),
        ("raise ValueError('SSIM needs more pixels')", False),
        ("raise ValueError(text)", False),
    ],
)
def test_what_breaks_the_convention_is_seen(source: str, broken: bool) -> None:
    assert bool(_breaches(source)) == broken


def test_every_message_keeps_to_the_convention() -> None:
    assert sum(len(list(_messages(path.read_text(encoding="utf-8")))) for path in SOURCES) > 200
    breaches = [f"{path.relative_to(ROOT)}:{one}" for path in SOURCES for one in _breaches(path.read_text("utf-8"))]
    assert not breaches, "\n".join(breaches)
