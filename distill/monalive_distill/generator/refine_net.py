"""The refinement network: paints what the photo does not show, and says where the photo's own pixels serve better."""

from __future__ import annotations

import torch
from torch import nn

from monalive_distill.generator.appearance_encoder import AppearanceEncoder, AppearanceFeatures
from monalive_distill.generator.layers import ConvBlock, ResidualBlock, upsample
from monalive_distill.generator.splat import DRAWING_CHANNELS

# What the head makes of every cell of 2 x 2 pixels: a painting's colours, the mask, the confidence.
CELLS = (4 * 3, 4, 4)


class RefineNet(nn.Module):
    """A U-Net over the moved features of a photo, the photo at half its size among them, and the drawing of the wanted
    pose.

    It runs at half the resolution and below; the head gives four pixels of the full one at each place. The moved photo
    itself is none of its business: sharpness comes from the photo's own pixels, moved at whatever resolution they have.
    """

    def __init__(self, channels: tuple[int, int, int], painting: tuple[int, int]) -> None:
        super().__init__()
        quarter, eighth, sixteenth = channels
        up_quarter, up_half = painting
        half = AppearanceEncoder.HALF + DRAWING_CHANNELS
        self.down_quarter = ConvBlock(half, quarter, stride=2)
        self.at_quarter = ConvBlock(quarter + AppearanceEncoder.QUARTER, quarter)
        self.down_eighth = ConvBlock(quarter, eighth, stride=2)
        self.at_eighth = nn.Sequential(ConvBlock(eighth + AppearanceEncoder.EIGHTH, eighth), ResidualBlock(eighth))
        self.down_sixteenth = ConvBlock(eighth, sixteenth, stride=2)
        self.middle = ResidualBlock(sixteenth)
        self.up_eighth = ConvBlock(sixteenth + eighth, eighth)
        self.up_quarter = ConvBlock(eighth + quarter, up_quarter)
        self.up_half = ConvBlock(up_quarter + half, up_half)
        self.head = nn.Conv2d(up_half, sum(CELLS), 3, 1, 1)
        assert self.head.bias is not None
        self.head.bias.data = torch.tensor([0.0] * 12 + [2.0] * 4 + [0.0] * 4)  # start from the moved photo

    @staticmethod
    def style_channels(channels: tuple[int, int, int]) -> int:
        """How many numbers of `AppearanceFeatures.style` this network consumes: a gain and a shift per channel."""
        return 2 * channels[2]

    def forward(
        self, features: AppearanceFeatures, drawing: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The painted picture, the mask and the confidence.

        Args:
            features: the photo's, moved to the wanted pose.
            drawing: (N, 11, H / 2, H / 2) landmark drawing of that pose.

        Returns:
            painted (N, 3, H, H) in [0, 1]; mask (N, 1, H, H) in [0, 1], 1 keeps the moved photo; confidence
            (N, 1, H, H), any number, compared with that of other photos of the person (`several_photos.blend`).
        """
        painted, mask, confidence = (from_cells(part) for part in self.cells(features, drawing))
        return torch.sigmoid(painted), torch.sigmoid(mask), confidence

    def cells(self, features: AppearanceFeatures, drawing: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """What `forward` gives, before the sigmoid and in cells of 2 x 2 pixels: (N, 4 n, H / 2, H / 2) each, channels
        in the order (row, column, output)."""
        half = torch.cat((features.half, drawing), 1)
        quarter = self.at_quarter(torch.cat((self.down_quarter(half), features.quarter), 1))
        eighth = self.at_eighth(torch.cat((self.down_eighth(quarter), features.eighth), 1))
        bottom = self.down_sixteenth(eighth)
        gain, shift = features.style.chunk(2, 1)
        x = self.middle(bottom * (1 + gain) + shift)
        x = self.up_eighth(torch.cat((upsample(x), eighth), 1))
        x = self.up_quarter(torch.cat((upsample(x), quarter), 1))
        x = self.up_half(torch.cat((upsample(x), half), 1))
        outputs: tuple[torch.Tensor, ...] = self.head(x).split(CELLS, 1)
        return outputs


def from_cells(x: torch.Tensor) -> torch.Tensor:
    """(N, 4 n, h, w), as `RefineNet.cells` gives them, to pixels (N, n, 2 h, 2 w)."""
    if x.shape[0] == 1:  # rank 4 at most, as phones want it
        _, channels, height, width = x.shape
        rows = x.permute(0, 2, 3, 1).reshape(height, width, 2, channels // 2).permute(0, 2, 1, 3)
        return rows.reshape(1, 2 * height, 2 * width, channels // 4).permute(0, 3, 1, 2)
    cells = x.unflatten(1, (2, 2, -1))  # (N, row, column, n, h, w)
    pixels: torch.Tensor = cells.permute(0, 3, 4, 1, 5, 2).flatten(4, 5).flatten(2, 3)
    return pixels
