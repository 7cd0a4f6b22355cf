"""`monalive info`: what is installed, and what a file holds."""

from __future__ import annotations

import argparse
import json
from typing import Any

DESCRIPTION = "Prints versions, models with their sha256, and motions; or what a file holds."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("file", nargs="?", metavar="FILE", help="a bundle, a .motion file or a saved portrait")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> None:
    """Prints what `monalive.about` found."""
    from monalive.about import about_file, about_package

    facts = about_package() if arguments.file is None else about_file(arguments.file)
    print(json.dumps(facts, indent=1) if arguments.json else "\n".join(as_text(facts)))


def as_text(facts: dict[str, Any], indent: str = "") -> list[str]:
    """Nested facts as lines of `name: value`."""
    lines = []
    for name, value in facts.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}:", *as_text(value, indent + "  ")]
        elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
            lines.append(f"{indent}{name}:")
            lines += [f"{indent}  - {_in_one_line(item)}" for item in value]
        else:
            lines.append(f"{indent}{name}: {_plain(value)}")
    return lines


def _in_one_line(item: dict[str, Any]) -> str:
    """A network's input or output, or a photo of a portrait."""
    if "tensor" in item:
        limits = f" in {item['range']}" if item.get("range") else ""
        return f"{item['name']} ({_plain(item['shape'])}{limits}): {item.get('about', '')}"
    return ", ".join(f"{key} {_plain(one)}" for key, one in item.items())


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key} {_plain(one)}" for key, one in value.items())
    if isinstance(value, list):
        return (" x " if all(isinstance(item, int) for item in value) else ", ").join(map(_plain, value))
    return str(value)
