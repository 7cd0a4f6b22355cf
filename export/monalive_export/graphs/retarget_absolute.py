"""Absolute motion as a graph: the driver's landmarks as they are, smoothed. For reenactment of people by themselves.

That is every gain at 1. With other gains the driver's own reference frame is moved in parts: the graphs of relative
motion do that, given that frame as the portrait, its crop, and `NO_LIMITS` (of `monalive.retargeting.retarget`) instead
of the `limits` that `retarget_start` gives.
"""

from __future__ import annotations

from typing import Final

import torch

from monalive.faces.expressions import load_expressions
from monalive.faces.landmarks import LANDMARK_COUNT
from monalive_export.graphs.neighbour_pool import NeighbourPool
from monalive_export.graphs.ports import SIDES, Graph, Port
from monalive_export.graphs.retarget import DRIVER, ELAPSED, LANDMARKS
from monalive_export.graphs.retarget_filter import filtered
from monalive_export.graphs.retarget_math import corner_and_side, step
from monalive_export.graphs.retarget_settings import LANDMARK_FILTER

DRIVER_CROP = Port("driver_crop", "left, top and side of the driver's crop in its first frame", None, "pixels")
FILTER = Port(
    "landmark_filter", "filtered landmarks and their velocity; zeros for the first frame", None, SIDES + ", z alike"
)
ABSOLUTE_FILTER_SHAPES: Final = {FILTER.name: (1, LANDMARK_COUNT, 6)}


class RetargetAbsoluteGraph(Graph):
    """One frame of the driver to landmarks in units of its own crop."""

    inputs = (DRIVER, ELAPSED, DRIVER_CROP, FILTER)
    outputs = (LANDMARKS, Port("next_landmark_filter", "landmark_filter for the next frame", None, FILTER.unit))
    about = "Once per frame, instead of the retarget network, for absolute motion: the driver's face as it is."
    compressible = False
    accelerated = False

    def __init__(self) -> None:
        super().__init__()
        self.pool = NeighbourPool(load_expressions().mean_face)

    def forward(
        self,
        driver_landmarks: torch.Tensor,
        elapsed_ms: torch.Tensor,
        driver_crop: torch.Tensor,
        landmark_filter: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:
        corner, side = corner_and_side(driver_crop)
        elapsed = elapsed_ms.unsqueeze(1) * 1e-3
        # Forgotten where no time has passed: the landmarks then come out to the bit as they are.
        before = landmark_filter * step(elapsed)
        landmarks, velocity = filtered(
            LANDMARK_FILTER,
            (driver_landmarks - corner) / side,
            before[:, :, 0:3],
            before[:, :, 3:6],
            elapsed,
            self.pool,
        )
        return landmarks, torch.cat((landmarks, velocity), 2)
