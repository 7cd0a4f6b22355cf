"""What lies behind the lips: upper teeth that move with the skull, lower ones with the jaw, and the dark between.

Both rows are painted once per photo, as the photo's own pose shows them or would; a frame only shifts them. So teeth
keep their size and place whatever the lips do.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from monalive_distill.generator.layers import ConvBlock
from monalive_distill.generator.refine_net import from_cells
from monalive_distill.generator.splat import take
from monalive_distill.regions.drawing import NOSE_WINGS, read_at

CHIN = (148, 152, 377, 176, 400, 175, 199)
_CHANNELS = 24


class InnerTextures(NamedTuple):
    """Painted once per photo; colours normalised as the photo's crop is."""

    upper: torch.Tensor  # (N, 4, H, W): RGB and how much of it there is, a logit
    lower: torch.Tensor
    dark: torch.Tensor  # (N, 3, 1, 1)


class InnerMouth(nn.Module):
    """Paints the textures from a photo's features (channels at a half, a quarter, an eighth) and its style."""

    def __init__(self, features: tuple[int, int, int], style: int) -> None:
        super().__init__()
        half, quarter, eighth = features
        self.at_eighth = ConvBlock(eighth + style, eighth)
        self.at_quarter = ConvBlock(eighth + quarter, quarter)
        self.at_half = ConvBlock(quarter + half, _CHANNELS)
        self.head = nn.Conv2d(_CHANNELS, 4 * 8, 3, 1, 1)
        self.dark = nn.Conv2d(style, 3, 1)

    def forward(
        self, half: torch.Tensor, quarter: torch.Tensor, eighth: torch.Tensor, style: torch.Tensor
    ) -> InnerTextures:
        """Features as `PhotoEncoder` gives them."""
        x = self.at_eighth(torch.cat((eighth, everywhere(style, eighth)), 1))
        x = self.at_quarter(torch.cat((F.interpolate(x, scale_factor=2, mode="nearest"), quarter), 1))
        x = self.at_half(torch.cat((F.interpolate(x, scale_factor=2, mode="nearest"), half), 1))
        upper, lower = self.head(x).float().chunk(2, 1)
        return InnerTextures(
            from_cells(upper), from_cells(lower), self.dark(style).float() - 1.5
        )  # darker than the mean of skin


def place(textures: InnerTextures, upper: torch.Tensor, lower: torch.Tensor) -> torch.Tensor:
    """The inside of the mouth (N, 3, H, W) in a frame.

    Args:
        textures: the photo's.
        upper, lower: (N, 2) how far skull and jaw have moved in the crop, pixels.
    """
    picture = textures.dark
    for texture, shift in ((textures.lower, lower), (textures.upper, upper)):
        moved = read_at(texture, everywhere(-shift.unsqueeze(-1).unsqueeze(-1), texture))
        picture = picture + torch.sigmoid(moved[:, 3:]) * (moved[:, :3] - picture)
    return picture


def everywhere(values: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """(N, C, 1, 1) at every place of `like` (N, at least C, H, W). A sum, since GPU delegates refuse to expand."""
    return like[:, : values.shape[1]] * 0.0 + values


def shifts(source: torch.Tensor, target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """How far skull and jaw (N, 2) move in the crop, from landmarks (N, 478, 2) in its pixels."""
    upper, lower = (take(target, points).mean(1) - take(source, points).mean(1) for points in (NOSE_WINGS, CHIN))
    return upper, lower
