"""The two kinds of region, an eye and the mouth: everything that differs between them, in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from monalive.faces.landmarks import LEFT_BROW, LEFT_EYE, LEFT_IRIS, LIPS_INNER, LIPS_OUTER
from monalive_distill.regions.drawing import Drawing, eye_drawing, mouth_drawing
from monalive_distill.regions.frames import EYE_AND_BROW_SHAPE, MOUTH_SHAPE, STORED_EYE, STORED_MOUTH, CropShape
from monalive_distill.regions.movement import Carry, eye_flow, mouth_flow, near_eye, near_mouth
from monalive_distill.regions.networks import EYE_SIZES, MOUTH_SIZES, RegionSizes


@dataclass(frozen=True)
class Region:
    """A kind of region.

    Attributes:
        name: "eye" or "mouth".
        shape: the crop the network works on.
        stored: the crop that a cache holds, with a margin around.
        sizes: of its network.
        drawing: makes its drawings.
        carry: makes the flow of its crop, see `movement.Carry`.
        watched: landmarks around which every error counts most.
        near: landmarks of the whole crop.
        edges: for each measure, the limits of the bins that pairs are drawn from.
        shut_share: how many of the targets are shut, where that is more than the bins alone would give.
    """

    name: str
    shape: CropShape
    stored: CropShape
    sizes: RegionSizes
    drawing: Callable[[], Drawing]
    carry: Carry
    watched: tuple[int, ...]
    near: tuple[int, ...]
    edges: tuple[tuple[float, ...], ...]
    shut_share: float = 0.0

    def draw(self, points: torch.Tensor) -> torch.Tensor:
        """The drawing of landmarks (N, 478, 2) in crop pixels: (N, d, H, W)."""
        return self.drawing()(points, self.shape.height, self.shape.width)

    def flow(self, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Where landmarks of both crops carry the photo's crop, see `movement.Carry`."""
        return self.carry(source, target, self.shape.height, self.shape.width, self.shape.scale)


EYE = Region(
    "eye",
    EYE_AND_BROW_SHAPE,
    STORED_EYE,
    EYE_SIZES,
    eye_drawing,
    eye_flow,
    (*LEFT_EYE, *LEFT_IRIS, *LEFT_BROW),
    near_eye(),
    ((0.05, 0.12, 0.19, 0.26, 0.34), (-0.14, -0.09, -0.03, 0.03), (-0.10, -0.07, -0.03)),
    shut_share=0.2,
)
MOUTH = Region(
    "mouth",
    MOUTH_SHAPE,
    STORED_MOUTH,
    MOUTH_SIZES,
    mouth_drawing,
    mouth_flow,
    (*LIPS_INNER, *LIPS_OUTER),
    near_mouth(),
    ((0.02, 0.06, 0.12, 0.2, 0.32), (0.44, 0.52, 0.6), (0.15, 0.8)),
)
REGIONS = {region.name: region for region in (EYE, MOUTH)}
