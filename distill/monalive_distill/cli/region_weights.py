"""`monalive-distill region-weights`: the networks of eyes and mouth in one file."""

from __future__ import annotations

import argparse
from pathlib import Path

from monalive_distill.packaged_assets import region_weights


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add = parser.add_argument
    add("states", type=Path, nargs="+", metavar="STATE", help="state.safetensors of runs, at most one of each region")
    add("--others", type=Path, metavar="FILE", help="file for a region without a run (default: the shipped one)")
    add("-o", "--output", type=Path, required=True, help="the .safetensors file to write")


def run(arguments: argparse.Namespace) -> None:
    """Writes the file.

    Raises:
        FileNotFoundError, ValueError: as `write_region_weights`.
    """
    from monalive_distill.regions.weights_file import write_region_weights

    write_region_weights(arguments.states, arguments.output, arguments.others or region_weights())
