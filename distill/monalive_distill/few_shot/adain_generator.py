"""The generator: a drawing of the wanted pose to a picture, steered by AdaIN parameters (3.1, 3.3)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from monalive_distill.few_shot.residual_blocks import (
    AdaptiveBlock,
    AdaptiveInstanceNorm,
    DownBlock,
    SelfAttention,
    spectral_conv,
)
from monalive_distill.generator.primitives import clamp_to_unit
from monalive_distill.generator.splat import DRAWING_CHANNELS

CHANGE_AT_START = 0.05  # the most that a fresh generator can change of the moved photo's colours


class AdaINGenerator(nn.Module):
    """Down blocks with plain instance norm, then residual and up blocks with AdaIN, tanh.

    Args:
        moved_photo: it also sees a photo moved to the wanted pose, once more at full size before its last layer, and
            gives what to add to that photo. (Painting all and blending by a mask learns nothing in a short training:
            the mask closes over a painting that begins as noise.) Without, it is the paper's.
        size: side of the pictures.
        down: outputs of the halving blocks.
        residual_blocks: how many blocks work at the lowest resolution.
        up: outputs of the doubling blocks, as many as halving ones.
        attention_down, attention_up: sides of the feature maps that get self-attention on the way down and up.
    """

    def __init__(
        self,
        moved_photo: bool,
        size: int,
        down: Sequence[int],
        residual_blocks: int,
        up: Sequence[int],
        attention_down: int,
        attention_up: int,
    ) -> None:
        super().__init__()
        lowest = size // 2 ** len(down)
        if len(up) != len(down) or size % 2 ** len(down) or lowest < 2:
            raise ValueError(f"{len(down)} halvings and {len(up)} doublings do not fit pictures of {size} pixels")
        inputs = DRAWING_CHANNELS + (3 if moved_photo else 0)
        self.down = nn.ModuleList(
            DownBlock(above, below, normalised=True, first=number == 0)
            for number, (above, below) in enumerate(zip([inputs, *down[:-1]], down, strict=True))
        )
        self.residual = nn.ModuleList(AdaptiveBlock(down[-1], down[-1], grow=False) for _ in range(residual_blocks))
        self.up = nn.ModuleList(
            AdaptiveBlock(below, above, grow=True) for below, above in zip([down[-1], *up[:-1]], up, strict=True)
        )
        self.norm = AdaptiveInstanceNorm(up[-1])
        self.head = spectral_conv(up[-1], 3, 3)
        if moved_photo:
            self.detail = spectral_conv(inputs, up[-1], 3)
            self.change = nn.Parameter(torch.full((3, 1, 1), CHANGE_AT_START))
        self.attention_down_after = [size // 2 ** (n + 1) for n in range(len(down))].index(attention_down)
        self.attention_down = SelfAttention(down[self.attention_down_after])
        self.attention_up_after = [lowest * 2 ** (n + 1) for n in range(len(up))].index(attention_up)
        self.attention_up = SelfAttention(up[self.attention_up_after])
        # Parameters of each AdaIN layer in the order in which `forward` meets them.
        blocks: list[AdaptiveBlock] = [*self.residual, *self.up]
        norms = [norm for block in blocks for norm in (block.norm1, block.norm2)] + [self.norm]
        self.slices = tuple(2 * norm.channels for norm in norms)

    @property
    def adain_parameters(self) -> int:
        """How many numbers steer the generator."""
        return sum(self.slices)

    def forward(self, drawings: torch.Tensor, moved: torch.Tensor | None, parameters: torch.Tensor) -> torch.Tensor:
        """The picture (N, 3, size, size) float32 in [0, 1].

        Args:
            drawings: (N, DRAWING_CHANNELS, size, size) of the wanted landmarks.
            moved: (N, 3, size, size) in [0, 1], the moved photo; None without that input.
            parameters: (N or 1, adain_parameters): one slice per AdaIN layer in the order residual blocks, up blocks,
                last norm; in each slice the gains less 1, then the biases.
        """
        each = iter(parameters.split(self.slices, 1))
        seen = x = drawings if moved is None else torch.cat((drawings, moved * 2 - 1), 1)
        for number, block in enumerate(self.down):
            x = block(x)
            if number == self.attention_down_after:
                x = self.attention_down(x)
        for block in self.residual:
            x = block(x, each)
        for number, block in enumerate(self.up):
            x = block(x, each)
            if number == self.attention_up_after:
                x = self.attention_up(x)
        if moved is not None:
            x = x + self.detail(seen)
        painted = torch.tanh(self.head(F.relu(self.norm(x, next(each)))).float())
        return painted * 0.5 + 0.5 if moved is None else clamp_to_unit(moved + self.change * painted)
