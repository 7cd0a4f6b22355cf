"""`monalive-distill train-few-shot`: meta-learns the full-size model."""

from __future__ import annotations

import argparse
from typing import Final

from monalive_distill.cli.training_arguments import (
    add_config_arguments,
    add_run_arguments,
    add_start_argument,
    chosen_config,
    use_compute,
)
from monalive_distill.few_shot.warped_photo import WARPED_PHOTO

# The paper's two models (4): FT is meant to be fine-tuned, FF is used as it is and trained without the match loss.
MATCH_WEIGHTS: Final = {"ft": 80.0, "ff": 0.0}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_run_arguments(parser)
    add_start_argument(parser)
    add_config_arguments(parser)
    parser.add_argument("--variant", help="size of the model (default: the configuration's)")
    parser.add_argument("--setting", choices=tuple(MATCH_WEIGHTS), help="ft: to be fine-tuned; ff: to use as it is")
    parser.add_argument(
        "--warped-photo",
        choices=WARPED_PHOTO,
        help="what moves the photo that the generator sees beside the drawing; none: the paper's model",
    )


def run(arguments: argparse.Namespace) -> None:
    """Trains, or goes on."""
    from monalive_distill.few_shot.config import FewShotConfig
    from monalive_distill.few_shot.train import train_few_shot

    device = use_compute(arguments)
    match = MATCH_WEIGHTS[arguments.setting] if arguments.setting else None
    flags = {"variant": arguments.variant, "warped_photo": arguments.warped_photo, "losses.match": match}
    config = chosen_config(FewShotConfig, arguments, flags)
    train_few_shot(arguments.caches, arguments.folder, arguments.minutes, config, device, arguments.start_from)
