"""The tracker's networks as one: what its weights file holds, and what is exported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import nn

from monalive_distill.tracker.blendshape_network import BlendshapeNetwork
from monalive_distill.tracker.detector_network import DetectorNetwork
from monalive_distill.tracker.landmark_network import LandmarkNetwork
from monalive_distill.tracker.weights_file import FILES


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
    networks = TrackerNetworks()
    FILES.load(weights, networks)
    return networks.eval()


def write_tracker_weights(states: Sequence[Path], output: Path, others: Path | None = None) -> None:
    """The averaged weights of runs of `train-tracker` in one file; see `CombinedWeights.write`."""
    FILES.write(TrackerNetworks(), states, output, others)
