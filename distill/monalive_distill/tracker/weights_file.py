"""Weights of the tracker's networks, from runs' checkpoints or from the file of all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from torch import nn

from monalive_distill.training.checkpoint import read_record
from monalive_distill.training.combined_weights import CombinedWeights

MODEL_NAME: Final = "tracker"  # what the record of a file of all networks says
# The model that a run's record names, and the network's name in `TrackerNetworks`.
_PARTS: Final = {f"tracker {part}": part for part in ("detector", "landmarks", "blendshapes")}


def start_network(network: nn.Module, weights: Path, part: str) -> None:
    """Loads the averaged weights of one network; see `CombinedWeights.load_part`."""
    FILES.load_part(weights, network, part)


def _name_of_run(state: Path) -> str:
    name = str(read_record(state).get("model"))
    if name not in _PARTS:
        raise ValueError(f"{state} is a run of {name!r}, not of a tracker's network")
    return name


FILES: Final = CombinedWeights(MODEL_NAME, "a tracker's weights", _PARTS, _name_of_run)
