"""`monalive-distill train`: the lightweight generator from real and synthetic pictures."""

from __future__ import annotations

import argparse
from pathlib import Path

from monalive_distill.cli.training_arguments import (
    add_training_arguments,
    chosen_config,
    use_compute,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_training_arguments(parser)
    parser.add_argument("--variant", help="size of the generator (default: the configuration's)")


def run(arguments: argparse.Namespace) -> None:
    """Trains, or goes on."""
    run_training(arguments, teacher=None)


def run_training(arguments: argparse.Namespace, teacher: Path | None) -> None:
    """Trains the lightweight generator.

    Args:
        arguments: those of `add_arguments`.
        teacher: state.safetensors of a run of train-few-shot, to learn from its pictures too.
    """
    from monalive_distill.distillation.config import TrainingConfig
    from monalive_distill.distillation.train import train
    from monalive_distill.few_shot.checkpoint import load_few_shot_model

    device = use_compute(arguments)
    config = chosen_config(TrainingConfig, arguments, {"variant": arguments.variant})
    train(
        arguments.caches,
        arguments.folder,
        arguments.minutes,
        config,
        device,
        arguments.total_minutes,
        arguments.start_from,
        load_few_shot_model(teacher) if teacher else None,
    )
