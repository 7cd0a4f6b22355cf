"""The tracker's networks as one: what its weights file holds, and what is exported."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from torch import nn

from monalive_distill.data.training_pairs import load_sequences
from monalive_distill.tracker.blendshape_network import BlendshapeNetwork
from monalive_distill.tracker.detector_network import DetectorNetwork
from monalive_distill.tracker.landmark_network import LandmarkNetwork
from monalive_distill.tracker.shrinkage import undo_shrinkage, usual_faces
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


def write_tracker_weights(
    states: Sequence[Path], output: Path, others: Path | None = None, usual: Sequence[Path] = ()
) -> None:
    """The averaged weights of runs of `train-tracker` in one file; see `CombinedWeights.write`.

    Args:
        states, output, others: as there.
        usual: caches of usual faces, around whose mean a new landmark network's caution is undone (`shrinkage`).

    Raises:
        FileNotFoundError, ValueError: as there; or no run of the landmark network is given to be changed.
    """
    networks = TrackerNetworks()

    def finish(given: Collection[str]) -> Mapping[str, object]:
        if not usual:
            return {}
        if "tracker landmarks" not in given:
            raise ValueError("usual faces change a run of the landmark network, and none is given; leave them out")
        undo_shrinkage(networks.landmarks, usual_faces(load_sequences(*usual)))
        return {"shrinkage_undone": [path.name for path in usual]}

    FILES.write(networks, states, output, others, finish)
