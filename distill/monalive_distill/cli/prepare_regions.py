"""`monalive-distill prepare-regions`: videos or pictures to a cache of eye and mouth crops."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from monalive.cli.arguments import positive_int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add = parser.add_argument
    add("source", type=Path, help="folder of videos, or of pictures named PERSON_VARIANT.jpg")
    add("-o", "--output", type=Path, required=True, help="folder of the cache; what is there already is kept")
    add("--kind", choices=("clip", "stills"), default="clip")
    add("--stride", type=positive_int, default=2, help="keep every STRIDE-th video frame (default 2)")


def run(arguments: argparse.Namespace) -> None:
    """Makes the cache."""
    from monalive_distill.regions.prepare import prepare_regions

    made = prepare_regions(arguments.source, arguments.output, kind=arguments.kind, stride=arguments.stride)
    print(f"{made.sequences} sequences, {made.frames} frames in {arguments.output}")
    for line in made.left_out:
        print(f"left out {line}", file=sys.stderr)
