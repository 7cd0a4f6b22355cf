"""Weights of one of the tracker's networks, from a run's checkpoint or from the file of all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from torch import nn

from monalive_distill.training.checkpoint import load_average, read_record

MODEL_NAME: Final = "tracker"  # what the record of a file of all networks says


def start_network(network: nn.Module, weights: Path, part: str) -> None:
    """Loads the averaged weights of a run of one network, or those of a part of a file of all of them.

    Raises:
        FileNotFoundError, ValueError: no such file, or another network's.
    """
    whole = read_record(weights).get("model") == MODEL_NAME
    load_average(weights, network, f"{part}." if whole else "")
