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


class AdaINGenerator(nn.Module):
    """Down blocks with plain instance norm, then residual and up blocks with AdaIN, tanh.

    Args:
        inputs: channels of the pose input.
        size: side of the pictures.
        down: outputs of the halving blocks.
        residual_blocks: how many blocks work at the lowest resolution.
        up: outputs of the doubling blocks, as many as halving ones.
        attention_down, attention_up: sides of the feature maps that get self-attention on the way down and up.
    """

    def __init__(
        self,
        inputs: int,
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
        self.attention_down_after = [size // 2 ** (n + 1) for n in range(len(down))].index(attention_down)
        self.attention_down = SelfAttention(down[self.attention_down_after])
        self.attention_up_after = [lowest * 2 ** (n + 1) for n in range(len(up))].index(attention_up)
        self.attention_up = SelfAttention(up[self.attention_up_after])
        # Parameters of each AdaIN layer in the order in which `forward` meets them.
        blocks: list[AdaptiveBlock] = [*self.residual, *self.up]  # type: ignore[list-item]
        norms = [norm for block in blocks for norm in (block.norm1, block.norm2)] + [self.norm]
        self.slices = tuple(2 * norm.channels for norm in norms)

    @property
    def adain_parameters(self) -> int:
        """How many numbers steer the generator."""
        return sum(self.slices)

    def forward(self, pose: torch.Tensor, parameters: torch.Tensor) -> torch.Tensor:
        """The picture (N, 3, size, size) float32 in [0, 1].

        Args:
            pose: (N, inputs, size, size), see `pose_input`.
            parameters: (N or 1, adain_parameters): one slice per AdaIN layer in the order residual blocks, up blocks,
                last norm; in each slice the gains less 1, then the biases.
        """
        each = iter(parameters.split(self.slices, 1))
        x = pose
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
        x = self.head(F.relu(self.norm(x, next(each))))
        return torch.tanh(x.float()) * 0.5 + 0.5
