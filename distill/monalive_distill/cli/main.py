"""Entry point of the `monalive-distill` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from monalive_distill.cli import evaluate as evaluate_cli
from monalive_distill.cli import evaluate_few_shot as evaluate_few_shot_cli
from monalive_distill.cli import few_shot as few_shot_cli
from monalive_distill.cli import personalize as personalize_cli
from monalive_distill.cli import tracker as tracker_cli
from monalive_distill.cli.training_arguments import add_run_arguments, add_schedule_arguments, use_threads
from monalive_distill.data import synthetic_people
from monalive_distill.data.prepare import SAME_PERSON, prepare
from monalive_distill.distillation.config import TrainingConfig, read_config
from monalive_distill.distillation.grid_artefact import write_weights_without_grid
from monalive_distill.distillation.train import train
from monalive_distill.few_shot.checkpoint import load_few_shot_model
from monalive_distill.training.checkpoint import write_weights

BAD_INPUT = 2
AddArguments = Callable[[argparse.ArgumentParser], None]
Run = Callable[[argparse.Namespace], int | None]
# Commands that stand in modules of their own: what they are for, their arguments, and what runs them.
COMMANDS: Mapping[str, tuple[str, AddArguments, Run]] = {
    "train-few-shot": (
        "meta-learn the full-size few-shot model, or go on with it",
        few_shot_cli.add_train_few_shot_arguments,
        few_shot_cli.run_train_few_shot,
    ),
    "finetune": (
        "fine-tune the few-shot model on 1 to 32 photos of a person",
        few_shot_cli.add_finetune_arguments,
        few_shot_cli.run_finetune,
    ),
    "evaluate-few-shot": (
        "measure the few-shot model for several numbers of photos",
        evaluate_few_shot_cli.add_evaluate_few_shot_arguments,
        evaluate_few_shot_cli.run_evaluate_few_shot,
    ),
    "personalize": (
        "photos of a person to a bundle that is theirs",
        personalize_cli.add_personalize_arguments,
        personalize_cli.run_personalize,
    ),
    "train-tracker": (
        "train one of the tracker's networks",
        tracker_cli.add_train_tracker_arguments,
        tracker_cli.run_train_tracker,
    ),
    "evaluate-tracker": (
        "measure our tracker against MediaPipe's on clips",
        tracker_cli.add_evaluate_tracker_arguments,
        tracker_cli.run_evaluate_tracker,
    ),
    "tracker-weights": (
        "the tracker's networks in one file, to ship",
        tracker_cli.add_tracker_weights_arguments,
        tracker_cli.run_tracker_weights,
    ),
    "evaluate": (
        "measure self- and cross-reenactment on a folder of clips",
        evaluate_cli.add_evaluate_arguments,
        evaluate_cli.run_evaluate,
    ),
}


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
    command.add_argument("--least", type=int, default=2, help="leave out who has fewer pictures (default 2)")
    command.add_argument(
        "--same-person",
        type=float,
        default=SAME_PERSON,
        metavar="CSIM",
        help="leave out pictures less like their person's first; 0: none (default %(default)s)",
    )
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

    for name, (about, add_arguments, run) in COMMANDS.items():
        command = commands.add_parser(name, help=about)
        add_arguments(command)
        command.set_defaults(run=run)

    command = commands.add_parser("weights", help="the weights of a run alone, small enough to ship")
    command.add_argument("state", type=Path, help="state.safetensors of a run")
    command.add_argument("-o", "--output", type=Path, required=True, help="the .safetensors file to write")
    command.add_argument(
        "--even-cells",
        type=Path,
        nargs="+",
        metavar="CACHE",
        help="solve the lightweight generator's last layer anew on these training pictures, so that it draws no grid",
    )
    command.set_defaults(run=_weights)
    return parser


def _weights(arguments: argparse.Namespace) -> None:
    if arguments.even_cells:
        write_weights_without_grid(arguments.state, arguments.output, arguments.even_cells)
    else:
        write_weights(arguments.state, arguments.output)


def _add_training_arguments(command: argparse.ArgumentParser) -> None:
    add_run_arguments(command)
    add_schedule_arguments(command)
    command.add_argument("--config", type=Path, metavar="JSON", help="what differs from the default configuration")
    command.add_argument("--variant", help="size of the generator (default: the configuration's)")


def _run_prepare(arguments: argparse.Namespace) -> None:
    made = prepare(
        arguments.source,
        arguments.output,
        kind=arguments.kind,
        stride=arguments.stride,
        least=arguments.least,
        same_person=arguments.same_person,
    )
    print(f"{made.sequences} sequences, {made.frames} frames in {arguments.output}")
    for line in made.left_out:
        print(f"left out {line}", file=sys.stderr)


def _run_train(arguments: argparse.Namespace) -> None:
    use_threads(arguments.threads)
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
