"""`monalive-distill train-regions`: the network of an eye or of the mouth."""

from __future__ import annotations

import argparse

from monalive_distill.cli.training_arguments import (
    add_training_arguments,
    chosen_config,
    use_compute,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("region", choices=("eye", "mouth"), help="which network; one serves both eyes")
    add_training_arguments(parser, "folders made by prepare-regions")
    parser.add_argument("--pairs", type=int, help="pairs of photo and target per step")


def run(arguments: argparse.Namespace) -> None:
    """Trains, or goes on.

    Raises:
        FileNotFoundError, ValueError: a cache is missing, or the run belongs to the other region.
    """
    from monalive_distill.regions.train import RegionConfig, train_region

    device = use_compute(arguments)
    flags = {"region": arguments.region, "pairs": arguments.pairs}
    train_region(
        chosen_config(RegionConfig, arguments, flags),
        arguments.caches,
        arguments.folder,
        arguments.minutes,
        device=device,
        total_minutes=arguments.total_minutes,
        start_from=arguments.start_from,
    )
