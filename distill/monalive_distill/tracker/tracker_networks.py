"""Both networks of the tracker as one: what its weights file holds, and what is exported."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from torch import nn

from monalive_distill.tracker.detector_lesson import DetectorLesson
from monalive_distill.tracker.detector_network import DetectorNetwork
from monalive_distill.tracker.landmark_lesson import LandmarkLesson
from monalive_distill.tracker.landmark_network import LandmarkNetwork
from monalive_distill.training_state import load_average, read_record, write_half

MODEL_NAME: Final = "tracker"


class TrackerNetworks(nn.Module):
    """The detector and the landmark network."""

    def __init__(self) -> None:
        super().__init__()
        self.detector = DetectorNetwork()
        self.landmarks = LandmarkNetwork()


def load_tracker(weights: Path) -> TrackerNetworks:
    """The networks of a file that `write_tracker_weights` wrote, in `eval`.

    Raises:
        FileNotFoundError, ValueError: no such file, or another kind of file.
    """
    record = read_record(weights)
    if record.get("model") != MODEL_NAME:
        raise ValueError(f"{weights} holds {record.get('model') or 'something else'}, not a tracker's weights")
    networks = TrackerNetworks()
    load_average(weights, networks)
    return networks.eval()


def write_tracker_weights(landmarks: Path, detector: Path, output: Path) -> None:
    """The averaged weights of two runs of `train-tracker` in one file, in half precision.

    Raises:
        FileNotFoundError, ValueError: a run's checkpoint is missing or belongs to another network.
    """
    networks = TrackerNetworks()
    runs = {}
    for path, network, name in (
        (landmarks, networks.landmarks, LandmarkLesson.name),
        (detector, networks.detector, DetectorLesson.name),
    ):
        record = read_record(path)
        if record.get("model") != name:
            raise ValueError(f"{path} is a run of {record.get('model')!r}, not of {name!r}")
        load_average(path, network)
        runs[name] = record
    averages = {f"average/{name}": value for name, value in networks.state_dict().items()}
    write_half(averages, {"model": MODEL_NAME, "runs": runs}, output)
