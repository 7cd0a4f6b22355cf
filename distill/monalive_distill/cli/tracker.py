"""The commands `monalive-distill train-tracker` and `evaluate-tracker`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from monalive.atomic_file import atomic_path
from monalive_distill.cli.training_arguments import add_run_arguments, add_schedule_arguments, use_threads
from monalive_distill.data.training_pairs import load_sequences
from monalive_distill.evaluation.clip_attributes import read_clip_attributes
from monalive_distill.evaluation.clips import find_clips
from monalive_distill.evaluation.portrait_sheets import find_portraits
from monalive_distill.evaluation.tracker import evaluate_tracker
from monalive_distill.packaged_assets import tracker_weights
from monalive_distill.tracker.networks import write_tracker_weights
from monalive_distill.tracker.tasks import LESSONS
from monalive_distill.tracker.train import TrackerTrainingConfig, train_lesson


def add_train_tracker_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that `run_train_tracker` reads."""
    add = parser.add_argument
    add("network", choices=sorted(LESSONS), help="which of the tracker's networks")
    add_run_arguments(parser, "folders made by prepare: the teacher's landmarks are in them")
    add_schedule_arguments(parser)
    add("--batch", type=int, help="pictures per step")
    add("--learning-rate", type=float, help="the highest")


def run_train_tracker(arguments: argparse.Namespace) -> None:
    """Runs the command.

    Raises:
        FileNotFoundError, ValueError: a cache is missing, or the run belongs to another network.
    """
    use_threads(arguments.threads)
    sequences = load_sequences(*arguments.caches)
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


def add_evaluate_tracker_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that `run_evaluate_tracker` reads."""
    add = parser.add_argument
    add("clips_dir", type=Path, metavar="CLIPS_DIR", help="folder of .mp4 clips, one face in each")
    add("--portraits", type=Path, metavar="DIR", help="folder of pictures in which a face is to be found")
    add("--bundle", type=Path, metavar="FILE", help="the tracker's bundle (default: the one that ships)")
    add("--attributes", type=Path, metavar="TSV", help="what kind of face each clip shows, for slices")
    add("--frames", type=int, default=12, metavar="N", help="frames per clip besides the first (default: 12)")
    add("-o", "--output", type=Path, metavar="FILE", help="JSON file to write the results to")
    add("-q", "--quiet", action="store_true", help="no progress bar")


def run_evaluate_tracker(arguments: argparse.Namespace) -> None:
    """Runs the command.

    Raises:
        FileNotFoundError, NotADirectoryError, ValueError: clips, pictures or the bundle cannot be used.
    """
    clips = find_clips(arguments.clips_dir)
    portraits = find_portraits(arguments.portraits) if arguments.portraits is not None else []
    results = evaluate_tracker(
        clips,
        portraits,
        arguments.bundle,
        attributes=read_clip_attributes(arguments.attributes) if arguments.attributes is not None else None,
        frame_count=arguments.frames,
        progress=not arguments.quiet,
    )
    text = json.dumps(results, indent=1)
    if arguments.output is not None:
        with atomic_path(arguments.output) as unfinished:
            unfinished.write_text(text + "\n")
    print(text)


def add_tracker_weights_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that `run_tracker_weights` reads."""
    add = parser.add_argument
    add("states", type=Path, nargs="+", metavar="STATE", help="state.safetensors of runs, at most one of each network")
    add("--others", type=Path, metavar="FILE", help="take networks without a run from here (default: those that ship)")
    add("-o", "--output", type=Path, required=True, help="the .safetensors file to write")


def run_tracker_weights(arguments: argparse.Namespace) -> None:
    """Runs the command.

    Raises:
        FileNotFoundError, ValueError: as `write_tracker_weights`.
    """
    write_tracker_weights(arguments.states, arguments.output, arguments.others or tracker_weights())
