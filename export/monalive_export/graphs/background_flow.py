"""The background flow measured around a driver's face, smoothed as a graph for the animate network."""

from __future__ import annotations

from typing import Final

import torch

from monalive.motions.surroundings_flow import GRID_SIZE
from monalive_export.graphs.ports import SIDES, Graph, Port
from monalive_export.graphs.retarget import ELAPSED
from monalive_export.graphs.retarget_filter import filtered
from monalive_export.graphs.retarget_math import step
from monalive_export.graphs.retarget_settings import BACKGROUND_FLOW_FILTER, BACKGROUND_KNOWN_FILTER

_SHAPE: Final = (1, GRID_SIZE, GRID_SIZE, 3)
_CELLS: Final = GRID_SIZE**2
MEASURED = Port(
    "measured_surroundings",
    "16 x 16 flow around the driver's face since its reference frame, and how much of each cell is known (0 to 1)",
    None,
    SIDES,
)
FILTER = Port("surroundings_filter", "filtered surroundings and their velocity; zeros for the first frame", None, SIDES)
BACKGROUND_FILTER_SHAPES: Final = {FILTER.name: (1, _CELLS, 6)}


class BackgroundFlowGraph(Graph):
    """One frame's measured flow to a steady one."""

    inputs = (MEASURED, ELAPSED, FILTER)
    outputs = (
        Port("smoothed_surroundings", "the same, smoothed: the surroundings of the animate network", None, SIDES),
        Port("next_surroundings_filter", "surroundings_filter for the next frame", None, SIDES),
    )
    about = "Once per frame in which the flow around the driver's face is measured (absolute motion): smooths it."
    compressible = False
    accelerated = False

    def forward(
        self, measured_surroundings: torch.Tensor, elapsed_ms: torch.Tensor, surroundings_filter: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        new = measured_surroundings.reshape(1, _CELLS, 3)
        elapsed = elapsed_ms.unsqueeze(1) * 1e-3
        # Forgotten where no time has passed: the flow then comes out to the bit as it is.
        before = surroundings_filter * step(elapsed)
        flow, flow_velocity = filtered(
            BACKGROUND_FLOW_FILTER, new[:, :, 0:2], before[:, :, 0:2], before[:, :, 3:5], elapsed
        )
        known, known_velocity = filtered(
            BACKGROUND_KNOWN_FILTER, new[:, :, 2:3], before[:, :, 2:3], before[:, :, 5:6], elapsed
        )
        smoothed = torch.cat((flow, known), 2)
        return smoothed.reshape(_SHAPE), torch.cat((smoothed, flow_velocity, known_velocity), 2)
