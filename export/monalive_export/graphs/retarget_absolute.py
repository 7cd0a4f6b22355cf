"""Absolute motion as a graph: the driver's landmarks as they are, smoothed. For reenactment of people by themselves.

Twin of `monalive.retargeting.retarget` in its absolute mode with every gain 1. With other gains the SDK moves the
driver's own reference frame in parts: so do the graphs of relative motion, given that frame as the portrait, its crop,
and `NO_LIMITS` instead of the `limits` that `retarget_start` gives.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch

from monalive.faces.expressions import load_expressions
from monalive.faces.face_regions import neighbour_average
from monalive.faces.landmarks import LANDMARK_COUNT
from monalive.retargeting.motion_smoother import landmark_filter
from monalive_export.graphs.ports import SIDES, Graph, Port
from monalive_export.graphs.retarget import DRIVER, ELAPSED
from monalive_export.graphs.retarget_filter import filtered

DRIVER_CROP = Port("driver_crop", "left, top and side of the driver's crop in its first frame", None, "pixels")
FILTER_PORTS = (
    Port(
        "landmark_filter",
        "absolute_landmarks of the frame before; zeros for the first frame",
        None,
        SIDES + ", z alike",
    ),
    Port("landmark_velocity", "their velocity; zeros for the first frame"),
)
ABSOLUTE_FILTER_SHAPES: Final = {port.name: (1, LANDMARK_COUNT, 3) for port in FILTER_PORTS}
# So wide that float32 cannot tell them from none.
NO_LIMITS: Final = np.repeat(np.array([[[-1e6], [1e6]]], np.float32), 6, 2)  # (1, 2, 6)


class RetargetAbsoluteGraph(Graph):
    """One frame of the driver to landmarks in units of its own crop."""

    inputs = (DRIVER, ELAPSED, DRIVER_CROP, *FILTER_PORTS)
    outputs = (
        Port("absolute_landmarks", "the landmarks to animate the photo to", None, SIDES + ", z alike"),
        Port("next_landmark_velocity", "landmark_velocity for the next frame"),
    )
    about = "Once per frame, instead of the retarget network, for absolute motion: the driver's face as it is."
    compressible = False
    accelerated = False
    bundled = False
    pool: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self._filter = landmark_filter()
        pool = neighbour_average(load_expressions().mean_face).astype(np.float32)
        self.register_buffer("pool", torch.from_numpy(pool)[None], persistent=False)

    def forward(
        self,
        driver_landmarks: torch.Tensor,
        elapsed_ms: torch.Tensor,
        driver_crop: torch.Tensor,
        landmark_filter: torch.Tensor,
        landmark_velocity: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:
        corner = torch.cat((driver_crop[:, 0:2], driver_crop[:, 0:1] * 0.0), 1).unsqueeze(1)  # (1, 1, 3)
        unit = (driver_landmarks - corner) / driver_crop[:, 2:3].unsqueeze(1)
        elapsed = elapsed_ms.unsqueeze(1) * 1e-3
        return filtered(self._filter, unit, landmark_filter, landmark_velocity, elapsed, self.pool)
