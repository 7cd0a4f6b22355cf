"""`monalive-distill train-few-shot`: meta-learns the full-size model."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Final

from monalive_distill.cli.training_arguments import add_run_arguments, add_start_argument, use_compute
from monalive_distill.few_shot.warped_photo import WARPED_PHOTO

# The paper's two models (4): FT is meant to be fine-tuned, FF is used as it is and trained without the match loss.
MATCH_WEIGHTS: Final = {"ft": 80.0, "ff": 0.0}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_run_arguments(parser)
    add_start_argument(parser)
    parser.add_argument("--config", type=Path, metavar="JSON", help="what differs from the default configuration")
    parser.add_argument("--variant", help="size of the model (default: the configuration's)")
    parser.add_argument("--setting", choices=tuple(MATCH_WEIGHTS), help="ft: to be fine-tuned; ff: to use as it is")
    parser.add_argument(
        "--warped-photo",
        choices=WARPED_PHOTO,
        help="what moves the photo that the generator sees beside the drawing; none: the paper's model",
    )


def run(arguments: argparse.Namespace) -> None:
    """Trains, or goes on."""
    from monalive_distill.few_shot.config import FewShotConfig, read_few_shot_config
    from monalive_distill.few_shot.train import train_few_shot

    device = use_compute(arguments)
    config = read_few_shot_config(arguments.config) if arguments.config else FewShotConfig()
    if arguments.variant:
        config = replace(config, variant=arguments.variant)
    if arguments.warped_photo:
        config = replace(config, warped_photo=arguments.warped_photo)
    if arguments.setting:
        config = replace(config, losses=replace(config.losses, match=MATCH_WEIGHTS[arguments.setting]))
    train_few_shot(arguments.caches, arguments.folder, arguments.minutes, config, device, arguments.start_from)
