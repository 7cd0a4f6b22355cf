"""`monalive-distill distill`: `train`, learning also from the full-size model's pictures."""

from __future__ import annotations

import argparse
from pathlib import Path

from monalive_distill.cli import train


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    train.add_arguments(parser)
    teacher = "state.safetensors of a run of train-few-shot"
    parser.add_argument("--teacher", type=Path, required=True, metavar="STATE", help=teacher)


def run(arguments: argparse.Namespace) -> None:
    """Trains, or goes on."""
    train.run_training(arguments, arguments.teacher)
