"""The commands `train-few-shot` and `finetune` of `monalive-distill`."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from monalive_distill.cli.training_arguments import (
    add_compute_arguments,
    add_run_arguments,
    add_start_argument,
    use_threads,
)
from monalive_distill.few_shot.config import FewShotConfig, read_few_shot_config
from monalive_distill.few_shot.finetune import FineTuning, finetune
from monalive_distill.few_shot.photo_mover import WARPED_PHOTO

# The paper's two models (4): FT is meant to be fine-tuned, FF is used as it is and trained without the match loss.
MATCH_WEIGHTS = {"ft": 80.0, "ff": 0.0}


def add_train_few_shot_arguments(command: argparse.ArgumentParser) -> None:
    """Arguments of `monalive-distill train-few-shot`."""
    add_run_arguments(command)
    add_start_argument(command)
    command.add_argument("--config", type=Path, metavar="JSON", help="what differs from the default configuration")
    command.add_argument("--variant", help="size of the model (default: the configuration's)")
    command.add_argument("--setting", choices=tuple(MATCH_WEIGHTS), help="ft: to be fine-tuned; ff: to use as it is")
    command.add_argument(
        "--warped-photo",
        choices=WARPED_PHOTO,
        help="what moves the photo that the generator sees beside the drawing; none: the paper's model",
    )


def run_train_few_shot(arguments: argparse.Namespace) -> None:
    """Runs `monalive-distill train-few-shot`."""
    # Here, because Lightning Fabric takes a second or two to load, and every other command would wait for it.
    from monalive_distill.few_shot.train import train_few_shot

    use_threads(arguments.threads)
    config = read_few_shot_config(arguments.config) if arguments.config else FewShotConfig()
    if arguments.variant:
        config = replace(config, variant=arguments.variant)
    if arguments.warped_photo:
        config = replace(config, warped_photo=arguments.warped_photo)
    if arguments.setting:
        config = replace(config, losses=replace(config.losses, match=MATCH_WEIGHTS[arguments.setting]))
    train_few_shot(
        arguments.caches, arguments.folder, arguments.minutes, config, arguments.device, arguments.start_from
    )


def add_finetune_arguments(command: argparse.ArgumentParser) -> None:
    """Arguments of `monalive-distill finetune`."""
    command.add_argument("photos", type=Path, nargs="+", metavar="PHOTO", help="1 to 32 photos of the person")
    command.add_argument("-o", "--output", type=Path, required=True, help="the person's file, person.ckpt")
    command.add_argument("--base", type=Path, required=True, help="state.safetensors of a run of train-few-shot")
    command.add_argument("--variant", help="what size the base must have")
    command.add_argument("--minutes", type=float, default=FineTuning.minutes, help="at most (default %(default)s)")
    command.add_argument("--steps", type=int, default=FineTuning.steps, help="at most (default %(default)s)")
    command.add_argument("--learning-rate", type=float, default=FineTuning.learning_rate, help="default %(default)s")
    add_compute_arguments(command)


def run_finetune(arguments: argparse.Namespace) -> None:
    """Runs `monalive-distill finetune`."""
    use_threads(arguments.threads)
    settings = FineTuning(steps=arguments.steps, minutes=arguments.minutes, learning_rate=arguments.learning_rate)
    made = finetune(arguments.photos, arguments.base, arguments.output, settings, arguments.device, arguments.variant)
    before, after = made.checks[0][1], min(distance for _, distance in made.checks)
    told = f"{made.held_out} photos held out" if made.held_out else "photos moved by geometry"
    print(f"{arguments.output}: {made.steps} steps, the state after {made.kept_step} kept")
    print(f"LPIPS {before:.3f} before, {after:.3f} after ({told})")
