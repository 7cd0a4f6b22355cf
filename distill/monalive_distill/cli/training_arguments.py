"""What every command that trains asks for in the same words, and what it computes on."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeVar

from monalive.cli.arguments import not_negative, positive, positive_int

_DEVICES: Final = ("cpu", "cuda")
Config = TypeVar("Config")


def add_training_arguments(parser: argparse.ArgumentParser, caches: str = "folders made by prepare") -> None:
    """All of a training along a schedule whose configuration can be changed."""
    add_run_arguments(parser, caches)
    add_schedule_arguments(parser)
    add_config_arguments(parser)


def add_run_arguments(parser: argparse.ArgumentParser, caches: str = "folders made by prepare") -> None:
    """`caches`, `folder` and `minutes` of a training run, and the compute it may use.

    Args:
        parser: the command's.
        caches: what the help says of the caches.
    """
    parser.add_argument("caches", type=Path, nargs="+", help=caches)
    parser.add_argument("-o", "--run", dest="folder", type=Path, required=True, help="folder of the run")
    parser.add_argument("--minutes", type=not_negative, required=True, help="time budget of this call")
    add_compute_arguments(parser)


def add_schedule_arguments(parser: argparse.ArgumentParser) -> None:
    """`total_minutes` and `start_from` of a run whose learning rate follows a schedule."""
    parser.add_argument(
        "--total-minutes", type=positive, help="length of the whole schedule, if this call is only a part of it"
    )
    add_start_argument(parser)


def add_start_argument(parser: argparse.ArgumentParser) -> None:
    """`start_from` of a run that goes on from another one's weights."""
    parser.add_argument("--start-from", type=Path, metavar="WEIGHTS", help="start from these weights")


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """`config` and `changes`: what differs from a training's defaults."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="JSON",
        help="a file with the values that differ from the defaults, or a run's record.json",
    )
    parser.add_argument(
        "--set",
        dest="changes",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="one value of the configuration, over the file's, such as losses.pixel=0.5 or seed=1; may be repeated",
    )


def chosen_config(kind: type[Config], arguments: argparse.Namespace, flags: Mapping[str, object]) -> Config:
    """The configuration that a command line asks for: defaults, then `--config`, then flags, then `--set`.

    Args:
        kind: see `read_config`.
        arguments: those of `add_config_arguments`.
        flags: values that have a flag of their own, by their dotted names; None: not given.

    Raises:
        FileNotFoundError, ValueError: as `read_config`.
    """
    from monalive_distill.training.config import read_config

    given = [f"{name}={json.dumps(value)}" for name, value in flags.items() if value is not None]
    return read_config(kind, arguments.config, [*given, *arguments.changes])


def add_compute_arguments(parser: argparse.ArgumentParser) -> None:
    """`device` and `threads`."""
    parser.add_argument(
        "--device", choices=_DEVICES, help="where to compute (default: cuda where there is one, else cpu)"
    )
    parser.add_argument("--threads", type=positive_int, help="CPU threads (default: torch's choice)")


def use_compute(arguments: argparse.Namespace) -> str:
    """Gives torch the CPU threads that were asked for, and returns the device to compute on.

    Raises:
        ValueError: the device that was asked for is not there.
    """
    import cv2
    import torch

    cuda = torch.cuda.is_available()
    if arguments.device == "cuda" and not cuda:
        raise ValueError("there is no device for CUDA here; use --device cpu")
    if arguments.threads is not None:
        torch.set_num_threads(arguments.threads)
    cv2.setNumThreads(1)  # the pictures are small; its threads would only fight torch's
    return arguments.device or ("cuda" if cuda else "cpu")
