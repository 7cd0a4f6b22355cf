"""The refinement network for pictures in batches of one, its pixels taken out of their cells at rank 4."""

from __future__ import annotations

import torch
from torch import nn

from monalive_distill.generator.lightweight_generator import Movement
from monalive_distill.generator.refine_net import RefineNet


class CellRefineNet(nn.Module):
    """`RefineNet` with other last steps.

    Args:
        refine: trained; it is used as it is.
    """

    def __init__(self, refine: RefineNet) -> None:
        super().__init__()
        self.refine = refine

    def forward(self, movement: Movement) -> tuple[torch.Tensor, ...]:
        """See `RefineNet`; what comes out is channels last: painted (1, H, H, 3), mask and confidence (1, H, H, 1)."""
        painted, mask, confidence = map(pixels, self.refine.cells(movement.appearance, movement.drawing))
        return torch.sigmoid(painted), torch.sigmoid(mask), confidence


def pixels(cells: torch.Tensor) -> torch.Tensor:
    """(1, 4 n, h, w), channels in the order (row, column, n), to (1, 2 h, 2 w, n)."""
    _, channels, height, width = cells.shape
    rows = cells.permute(0, 2, 3, 1).reshape(height, width, 2, channels // 2).permute(0, 2, 1, 3)
    return rows.reshape(1, 2 * height, 2 * width, channels // 4)
