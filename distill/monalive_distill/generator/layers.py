"""Convolutional building blocks. BatchNorm and ReLU only: both fold into the convolution on a phone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from monalive_distill.generator.warp import resize


class ConvBlock(nn.Sequential):
    """3x3 convolution, BatchNorm, ReLU: (N, inputs, H, W) -> (N, outputs, H / stride, W / stride)."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions around a skip; keeps shape."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = ConvBlock(channels, channels)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x + self.second(self.first(x)))


def upsample(x: torch.Tensor) -> torch.Tensor:
    """Doubles height and width, bilinearly."""
    return resize(x, x.shape[-1] * 2)


class UNet(nn.Module):
    """A plain U-Net: (N, inputs, H, H) -> (N, outputs, H, H), one level per entry of `channels`."""

    def __init__(self, inputs: int, channels: Sequence[int], outputs: int) -> None:
        super().__init__()
        pairs = list(pairwise(channels))
        self.stem = ConvBlock(inputs, channels[0])
        self.down = nn.ModuleList(ConvBlock(above, below, stride=2) for above, below in pairs)
        self.middle = ResidualBlock(channels[-1])
        self.up = nn.ModuleList(ConvBlock(below + above, above) for above, below in reversed(pairs))
        self.head = nn.Conv2d(channels[0], outputs, 3, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        levels = [self.stem(x)]
        for down in self.down:
            levels.append(down(levels[-1]))
        x = self.middle(levels.pop())
        for up in self.up:
            x = up(torch.cat((upsample(x), levels.pop()), 1))
        out: torch.Tensor = self.head(x)
        return out
