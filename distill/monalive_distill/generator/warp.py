"""Backward warping of pictures and feature maps by a dense optical flow."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from monalive_distill.generator.primitives import primitives


def pixel_centres(size: int, device: torch.device) -> torch.Tensor:
    """(size,) unit coordinates of a row's pixel centres."""
    return (torch.arange(size, device=device, dtype=torch.float32) + 0.5) / size


def resize(x: torch.Tensor, size: int) -> torch.Tensor:
    """(N, C, h, w) to (N, C, size, size), bilinear with half-pixel centres; a no-op at the same size."""
    if x.shape[-1] == size:
        return x
    if x.shape[-1] < size:
        return primitives().enlarge(x, size)
    return F.interpolate(x, size=(size, size), mode="bilinear", align_corners=False)


def planes(x: torch.Tensor) -> torch.Tensor:
    """(N, C, H, W) to (N, C, H * W): every channel's values side by side.

    Converters for phones lay pictures out channels last, where multiplying two channels by a third goes pixel by pixel;
    what is not shaped like a picture stays as it is and is multiplied plane by plane.
    """
    return x.flatten(2)


def warp(image: torch.Tensor, flow: torch.Tensor) -> torch.Tensor:
    """Reads `image` where `flow` points to.

    Args:
        image: (N, C, H, H) float.
        flow: (N, 2, h, h) float, channels (x, y): source position minus target position, in units of the picture's
            side. Resampled bilinearly to H when h differs.

    Returns:
        (N, C, H, H); positions outside the picture repeat its border.
    """
    size = image.shape[-1]
    flow = resize(flow, size)
    centres = pixel_centres(size, image.device)
    x = flow[:, 0] + centres.view(1, 1, size)  # (N, H, H)
    y = flow[:, 1] + centres.view(1, size, 1)
    return primitives().sample(image, x, y)


class FeatureWarp(nn.Module):
    """`warp` of appearance features, a module so that exporters can tell it from that of the photo."""

    def forward(self, image: torch.Tensor, flow: torch.Tensor) -> torch.Tensor:
        """See `warp`."""
        return warp(image, flow)
