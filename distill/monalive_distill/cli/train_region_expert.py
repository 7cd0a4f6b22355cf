"""`monalive-distill train-region-expert`: the full-size network of an eye or of the mouth."""

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


def run(arguments: argparse.Namespace) -> None:
    """Trains, or goes on.

    Raises:
        FileNotFoundError, ValueError: a cache is missing, or the run belongs to another expert.
    """
    from monalive_distill.few_shot.regions.config import ExpertConfig
    from monalive_distill.few_shot.regions.train import train_expert

    device = use_compute(arguments)
    train_expert(
        chosen_config(ExpertConfig, arguments, {"region": arguments.region}),
        arguments.caches,
        arguments.folder,
        arguments.minutes,
        device=device,
        total_minutes=arguments.total_minutes,
        start_from=arguments.start_from,
    )
