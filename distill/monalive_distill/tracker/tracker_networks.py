"""Both networks of the tracker as one: what its weights file holds, and what is exported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from safetensors.torch import save_file
from torch import nn

from monalive.atomic_file import atomic_path
from monalive_distill.tracker.detector_lesson import DetectorLesson
from monalive_distill.tracker.detector_network import DetectorNetwork
from monalive_distill.tracker.landmark_lesson import LandmarkLesson
from monalive_distill.tracker.landmark_network import LandmarkNetwork
from monalive_distill.training_state import load_average, read_record

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
    tensors = {
        f"average/{key}": (value.half() if value.is_floating_point() else value).contiguous()
        for key, value in networks.state_dict().items()
    }
    with atomic_path(output) as unfinished:
        save_file(tensors, unfinished, {"record": json.dumps({"model": MODEL_NAME, "runs": runs})})
