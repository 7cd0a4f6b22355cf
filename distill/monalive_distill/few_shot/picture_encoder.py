"""Pictures with their landmark drawings to vectors: what embedder and discriminator have in common (3.3)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from monalive_distill.few_shot.residual_blocks import DownBlock, SelfAttention
from monalive_distill.generator.splat import DRAWING_CHANNELS


class PictureEncoder(nn.Module):
    """Halving residual blocks without norm down to 4 x 4, self-attention at one resolution on the way.

    Args:
        size: side of the pictures.
        channels: outputs of the blocks; size / 2 ** len(channels) must be 4.
        attention: side of the feature map that gets self-attention.
    """

    def __init__(self, size: int, channels: Sequence[int], attention: int) -> None:
        super().__init__()
        if size != 4 * 2 ** len(channels):
            raise ValueError(f"{len(channels)} halvings do not bring {size} pixels to 4")
        inputs = [3 + DRAWING_CHANNELS, *channels[:-1]]
        self.blocks = nn.ModuleList(
            DownBlock(above, below, normalised=False, first=number == 0)
            for number, (above, below) in enumerate(zip(inputs, channels, strict=True))
        )
        sides = [size // 2 ** (number + 1) for number in range(len(channels))]
        self.attention_after = sides.index(attention)
        self.attention = SelfAttention(channels[self.attention_after])

    def forward(self, pictures: torch.Tensor, drawings: torch.Tensor) -> list[torch.Tensor]:
        """The features after every block, fine to coarse; the last is (N, channels[-1], 4, 4).

        Args:
            pictures: (N, 3, size, size) in [0, 1].
            drawings: (N, DRAWING_CHANNELS, size, size).
        """
        x = torch.cat((pictures * 2 - 1, drawings), 1)
        features = []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number == self.attention_after:
                x = self.attention(x)
            features.append(x)
        return features


def pooled(features: torch.Tensor) -> torch.Tensor:
    """(N, C, H, W) to (N, C): ReLU, then the sum over all places, in float32."""
    return F.relu(features).float().sum((2, 3))
