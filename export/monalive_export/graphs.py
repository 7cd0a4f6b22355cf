"""The lightweight generator's two graphs as an app calls them: named inputs and outputs, pictures channels-last."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from monalive.surroundings_flow import GRID_SIZE
from monalive_distill.appearance_encoder import AppearanceFeatures
from monalive_distill.lightweight_generator import EnrolledPhoto, LightweightGenerator

IMAGE_SIZE = 256
LANDMARK_COUNT = 478


@dataclass(frozen=True)
class Port:
    """An input or output: its name, what it is, and its range."""

    name: str
    about: str
    range: tuple[float, float] | None


PHOTO = Port("photo", "the photo's crop, RGB, channels last", (0.0, 1.0))
SOURCE = Port("source_landmarks", "the photo's 478 landmarks (x, y) in units of the crop's side", None)
TARGET = Port("target_landmarks", "the landmarks (x, y) wanted, in units of the crop's side", None)
SURROUNDINGS = Port(
    "surroundings",
    "16 x 16 flow around the driver's face since its reference frame (x, y), in units of the crop's side, and how much "
    "of each cell is known; zeros: not measured",
    None,
)
ENROLLED = (
    Port("photo_small", "the photo at 64 x 64", (0.0, 1.0)),
    Port("source_drawing", "the photo's landmark drawing", (0.0, 1.5)),
    Port("motion_features", "what belongs to head, body and background", None),
    Port("half", "appearance features at half the resolution", None),
    Port("quarter", "appearance features at a quarter", None),
    Port("eighth", "appearance features at an eighth", None),
    Port("style", "appearance that is not tied to a place", None),
)
ANIMATED = (
    Port("image", "the animated crop, RGB", (0.0, 1.0)),
    Port("flow", "source position minus target position (x, y), in units of the crop's side", None),
    Port("mask", "1 where the photo's own moved pixels serve, 0 where the painting does", (0.0, 1.0)),
    Port("painted", "what the network painted, RGB", (0.0, 1.0)),
    Port("confidence", "of each place, to be compared with that of other photos of the person by softmax", None),
)


class EnrollGraph(nn.Module):
    """Once per photo: see `inputs` and `outputs`."""

    inputs = (PHOTO, SOURCE)
    outputs = ENROLLED

    def __init__(self, generator: LightweightGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, photo: torch.Tensor, source_landmarks: torch.Tensor) -> tuple[torch.Tensor, ...]:
        enrolled = self.generator.enroll(_channels_first(photo), source_landmarks)
        return tuple(_channels_last(x) for x in (*enrolled[:3], *enrolled.appearance))


class AnimateGraph(nn.Module):
    """Once per frame: see `inputs` and `outputs`."""

    inputs = (PHOTO, SOURCE, *ENROLLED, TARGET, SURROUNDINGS)
    outputs = ANIMATED

    def __init__(self, generator: LightweightGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(
        self,
        photo: torch.Tensor,
        source_landmarks: torch.Tensor,
        photo_small: torch.Tensor,
        source_drawing: torch.Tensor,
        motion_features: torch.Tensor,
        half: torch.Tensor,
        quarter: torch.Tensor,
        eighth: torch.Tensor,
        style: torch.Tensor,
        target_landmarks: torch.Tensor,
        surroundings: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:
        enrolled = EnrolledPhoto(
            _channels_first(photo_small),
            _channels_first(source_drawing),
            _channels_first(motion_features),
            AppearanceFeatures(*(_channels_first(x) for x in (half, quarter, eighth, style))),
        )
        out = self.generator.animate(
            _channels_first(photo), source_landmarks, enrolled, target_landmarks, _channels_first(surroundings)
        )
        return tuple(_channels_last(getattr(out, port.name)) for port in ANIMATED)


GRAPHS: dict[str, type[EnrollGraph] | type[AnimateGraph]] = {"enroll": EnrollGraph, "animate": AnimateGraph}


def example_inputs(generator: LightweightGenerator, seed: int = 0) -> dict[str, dict[str, torch.Tensor]]:
    """Plausible inputs of the right shapes for both graphs: graph name -> input name -> tensor."""
    random = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 16, 16, generator=random)
    photo = _channels_last(nn.functional.interpolate(coarse, size=IMAGE_SIZE, mode="bicubic").clamp(0, 1)).contiguous()
    source = torch.rand(1, LANDMARK_COUNT, 2, generator=random) * 0.4 + 0.3
    target = source + torch.randn(1, LANDMARK_COUNT, 2, generator=random) * 0.01
    flow = torch.randn(1, GRID_SIZE, GRID_SIZE, 2, generator=random) * 0.02
    surroundings = torch.cat((flow, torch.rand(1, GRID_SIZE, GRID_SIZE, 1, generator=random)), -1)
    with torch.no_grad():
        enrolled = EnrollGraph(generator)(photo, source)
    first = {PHOTO.name: photo, SOURCE.name: source}
    features = {port.name: value for port, value in zip(ENROLLED, enrolled, strict=True)}
    return {"enroll": first, "animate": first | features | {TARGET.name: target, SURROUNDINGS.name: surroundings}}


def _channels_first(x: torch.Tensor) -> torch.Tensor:
    return x.permute(0, 3, 1, 2)


def _channels_last(x: torch.Tensor) -> torch.Tensor:
    return x.permute(0, 2, 3, 1)
