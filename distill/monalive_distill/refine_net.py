"""The refinement network: paints what the photo does not show, and says where the photo's own pixels serve better."""

from __future__ import annotations

import torch
from torch import nn

from monalive_distill.appearance_encoder import AppearanceEncoder, AppearanceFeatures
from monalive_distill.layers import ConvBlock, ResidualBlock, upsample
from monalive_distill.splat import DRAWING_CHANNELS


class RefineNet(nn.Module):
    """A U-Net over the warped photo, its warped features and the drawing of the wanted pose.

    The full resolution is touched only by the first and the last layers: sharpness comes from the photo's own pixels.
    """

    def __init__(self, channels: tuple[int, int, int, int], head_channels: int) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth = channels
        self.stem = ConvBlock(3, half, stride=2)
        self.at_half = ConvBlock(half + AppearanceEncoder.HALF + DRAWING_CHANNELS, half)
        self.down_quarter = ConvBlock(half, quarter, stride=2)
        self.at_quarter = ConvBlock(quarter + AppearanceEncoder.QUARTER, quarter)
        self.down_eighth = ConvBlock(quarter, eighth, stride=2)
        self.at_eighth = nn.Sequential(ConvBlock(eighth + AppearanceEncoder.EIGHTH, eighth), ResidualBlock(eighth))
        self.down_sixteenth = ConvBlock(eighth, sixteenth, stride=2)
        self.middle = ResidualBlock(sixteenth)
        self.up_eighth = ConvBlock(sixteenth + eighth, eighth)
        self.up_quarter = ConvBlock(eighth + quarter, quarter)
        self.up_half = ConvBlock(quarter + half, half)
        self.up_full = ConvBlock(half + 3, head_channels)
        self.head = nn.Conv2d(head_channels, 5, 3, 1, 1)
        assert self.head.bias is not None
        self.head.bias.data = torch.tensor([0.0, 0.0, 0.0, 2.0, 0.0])  # start from the warped photo

    @staticmethod
    def style_channels(channels: tuple[int, int, int, int]) -> int:
        """How many numbers of `AppearanceFeatures.style` this network consumes: a gain and a shift per channel."""
        return 2 * channels[3]

    def forward(
        self, warped: torch.Tensor, features: AppearanceFeatures, drawing: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The painted picture, the mask and the confidence.

        Args:
            warped: (N, 3, H, H) the warped photo, [0, 1].
            features: the photo's, warped alike.
            drawing: (N, 11, H / 2, H / 2) landmark drawing of the wanted pose.

        Returns:
            painted (N, 3, H, H) in [0, 1]; mask (N, 1, H, H) in [0, 1], 1 keeps the warped photo; confidence
            (N, 1, H, H), any number, compared with that of other photos of the person (`several_photos.blend`).
        """
        x = self.at_half_size(self.stem(warped), features, drawing)
        x = self.head(self.up_full(torch.cat((upsample(x), warped), 1)))
        return torch.sigmoid(x[:, 0:3]), torch.sigmoid(x[:, 3:4]), x[:, 4:5]

    def at_half_size(self, stem: torch.Tensor, features: AppearanceFeatures, drawing: torch.Tensor) -> torch.Tensor:
        """Everything between the first layer and the last two: from `stem` of the warped photo on, at half its size."""
        half = self.at_half(torch.cat((stem, features.half, drawing), 1))
        quarter = self.at_quarter(torch.cat((self.down_quarter(half), features.quarter), 1))
        eighth = self.at_eighth(torch.cat((self.down_eighth(quarter), features.eighth), 1))
        bottom = self.down_sixteenth(eighth)
        gain, shift = features.style.chunk(2, 1)
        x = self.middle(bottom * (1 + gain) + shift)
        x = self.up_eighth(torch.cat((upsample(x), eighth), 1))
        x = self.up_quarter(torch.cat((upsample(x), quarter), 1))
        return self.up_half(torch.cat((upsample(x), half), 1))
