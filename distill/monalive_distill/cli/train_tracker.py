"""`monalive-distill train-tracker`: one of the tracker's networks."""

from __future__ import annotations

import argparse

from monalive_distill.cli.training_arguments import (
    add_training_arguments,
    chosen_config,
    use_compute,
)
from monalive_distill.tracker.tasks import TASKS, load_task


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("network", choices=sorted(TASKS), help="which of the tracker's networks")
    add_training_arguments(parser, "folders made by prepare: the teacher's landmarks are in them")
    parser.add_argument("--batch", type=int, help="pictures per step")
    parser.add_argument("--learning-rate", type=float, help="the highest")


def run(arguments: argparse.Namespace) -> None:
    """Trains, or goes on.

    Raises:
        FileNotFoundError, ValueError: a cache is missing, or the run belongs to another network.
    """
    from monalive_distill.data.training_pairs import load_sequences
    from monalive_distill.tracker.train import TrackerTrainingConfig, train_task

    device = use_compute(arguments)
    sequences = load_sequences(*arguments.caches)
    flags = {"batch": arguments.batch, "learning_rate": arguments.learning_rate}
    config = chosen_config(TrackerTrainingConfig, arguments, flags)
    train_task(
        load_task(arguments.network, sequences, config.seed),
        arguments.folder,
        arguments.minutes,
        config,
        caches=arguments.caches,
        sequences=sequences,
        device=device,
        total_minutes=arguments.total_minutes,
        start_from=arguments.start_from,
    )
