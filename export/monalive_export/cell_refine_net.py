"""The refinement network with its layers at full resolution in cells of 2 x 2 pixels: the same numbers, faster."""

from __future__ import annotations

from typing import Final

import torch
from torch import nn

from monalive_distill.lightweight_generator import Movement
from monalive_distill.refine_net import RefineNet
from monalive_export.cells import DoubledConv, folded, from_shifted_cells, halving_conv, shifted_conv, to_cells
from monalive_export.ports import channels_last

# Outputs of the head that are taken apart together: the painting, the mask, the confidence.
_COLOURS: Final = 3
_GROUPS: Final = ((0, 1, 2), (3,), (4,))


class CellRefineNet(nn.Module):
    """`RefineNet` for pictures in batches of one.

    Args:
        refine: trained; its inner layers are used as they are, of the others folded copies are made.
    """

    def __init__(self, refine: RefineNet) -> None:
        super().__init__()
        self.refine = refine
        self.stem = halving_conv(*folded(refine.stem[0], refine.stem[1]))
        self.up_full = DoubledConv(*folded(refine.up_full[0], refine.up_full[1]), _COLOURS)
        assert refine.head.bias is not None
        self.head = shifted_conv(refine.head.weight.detach(), refine.head.bias.detach(), _GROUPS)

    def forward(self, warped: torch.Tensor, movement: Movement) -> tuple[torch.Tensor, ...]:
        """See `RefineNet`; what comes out is channels last: painted (1, H, H, 3), mask and confidence (1, H, H, 1)."""
        cells = to_cells(warped)
        x = self.refine.at_half_size(torch.relu(self.stem(cells)), movement.appearance, movement.drawing)
        x = self.head(self.up_full(x, cells))
        parts = x.split([4 * len(group) for group in _GROUPS], 1)
        painted, mask, confidence = (channels_last(from_shifted_cells(part)) for part in parts)
        return torch.sigmoid(painted), torch.sigmoid(mask), confidence
