"""`monalive-distill finetune`: the few-shot model becomes one person's."""

from __future__ import annotations

import argparse
from pathlib import Path

from monalive.cli.arguments import not_negative
from monalive_distill.cli.training_arguments import (
    add_compute_arguments,
    add_config_arguments,
    chosen_config,
    use_compute,
)
from monalive_distill.few_shot.fine_tuning_settings import FineTuning


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add = parser.add_argument
    add("photos", type=Path, nargs="+", metavar="PHOTO", help="1 to 32 photos of the person")
    add("-o", "--output", type=Path, required=True, help="the person's file, person.ckpt")
    add("--base", type=Path, required=True, help="state.safetensors of a run of train-few-shot")
    add("--variant", help="size of the base model")
    add("--minutes", type=not_negative, help=f"at most (default {FineTuning.minutes})")
    add("--steps", type=int, help=f"at most (default {FineTuning.steps})")
    add("--learning-rate", type=float, help=f"default {FineTuning.learning_rate}")
    add_config_arguments(parser)
    add_compute_arguments(parser)


def run(arguments: argparse.Namespace) -> None:
    """Fine-tunes, and says how much it helped."""
    from monalive_distill.few_shot.finetune import finetune

    device = use_compute(arguments)
    flags = {name: getattr(arguments, name) for name in ("steps", "minutes", "learning_rate")}
    settings = chosen_config(FineTuning, arguments, flags)
    made = finetune(arguments.photos, arguments.base, arguments.output, settings, device, arguments.variant)
    before, after = made.checks[0][1], min(distance for _, distance in made.checks)
    told = f"{made.held_out} photos held out" if made.held_out else "photos moved by geometry"
    print(f"{arguments.output}: {made.steps} steps, the state after {made.kept_step} kept")
    print(f"LPIPS {before:.3f} before, {after:.3f} after ({told})")
