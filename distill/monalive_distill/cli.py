"""Entry point of the `monalive-distill` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import torch

from monalive_distill import evaluate_cli, personalize_cli, synthetic_people
from monalive_distill.few_shot import evaluate_few_shot_cli, few_shot_cli
from monalive_distill.few_shot.few_shot_checkpoint import load_few_shot_model
from monalive_distill.prepare import prepare
from monalive_distill.tracker import tracker_cli
from monalive_distill.train_lightweight import train
from monalive_distill.training_config import TrainingConfig, read_config
from monalive_distill.training_state import write_weights

BAD_INPUT = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line; the exit code is 0, or 2 with one line on standard error for bad input."""
    arguments = build_parser().parse_args(argv)
    try:
        return int(arguments.run(arguments) or 0)
    except (ValueError, OSError) as error:
        print(f"monalive-distill: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        return 130


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = argparse.ArgumentParser(prog="monalive-distill", description="Data, training and evaluation.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    command = commands.add_parser("prepare", help="track faces in videos or pictures and cache them for training")
    command.add_argument("source", type=Path, help="folder of videos, or of pictures named PERSON_VARIANT.jpg")
    command.add_argument("-o", "--output", type=Path, required=True, help="folder of the cache")
    command.add_argument("--kind", choices=("clip", "stills", "synthetic"), default="clip")
    command.add_argument("--stride", type=int, default=2, help="keep every STRIDE-th video frame (default 2)")
    command.set_defaults(run=_run_prepare)

    command = commands.add_parser("synthesize", help="make pictures of people who do not exist")
    synthetic_people.add_arguments(command)
    command.set_defaults(run=synthetic_people.run_synthesize)

    command = commands.add_parser("train", help="train the lightweight generator, or go on training it")
    _add_training_arguments(command)
    command.set_defaults(run=_run_train, teacher=None)

    command = commands.add_parser("distill", help="the same, learning also from the full-size model's pictures")
    _add_training_arguments(command)
    command.add_argument(
        "--teacher", type=Path, required=True, metavar="STATE", help="state.safetensors of a run of train-few-shot"
    )
    command.set_defaults(run=_run_train)

    command = commands.add_parser("train-few-shot", help="meta-learn the full-size few-shot model, or go on with it")
    few_shot_cli.add_train_few_shot_arguments(command)
    command.set_defaults(run=few_shot_cli.run_train_few_shot)

    command = commands.add_parser("finetune", help="fine-tune the few-shot model on 1 to 32 photos of a person")
    few_shot_cli.add_finetune_arguments(command)
    command.set_defaults(run=few_shot_cli.run_finetune)

    command = commands.add_parser("evaluate-few-shot", help="measure the few-shot model for several numbers of photos")
    evaluate_few_shot_cli.add_evaluate_few_shot_arguments(command)
    command.set_defaults(run=evaluate_few_shot_cli.run_evaluate_few_shot)

    command = commands.add_parser("personalize", help="photos of a person to a bundle that is theirs")
    personalize_cli.add_personalize_arguments(command)
    command.set_defaults(run=personalize_cli.run_personalize)

    command = commands.add_parser("train-tracker", help="train the tracker's landmark network or its detector")
    tracker_cli.add_train_tracker_arguments(command)
    command.set_defaults(run=tracker_cli.run_train_tracker)

    command = commands.add_parser("evaluate-tracker", help="measure our tracker against MediaPipe's on clips")
    tracker_cli.add_evaluate_tracker_arguments(command)
    command.set_defaults(run=tracker_cli.run_evaluate_tracker)

    command = commands.add_parser("tracker-weights", help="the tracker's two networks in one file, to ship")
    tracker_cli.add_tracker_weights_arguments(command)
    command.set_defaults(run=tracker_cli.run_tracker_weights)

    command = commands.add_parser("weights", help="the weights of a run alone, small enough to ship")
    command.add_argument("state", type=Path, help="state.safetensors of a run")
    command.add_argument("-o", "--output", type=Path, required=True, help="the .safetensors file to write")
    command.set_defaults(run=lambda arguments: write_weights(arguments.state, arguments.output))

    command = commands.add_parser("evaluate", help="measure self- and cross-reenactment on a folder of clips")
    evaluate_cli.add_evaluate_arguments(command)
    command.set_defaults(run=evaluate_cli.run_evaluate)
    return parser


def _add_training_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("caches", type=Path, nargs="+", help="folders made by prepare")
    command.add_argument("-o", "--run", dest="folder", type=Path, required=True, help="folder of the run")
    command.add_argument("--minutes", type=float, required=True, help="time budget of this call")
    command.add_argument("--total-minutes", type=float, help="length of the whole schedule, if this call is a part")
    command.add_argument("--start-from", type=Path, metavar="WEIGHTS", help="begin with these weights")
    command.add_argument("--config", type=Path, metavar="JSON", help="what differs from the default configuration")
    command.add_argument("--variant", help="size of the generator (default: the configuration's)")
    command.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    command.add_argument("--threads", type=int, default=torch.get_num_threads())


def _run_prepare(arguments: argparse.Namespace) -> None:
    made = prepare(arguments.source, arguments.output, kind=arguments.kind, stride=arguments.stride)
    print(f"{made.sequences} sequences, {made.frames} frames in {arguments.output}")
    for line in made.left_out:
        print(f"left out {line}", file=sys.stderr)


def _run_train(arguments: argparse.Namespace) -> None:
    torch.set_num_threads(arguments.threads)
    cv2.setNumThreads(1)  # the pictures are small; its threads would only fight torch's
    config = read_config(arguments.config) if arguments.config else TrainingConfig()
    if arguments.variant:
        config = replace(config, variant=arguments.variant)
    train(
        arguments.caches,
        arguments.folder,
        arguments.minutes,
        config,
        arguments.device,
        arguments.total_minutes,
        arguments.start_from,
        load_few_shot_model(arguments.teacher) if arguments.teacher else None,
    )
