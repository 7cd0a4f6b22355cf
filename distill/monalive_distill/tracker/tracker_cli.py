"""The commands `monalive-distill train-tracker` and `evaluate-tracker`."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import torch

from monalive_distill.tracker.lessons import LESSONS
from monalive_distill.tracker.tracker_networks import write_tracker_weights
from monalive_distill.tracker.tracker_training import TrackerTrainingConfig, train_lesson
from monalive_distill.training_pairs import load_sequences


def add_train_tracker_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that `run_train_tracker` reads."""
    add = parser.add_argument
    add("network", choices=sorted(LESSONS), help="which of the tracker's two networks")
    add("caches", type=Path, nargs="+", help="folders made by prepare: the teacher's landmarks are in them")
    add("-o", "--run", dest="folder", type=Path, required=True, help="folder of the run")
    add("--minutes", type=float, required=True, help="time budget of this call")
    add("--total-minutes", type=float, help="length of the whole schedule, if this call is a part")
    add("--start-from", type=Path, metavar="WEIGHTS", help="begin with these weights")
    add("--batch", type=int, help="pictures per step")
    add("--learning-rate", type=float, help="the highest")
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    add("--threads", type=int, default=torch.get_num_threads())


def run_train_tracker(arguments: argparse.Namespace) -> None:
    """Runs the command.

    Raises:
        FileNotFoundError, ValueError: a cache is missing, or the run belongs to another network.
    """
    torch.set_num_threads(arguments.threads)
    cv2.setNumThreads(1)
    sequences = [sequence for cache in arguments.caches for sequence in load_sequences(cache)]
    chosen = {"batch": arguments.batch, "learning_rate": arguments.learning_rate}
    config = TrackerTrainingConfig(**{name: value for name, value in chosen.items() if value is not None})
    train_lesson(
        LESSONS[arguments.network](sequences, config.seed),
        arguments.folder,
        arguments.minutes,
        config,
        caches=arguments.caches,
        sequences=sequences,
        device=arguments.device,
        total_minutes=arguments.total_minutes,
        start_from=arguments.start_from,
    )


def add_tracker_weights_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that `run_tracker_weights` reads."""
    add = parser.add_argument
    add("landmarks", type=Path, help="state.safetensors of a run of train-tracker landmarks")
    add("detector", type=Path, help="state.safetensors of a run of train-tracker detector")
    add("-o", "--output", type=Path, required=True, help="the .safetensors file to write")


def run_tracker_weights(arguments: argparse.Namespace) -> None:
    """Runs the command.

    Raises:
        FileNotFoundError, ValueError: as `write_tracker_weights`.
    """
    write_tracker_weights(arguments.landmarks, arguments.detector, arguments.output)
