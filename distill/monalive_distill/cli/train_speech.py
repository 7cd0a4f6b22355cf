"""`monalive-distill train-speech`: the network that moves the lips."""

from __future__ import annotations

import argparse

from monalive_distill.cli.training_arguments import (
    add_training_arguments,
    chosen_config,
    use_compute,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_training_arguments(parser, "folders made by prepare-speech")
    parser.add_argument("--batch", type=int, help="runs of sound per step, six moments each")
    parser.add_argument("--learning-rate", type=float, help="the highest")


def run(arguments: argparse.Namespace) -> None:
    """Trains, or goes on.

    Raises:
        FileNotFoundError, ValueError: a cache is missing, or the run belongs to another network.
    """
    from monalive_distill.speech.tracks import load_tracks
    from monalive_distill.speech.train import SpeechTrainingConfig, train_speech

    device = use_compute(arguments)
    flags = {"batch": arguments.batch, "learning_rate": arguments.learning_rate}
    train_speech(
        load_tracks(*arguments.caches),
        arguments.folder,
        arguments.minutes,
        chosen_config(SpeechTrainingConfig, arguments, flags),
        caches=arguments.caches,
        device=device,
        total_minutes=arguments.total_minutes,
        start_from=arguments.start_from,
    )
