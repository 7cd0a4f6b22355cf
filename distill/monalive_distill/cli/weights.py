"""`monalive-distill weights`: the weights of a run alone."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("state", type=Path, help="state.safetensors of a run")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the .safetensors file to write")
    parser.add_argument(
        "--even-cells",
        type=Path,
        nargs="+",
        metavar="CACHE",
        help="re-fit the lightweight generator's last layer by least squares on these training pictures, to remove the "
        "2x2 grid artefact",
    )


def run(arguments: argparse.Namespace) -> None:
    """Writes the weights."""
    from monalive_distill.distillation.grid_artefact import write_even_weights
    from monalive_distill.training.checkpoint import write_weights

    if arguments.even_cells:
        write_even_weights(arguments.state, arguments.output, arguments.even_cells)
    else:
        write_weights(arguments.state, arguments.output)
