"""`monalive-distill train-tracker`: one of the tracker's networks."""

from __future__ import annotations

import argparse

from monalive_distill.cli.training_arguments import add_run_arguments, add_schedule_arguments, use_compute
from monalive_distill.tracker.tasks import LESSONS, load_lesson


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("network", choices=sorted(LESSONS), help="which of the tracker's networks")
    add_run_arguments(parser, "folders made by prepare: the teacher's landmarks are in them")
    add_schedule_arguments(parser)
    parser.add_argument("--batch", type=int, help="pictures per step")
    parser.add_argument("--learning-rate", type=float, help="the highest")


def run(arguments: argparse.Namespace) -> None:
    """Trains, or goes on.

    Raises:
        FileNotFoundError, ValueError: a cache is missing, or the run belongs to another network.
    """
    from monalive_distill.data.training_pairs import load_sequences
    from monalive_distill.tracker.train import TrackerTrainingConfig, train_lesson

    device = use_compute(arguments)
    sequences = load_sequences(*arguments.caches)
    chosen = {"batch": arguments.batch, "learning_rate": arguments.learning_rate}
    config = TrackerTrainingConfig(**{name: value for name, value in chosen.items() if value is not None})
    train_lesson(
        load_lesson(arguments.network, sequences, config.seed),
        arguments.folder,
        arguments.minutes,
        config,
        caches=arguments.caches,
        sequences=sequences,
        device=device,
        total_minutes=arguments.total_minutes,
        start_from=arguments.start_from,
    )
