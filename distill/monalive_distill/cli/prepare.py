"""`monalive-distill prepare`: videos or pictures to a training cache."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from monalive_distill.data.preparation_settings import SAME_PERSON, SOURCE_KINDS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add = parser.add_argument
    add("source", type=Path, help="folder of videos, or of pictures named PERSON_VARIANT.jpg")
    add("-o", "--output", type=Path, required=True, help="folder of the cache")
    add("--kind", choices=SOURCE_KINDS, default="clip")
    add("--stride", type=int, default=2, help="keep every STRIDE-th video frame (default 2)")
    least = "skip people with fewer pictures (default 2)"
    add("--min-pictures", type=int, default=2, metavar="N", help=least)
    add("--least", type=int, dest="min_pictures", default=argparse.SUPPRESS, help=argparse.SUPPRESS)  # its old name
    add(
        "--same-person",
        type=float,
        default=SAME_PERSON,
        metavar="CSIM",
        help="drop pictures whose CSIM to the person's first picture is below this; 0 keeps all (default %(default)s)",
    )


def run(arguments: argparse.Namespace) -> None:
    """Makes the cache."""
    from monalive_distill.data.prepare import prepare

    made = prepare(
        arguments.source,
        arguments.output,
        kind=arguments.kind,
        stride=arguments.stride,
        least=arguments.min_pictures,
        same_person=arguments.same_person,
    )
    print(f"{made.sequences} sequences, {made.frames} frames in {arguments.output}")
    for line in made.left_out:
        print(f"left out {line}", file=sys.stderr)
