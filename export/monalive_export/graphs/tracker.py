"""The tracker's graphs: a picture to where its faces are, a level crop to a face's landmarks, those to blendshapes."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from monalive.faces.tracker_networks import BLENDSHAPES_PART, DETECTOR_PART, LANDMARKS_PART
from monalive_distill.tracker.blendshape_network import BlendshapeNetwork
from monalive_distill.tracker.detector_network import DetectorNetwork
from monalive_distill.tracker.landmark_network import LandmarkNetwork
from monalive_distill.tracker.networks import TrackerNetworks
from monalive_export.graphs.ports import RGB, SIDES, Graph, Port, channels_first, channels_last

PICTURE = Port("picture", "the picture, or a square of it, at 128 x 128; black beside it", (0.0, 1.0), RGB)
CROP = Port("crop_of_face", "the level square around a face, 1.4 times its longer side, at 192 x 192", (0.0, 1.0), RGB)

LEVEL_LANDMARKS = Port(
    "level_landmarks", "478 landmarks, in the level square around their face (1.4 times its longer side)", None, SIDES
)


class TrackerDetectorGraph(Graph):
    """Where faces are."""

    inputs = (PICTURE,)
    outputs = (
        Port("scores", "of each of 16 x 16 places: how sure it is that a face's centre is there", (0.0, 1.0)),
        Port(
            "places",
            "of each place: the face's centre less the place's own (x, y), the natural logarithm of its side, and the "
            "cosine and sine of its roll, not normalised",
            None,
            "in units of the picture's side",
        ),
    )
    about = "Tracker: once per picture, and again while no face is followed."
    tolerance = 0.05

    def __init__(self, network: DetectorNetwork) -> None:
        super().__init__()
        self.network = network
        self.score, self.place = (_part_of(network.head, part) for part in (slice(0, 1), slice(1, None)))

    def forward(self, picture: torch.Tensor) -> tuple[torch.Tensor, ...]:
        mixed = self.network.places(channels_first(picture))
        return channels_last(torch.sigmoid(self.score(mixed))), channels_last(self.place(mixed))


class TrackerLandmarksGraph(Graph):
    """What a face looks like."""

    inputs = (CROP,)
    outputs = (
        Port("landmarks", "478 landmarks: x, y and z, z smaller where nearer", None, SIDES),
        Port("presence", "how sure it is that this is a face", (0.0, 1.0)),
        Port("openness", "of the right eye, the left eye and the mouth: height over width"),
    )
    about = "Tracker: once per frame and face, in the region of the frame before."
    tolerance = 0.02

    def __init__(self, network: LandmarkNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, crop_of_face: torch.Tensor) -> tuple[torch.Tensor, ...]:
        reading = self.network(channels_first(crop_of_face))
        return reading.landmarks, torch.sigmoid(reading.presence), reading.openness


class TrackerBlendshapesGraph(Graph):
    """Which expression a face has."""

    inputs = (LEVEL_LANDMARKS,)
    outputs = (
        Port("blendshapes", "52 scores in MediaPipe's order: _neutral, browDownLeft to noseSneerRight", (0.0, 1.0)),
    )
    about = "Tracker: once per driver picture, where a single picture drives (running mode IMAGE)."
    tolerance = 0.05

    def __init__(self, network: BlendshapeNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, level_landmarks: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (torch.sigmoid(self.network(level_landmarks)),)


def tracker_graphs(networks: TrackerNetworks) -> Mapping[str, Graph]:
    """By part name, in the order in which they run."""
    return {
        DETECTOR_PART: TrackerDetectorGraph(networks.detector).eval(),
        LANDMARKS_PART: TrackerLandmarksGraph(networks.landmarks).eval(),
        BLENDSHAPES_PART: TrackerBlendshapesGraph(networks.blendshapes).eval(),
    }


def _part_of(layer: nn.Conv2d, part: slice) -> nn.Conv2d:
    """A 1x1 convolution with some of another's output channels."""
    weight, bias = layer.weight[part], layer.bias
    assert bias is not None
    made = nn.Conv2d(layer.in_channels, len(weight), 1)
    with torch.no_grad():
        made.weight.copy_(weight)
        made.bias.copy_(bias[part])  # type: ignore[union-attr]
    return made
