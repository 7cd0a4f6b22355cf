"""The networks of eyes and mouth as one: what their weights file holds, and what is exported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from torch import nn

from monalive_distill.regions.networks import RegionNetwork
from monalive_distill.regions.regions import EYE, MOUTH, REGIONS
from monalive_distill.training.checkpoint import read_record
from monalive_distill.training.combined_weights import CombinedWeights

MODEL_NAME: Final = "eyes and mouth"  # what the record of the file says


class RegionNetworks(nn.Module):
    """The network of an eye, which serves both, and that of the mouth."""

    def __init__(self) -> None:
        super().__init__()
        self.eye = RegionNetwork(EYE.sizes)
        self.mouth = RegionNetwork(MOUTH.sizes)


def load_region_networks(weights: Path) -> RegionNetworks:
    """The networks of a file that `write_region_weights` wrote, in `eval`.

    Raises:
        FileNotFoundError, ValueError: no such file, or another kind of file.
    """
    networks = RegionNetworks()
    _FILES.load(weights, networks)
    return networks.eval()


def write_region_weights(states: Sequence[Path], output: Path, others: Path | None = None) -> None:
    """The averaged weights of runs of `train-regions` in one file; see `CombinedWeights.write`."""
    _FILES.write(RegionNetworks(), states, output, others)


def start_region(network: RegionNetwork, weights: Path, region: str) -> None:
    """Loads a region's averaged weights; see `CombinedWeights.load_part`."""
    _FILES.load_part(weights, network, region)


def trained_region(state: Path) -> str:
    """Which region's network a run trains: "eye" or "mouth".

    Raises:
        FileNotFoundError, ValueError: no such checkpoint, or of another kind of run.
    """
    config = read_record(state).get("config")
    region = config.get("region") if isinstance(config, dict) else None
    if region not in REGIONS:
        raise ValueError(f"{state} is not a run of the network for eyes or mouth")
    return str(region)


_FILES: Final = CombinedWeights(
    MODEL_NAME, "networks of eyes and mouth", {region: region for region in REGIONS}, trained_region
)
