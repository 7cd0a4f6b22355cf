"""`monalive doctor`: what works on this machine."""

from __future__ import annotations

import argparse
import dataclasses
import json

DESCRIPTION = (
    "Tries what monalive needs and what it can use on this machine: models, video formats, camera, page. "
    "Says what to install for the rest. The exit code is 1 if photos cannot be animated here."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Prints what `monalive.doctor` found."""
    from monalive.doctor import examine

    found = examine()
    if arguments.json:
        print(json.dumps([dataclasses.asdict(one) for one in found], indent=1))
    else:
        width = max(len(one.name) for one in found)
        for one in found:
            advice = f"; {one.advice}" if one.advice and not one.works else ""
            print(f"{'ok' if one.works else '--'}  {one.name:<{width}}  {one.what}{advice}")
    return int(any(one.needed and not one.works for one in found))
