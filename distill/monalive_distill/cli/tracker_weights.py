"""`monalive-distill tracker-weights`: the tracker's networks in one file."""

from __future__ import annotations

import argparse
from pathlib import Path

from monalive_distill.packaged_assets import tracker_weights


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add = parser.add_argument
    add("states", type=Path, nargs="+", metavar="STATE", help="state.safetensors of runs, at most one of each network")
    add("--others", type=Path, metavar="FILE", help="file for networks without a run (default: the shipped one)")
    add(
        "--usual",
        type=Path,
        nargs="+",
        default=[],
        metavar="CACHE",
        help="amplify the motion of gaze, lids, brows and mouth, which a new landmark network underestimates, around "
        "the mean of the faces in these folders made by prepare",
    )
    add("-o", "--output", type=Path, required=True, help="the .safetensors file to write")


def run(arguments: argparse.Namespace) -> None:
    """Writes the file.

    Raises:
        FileNotFoundError, ValueError: as `write_tracker_weights`.
    """
    from monalive_distill.tracker.networks import write_tracker_weights

    write_tracker_weights(arguments.states, arguments.output, arguments.others or tracker_weights(), arguments.usual)
