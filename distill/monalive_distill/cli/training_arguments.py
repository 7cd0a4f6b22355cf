"""What every command that trains asks for in the same words, and the threads it runs on."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import torch


def add_run_arguments(command: argparse.ArgumentParser, caches: str = "folders made by prepare") -> None:
    """`caches`, `folder` and `minutes` of a training run, and the compute it may use.

    Args:
        command: the command's parser.
        caches: what the help says of the caches.
    """
    command.add_argument("caches", type=Path, nargs="+", help=caches)
    command.add_argument("-o", "--run", dest="folder", type=Path, required=True, help="folder of the run")
    command.add_argument("--minutes", type=float, required=True, help="time budget of this call")
    add_compute_arguments(command)


def add_schedule_arguments(command: argparse.ArgumentParser) -> None:
    """`total_minutes` and `start_from` of a run whose learning rate follows a schedule."""
    command.add_argument("--total-minutes", type=float, help="length of the whole schedule, if this call is a part")
    add_start_argument(command)


def add_start_argument(command: argparse.ArgumentParser) -> None:
    """`start_from` of a run that goes on from another one's weights."""
    command.add_argument("--start-from", type=Path, metavar="WEIGHTS", help="begin with these weights")


def add_compute_arguments(command: argparse.ArgumentParser) -> None:
    """`device` and `threads`."""
    command.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    command.add_argument("--threads", type=int, default=torch.get_num_threads())


def use_threads(threads: int) -> None:
    """Gives torch so many CPU threads."""
    torch.set_num_threads(threads)
    cv2.setNumThreads(1)  # the pictures are small; its threads would only fight torch's
