"""The appearance encoder: everything about the photo that the refinement can use, computed once per person."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from monalive_distill.generator.layers import ConvBlock, ResidualBlock, upsample
from monalive_distill.generator.splat import DRAWING_CHANNELS

# The photo among the features reaches from -4 to 4, about as far as those that are learned: they share one scale where
# they are rounded to bytes.
_PHOTO_SCALE = 8.0


class AppearanceFeatures(NamedTuple):
    half: torch.Tensor  # (N, 16, H / 2, H / 2): the photo itself, (RGB - 0.5) * 8, and what was learned
    quarter: torch.Tensor  # (N, 24, H / 4, H / 4)
    eighth: torch.Tensor  # (N, 48, H / 8, H / 8)
    style: torch.Tensor  # (N, style_channels, 1, 1): not tied to a place


class AppearanceEncoder(nn.Module):
    """A feature pyramid over the photo and its landmark drawing."""

    HALF, QUARTER, EIGHTH = 16, 24, 48

    def __init__(self, channels: tuple[int, int, int, int], style_channels: int) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth = channels
        self.stem = ConvBlock(3, half, stride=2)
        self.at_half = ConvBlock(half + DRAWING_CHANNELS, half)
        self.at_quarter = nn.Sequential(ConvBlock(half, quarter, stride=2), ConvBlock(quarter, quarter))
        self.at_eighth = nn.Sequential(ConvBlock(quarter, eighth, stride=2), ResidualBlock(eighth))
        self.at_sixteenth = nn.Sequential(ConvBlock(eighth, sixteenth, stride=2), ResidualBlock(sixteenth))
        self.style = nn.Conv2d(sixteenth, style_channels, 1)
        self.up_eighth = ConvBlock(sixteenth + eighth, eighth)
        self.up_quarter = ConvBlock(eighth + quarter, quarter)
        self.out_eighth = nn.Conv2d(eighth, self.EIGHTH, 1)
        self.out_quarter = nn.Conv2d(quarter, self.QUARTER, 1)
        self.out_half = nn.Conv2d(half + quarter, self.HALF - 3, 1)
        nn.init.zeros_(self.style.weight)
        assert self.style.bias is not None
        nn.init.zeros_(self.style.bias)

    def forward(self, photo: torch.Tensor, drawing: torch.Tensor) -> AppearanceFeatures:
        """photo (N, 3, H, H) in [0, 1], drawing (N, 11, H / 2, H / 2)."""
        half = self.at_half(torch.cat((self.stem(photo), drawing), 1))
        quarter = self.at_quarter(half)
        eighth = self.at_eighth(quarter)
        sixteenth = self.at_sixteenth(eighth)
        style = self.style(sixteenth.mean((2, 3), keepdim=True))
        eighth = self.up_eighth(torch.cat((upsample(sixteenth), eighth), 1))
        quarter = self.up_quarter(torch.cat((upsample(eighth), quarter), 1))
        half = self.out_half(torch.cat((upsample(quarter), half), 1))
        half = torch.cat(((F.avg_pool2d(photo, 2) - 0.5) * _PHOTO_SCALE, half), 1)
        return AppearanceFeatures(half, self.out_quarter(quarter), self.out_eighth(eighth), style)
