"""The networks of eyes and mouth as one: what their weights file holds, and what is exported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from torch import nn

from monalive_distill.regions.networks import RegionNetwork
from monalive_distill.regions.regions import EYE, MOUTH, REGIONS
from monalive_distill.training.checkpoint import load_average, read_record, write_half

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
    record = read_record(weights)
    if record.get("model") != MODEL_NAME:
        raise ValueError(f"{weights} holds {record.get('model') or 'something else'}, not networks of eyes and mouth")
    networks = RegionNetworks()
    load_average(weights, networks)
    return networks.eval()


def write_region_weights(states: Sequence[Path], output: Path, others: Path | None = None) -> None:
    """The averaged weights of runs of `train-regions` in one file, in half precision.

    Args:
        states: `state.safetensors` of at most one run of each region.
        output: the file to write.
        others: a file that this function wrote, for a region that no run is given of.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: one is of another kind, two are of the same region, or a region is missing.
    """
    networks = RegionNetworks() if others is None else load_region_networks(others)
    before = {} if others is None else read_record(others).get("runs")
    runs: dict[str, object] = dict(before) if isinstance(before, dict) else {}
    given: dict[str, Path] = {}
    for path in states:
        name = trained_region(path)
        if name in given:
            raise ValueError(f"{path} is another run of the {name}, as {given[name]} is; give one of each")
        load_average(path, networks.get_submodule(name))
        given[name], runs[name] = path, read_record(path)
    missing = [name for name in REGIONS if name not in runs]
    if missing:
        raise ValueError(f"no run of the {missing[0]} is given, nor a file to take that network from")
    write_half(networks.state_dict(), {"model": MODEL_NAME, "runs": runs}, output)


def start_region(network: RegionNetwork, weights: Path, region: str) -> None:
    """Loads the averaged weights of a run of a region, or that region's of a file of both.

    Raises:
        FileNotFoundError, ValueError: no such file, or another network's.
    """
    whole = read_record(weights).get("model") == MODEL_NAME
    load_average(weights, network, f"{region}." if whole else "")


def trained_region(state: Path) -> str:
    """Which region's network a run trains: "eye" or "mouth".

    Raises:
        FileNotFoundError, ValueError: no such checkpoint, or of another kind of run.
    """
    config = read_record(state).get("config")
    region = config.get("region") if isinstance(config, dict) else None
    if region not in REGIONS:
        raise ValueError(f"{state} is no run of an eye's or the mouth's network")
    return str(region)
