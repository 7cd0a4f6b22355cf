"""The tracker's networks as one: what its weights file holds, and what is exported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from torch import nn

from monalive_distill.tracker.blendshape_network import BlendshapeNetwork
from monalive_distill.tracker.blendshape_task import BlendshapeTask
from monalive_distill.tracker.detector_network import DetectorNetwork
from monalive_distill.tracker.detector_task import DetectorTask
from monalive_distill.tracker.landmark_network import LandmarkNetwork
from monalive_distill.tracker.landmark_task import LandmarkTask
from monalive_distill.tracker.weights_file import MODEL_NAME, start_network
from monalive_distill.training.checkpoint import load_average, read_record, write_half

# The model that a run's record names, and the network's name here.
PART_OF_RUN: Final[Mapping[str, str]] = {task.name: task.part for task in (DetectorTask, LandmarkTask, BlendshapeTask)}


class TrackerNetworks(nn.Module):
    """The detector, the landmark network and the blendshape network."""

    def __init__(self) -> None:
        super().__init__()
        self.detector = DetectorNetwork()
        self.landmarks = LandmarkNetwork()
        self.blendshapes = BlendshapeNetwork()


def load_tracker(weights: Path) -> TrackerNetworks:
    """The networks of a file that `write_tracker_weights` wrote, in `eval`.

    Raises:
        FileNotFoundError, ValueError: no such file, or another kind of file.
    """
    _tracker_record(weights)
    networks = TrackerNetworks()
    load_average(weights, networks)
    return networks.eval()


def write_tracker_weights(states: Sequence[Path], output: Path, others: Path | None = None) -> None:
    """The averaged weights of runs of `train-tracker` in one file, in half precision.

    Args:
        states: `state.safetensors` of at most one run of each network.
        output: the file to write.
        others: a file that this function wrote, for the networks that no run is given of.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: one is of another kind, two are of the same network, or a network is missing.
    """
    networks = TrackerNetworks()
    runs: dict[str, object] = {}
    for path in states:
        record = read_record(path)
        name = str(record.get("model"))
        if name not in PART_OF_RUN:
            raise ValueError(f"{path} is a run of {name!r}, not of a tracker's network")
        if name in runs:
            raise ValueError(f"{path} is another run of {name!r}; give one of each")
        start_network(networks.get_submodule(PART_OF_RUN[name]), path, PART_OF_RUN[name])
        runs[name] = record
    for name, part in PART_OF_RUN.items():
        if name not in runs:
            if others is None:
                raise ValueError(f"no run of {name!r} is given, nor a file to take that network from")
            before = _tracker_record(others).get("runs")
            start_network(networks.get_submodule(part), others, part)
            runs[name] = before.get(name) if isinstance(before, dict) else None
    write_half(networks.state_dict(), {"model": MODEL_NAME, "runs": runs}, output)


def _tracker_record(weights: Path) -> dict[str, object]:
    record = read_record(weights)
    if record.get("model") != MODEL_NAME:
        raise ValueError(f"{weights} holds {record.get('model') or 'something else'}, not a tracker's weights")
    return record
