"""Picture to faces: one map of 16 x 16 places, each saying whether a face's centre is there and how it lies.

Zhou, Wang, Krähenbühl, *Objects as Points*, 2019 (arXiv 1904.07850), with coarser maps added in (a face that fills the
picture is only seen from there) and the face's roll as a direction.
"""

from __future__ import annotations

import torch
from torch import nn

from monalive_distill.generator.layers import ConvBlock, ResidualBlock, upsample

INPUT_SIZE = 128
GRID = 16
CHANNELS = (12, 24, 48, 64, 96)  # at a half, a quarter, ... a 32nd of the input
JOINED = 32
# Of each place: score as a logit; centre less the place's own centre and natural logarithm of the face's side, both in
# units of the picture's side; cosine and sine of its roll (not normalised).
OUTPUTS = 6


class DetectorNetwork(nn.Module):
    """(N, 3, 128, 128) RGB in [0, 1] to (N, 6, 16, 16): see `OUTPUTS`."""

    def __init__(self) -> None:
        super().__init__()
        half, quarter, eighth, coarse, coarsest = CHANNELS
        self.fine = nn.Sequential(ConvBlock(3, half, 2), ConvBlock(half, quarter, 2), ConvBlock(quarter, eighth, 2))
        self.coarse = nn.Sequential(ConvBlock(eighth, coarse, 2), ResidualBlock(coarse))
        self.coarsest = nn.Sequential(ConvBlock(coarse, coarsest, 2), ResidualBlock(coarsest))
        self.join = nn.ModuleList(nn.Conv2d(channels, JOINED, 1) for channels in (eighth, coarse, coarsest))
        self.mix = ConvBlock(JOINED, JOINED)
        self.head = nn.Conv2d(JOINED, OUTPUTS, 1)
        start = torch.tensor([-4.0, 0.0, 0.0, -1.0, 1.0, 0.0])  # no face; if one, a third of the picture and upright
        self.head.bias = nn.Parameter(start)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        answers: torch.Tensor = self.head(self.places(pictures))
        return answers.float()

    def places(self, pictures: torch.Tensor) -> torch.Tensor:
        """What the last layer reads its answers from: (N, 32, 16, 16)."""
        fine = self.fine(pictures)  # 16 x 16
        coarse = self.coarse(fine)  # 8 x 8
        coarsest = self.coarsest(coarse)  # 4 x 4
        joined = self.join[1](coarse) + upsample(self.join[2](coarsest))
        joined = torch.relu(self.join[0](fine) + upsample(joined))
        mixed: torch.Tensor = self.mix(joined)
        return mixed
