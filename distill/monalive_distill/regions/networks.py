"""The networks of eyes and mouth: what `enroll` computes of a photo's crop once, and what is painted per frame.

3x3 convolutions, BatchNorm, ReLU and nearest enlargement only; everything but the drawings is at half the crop's size
or below, the head gives four pixels at each place.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from monalive_distill.generator.layers import ConvBlock, ResidualBlock
from monalive_distill.generator.refine_net import from_cells
from monalive_distill.regions.drawing import read_at
from monalive_distill.regions.inner_mouth import InnerMouth, InnerTextures, place

COLOURS, MASK, INSIDE, FLOW = 3, 1, 1, 2
# The photo keeps its pixels at the start of training, and the flow its direction.
_MASK_START = 1.5
_FLOW_SCALE = 2.0  # pixels
LEAST_CONTRAST = 0.04


class RegionSizes(NamedTuple):
    """Channels of the networks of one region."""

    drawing: int  # maps of a drawing
    encoder: tuple[int, int, int]  # photo features at a half, a quarter, an eighth
    painter: tuple[int, int, int]  # at a half, a quarter, an eighth
    up: tuple[int, int]  # on the way up, at a quarter, a half
    style: int
    inside: bool = False  # whether there is something behind, see `InnerMouth`


EYE_SIZES = RegionSizes(5, (16, 32, 48), (28, 64, 112), (56, 36), 32)
MOUTH_SIZES = RegionSizes(4, (16, 40, 72), (28, 64, 128), (64, 40), 48, inside=True)


class EnrolledRegion(NamedTuple):
    """What `enroll` computes once of a photo's crop."""

    photo: torch.Tensor  # (N, 3, H, W), see `mean`
    mean: torch.Tensor  # (N, 3, 1, 1): photo = (RGB - mean) / contrast
    contrast: torch.Tensor  # (N, 1, 1, 1)
    half: torch.Tensor  # (N, c, H / 2, W / 2)
    quarter: torch.Tensor
    eighth: torch.Tensor
    style: torch.Tensor  # (N, style, 1, 1)
    inside: InnerTextures | None  # what lies behind the lips


class PaintedRegion(NamedTuple):
    """A frame's region."""

    image: torch.Tensor  # (N, 3, H, W) in about [0, 1]
    moved: torch.Tensor  # (N, 3, H, W): the photo's pixels, along the flow as corrected
    painted: torch.Tensor  # (N, 3, H, W)
    mask: torch.Tensor  # (N, 1, H, W) in [0, 1]; 1: the photo's pixels
    inside: torch.Tensor | None  # (N, 3, H, W): what lies behind the lips, a part of `painted` already
    correction: torch.Tensor  # (N, 2, H, W) pixels, added to the flow


class PhotoEncoder(nn.Module):
    """Features of a photo's crop, once per photo."""

    def __init__(self, sizes: RegionSizes) -> None:
        super().__init__()
        half, quarter, eighth = sizes.encoder
        self.to_half = nn.Sequential(ConvBlock(3 + sizes.drawing, half, 2), ConvBlock(half, half))
        self.to_quarter = nn.Sequential(ConvBlock(half, quarter, 2), ConvBlock(quarter, quarter))
        self.to_eighth = nn.Sequential(ConvBlock(quarter, eighth, 2), ResidualBlock(eighth))
        # What the mean and contrast were is not in the pixels any more.
        self.style = nn.Sequential(
            nn.Conv2d(2 * eighth + 4, 64, 1), nn.ReLU(inplace=True), nn.Conv2d(64, sizes.style, 1)
        )

    def forward(
        self, photo: torch.Tensor, drawing: torch.Tensor, colours: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """photo (N, 3, H, W) normalised, drawing (N, d, H, W), colours (N, 4, 1, 1): its mean and contrast."""
        half = self.to_half(torch.cat((photo, drawing), 1))
        quarter = self.to_quarter(half)
        eighth = self.to_eighth(quarter)
        summary = torch.cat((eighth.mean((2, 3), keepdim=True), eighth.amax((2, 3), keepdim=True), colours), 1)
        return half, quarter, eighth, self.style(summary)


class Painter(nn.Module):
    """What is painted per frame: a U-Net from half the crop's size down to an eighth."""

    def __init__(self, sizes: RegionSizes) -> None:
        super().__init__()
        half, quarter, eighth = sizes.painter
        up_quarter, up_half = sizes.up
        # What the head makes of every cell of 2 x 2 pixels.
        self._parts = [4 * channels for channels in (COLOURS, MASK, FLOW, *[INSIDE] * sizes.inside)]
        of_half, of_quarter, of_eighth = sizes.encoder
        self.stem = ConvBlock(3 + 3 + 2 + 2 * sizes.drawing + 3 * sizes.inside, half, 2)
        self.at_half = ConvBlock(half + of_half, half)
        self.down_quarter = ConvBlock(half, quarter, 2)
        self.at_quarter = ConvBlock(quarter + of_quarter, quarter)
        self.down_eighth = ConvBlock(quarter, eighth, 2)
        self.at_eighth = ConvBlock(eighth + of_eighth, eighth)
        self.middle = ResidualBlock(eighth)
        self.up_quarter = ConvBlock(eighth + quarter, up_quarter)
        self.up_half = ConvBlock(up_quarter + half, up_half)
        self.gains = nn.Conv2d(sizes.style, 2 * (eighth + up_quarter), 1)
        self.head = nn.Conv2d(up_half, sum(self._parts), 3, 1, 1)
        self._split = (eighth, eighth, up_quarter, up_quarter)
        nn.init.zeros_(self.gains.weight)
        assert self.gains.bias is not None and self.head.bias is not None
        nn.init.zeros_(self.gains.bias)
        with torch.no_grad():
            self.head.weight[4 * (COLOURS + MASK) : 4 * (COLOURS + MASK + FLOW)] *= 0.1
            self.head.bias.zero_()
            self.head.bias[4 * COLOURS : 4 * (COLOURS + MASK)] = _MASK_START

    def forward(
        self,
        moved: torch.Tensor,
        flow: torch.Tensor,
        drawings: torch.Tensor,
        enrolled: EnrolledRegion,
        inside: torch.Tensor | None,
    ) -> tuple[torch.Tensor, ...]:
        """Colours (N, 3, H, W) normalised, mask logits (N, 1, H, W), correction of the flow (N, 2, H, W) in pixels, and
        where there is an inside the logits of its mask."""
        colours, mask, correction, *behind = self.cells(moved, flow, drawings, enrolled, inside)
        # A flow of its own for each pixel of a cell would read the photo in a grid's pattern.
        smooth = F.interpolate(_cell_mean(correction), size=flow.shape[-2:], mode="bilinear", align_corners=False)
        return from_cells(colours), from_cells(mask), smooth * _FLOW_SCALE, *map(from_cells, behind)

    def cells(
        self,
        moved: torch.Tensor,
        flow: torch.Tensor,
        drawings: torch.Tensor,
        enrolled: EnrolledRegion,
        inside: torch.Tensor | None,
    ) -> tuple[torch.Tensor, ...]:
        """What `forward` gives, the correction in units of two pixels, in cells of 2 x 2 pixels: (N, 4 n, H / 2, W / 2)
        each, channels in the order (row, column, output)."""
        seen = [moved, enrolled.photo, flow * (1 / 8), drawings]
        x = torch.cat(seen if inside is None else [*seen, inside], 1)
        half = self.at_half(torch.cat((self.stem(x), enrolled.half), 1))
        quarter = self.at_quarter(torch.cat((self.down_quarter(half), enrolled.quarter), 1))
        eighth = self.at_eighth(torch.cat((self.down_eighth(quarter), enrolled.eighth), 1))
        gain_low, shift_low, gain_up, shift_up = self.gains(enrolled.style).split(self._split, 1)
        y = self.middle(eighth * (1 + gain_low) + shift_low)
        y = self.up_quarter(torch.cat((_twice(y), quarter), 1))
        y = self.up_half(torch.cat((_twice(y * (1 + gain_up) + shift_up), half), 1))
        cells: tuple[torch.Tensor, ...] = self.head(y).split(self._parts, 1)
        return cells


class RegionNetwork(nn.Module):
    """One photo's crop and a drawing in, the crop with that eye or mouth out.

    Pictures are (N, 3, H, W) RGB in [0, 1], H and W multiples of 8.
    """

    def __init__(self, sizes: RegionSizes) -> None:
        super().__init__()
        self.encoder = PhotoEncoder(sizes)
        self.painter = Painter(sizes)
        self.inner = InnerMouth(sizes.encoder, sizes.style) if sizes.inside else None
        self.autocast_dtype: torch.dtype | None = None

    def enroll(self, photo: torch.Tensor, drawing: torch.Tensor) -> EnrolledRegion:
        """Everything that depends on the photo alone: its crop and the drawing of its landmarks."""
        mean = photo.mean((2, 3), keepdim=True)
        contrast = (photo - mean).square().mean((1, 2, 3), keepdim=True).sqrt() + LEAST_CONTRAST
        normal = (photo - mean) / contrast
        colours = torch.cat((mean, contrast), 1)
        with self._precision(photo):
            half, quarter, eighth, style = self.encoder(_last(normal), _last(drawing), colours)
            inside = self.inner(half, quarter, eighth, style) if self.inner else None
        return EnrolledRegion(normal, mean, contrast, half, quarter, eighth, style, inside)

    def animate(
        self,
        enrolled: EnrolledRegion,
        source_drawing: torch.Tensor,
        drawing: torch.Tensor,
        flow: torch.Tensor,
        shifts: tuple[torch.Tensor, torch.Tensor],
    ) -> PaintedRegion:
        """One frame.

        Args:
            enrolled: what `enroll` gave.
            source_drawing: as given to `enroll`.
            drawing: (N, d, H, W) of the landmarks wanted.
            flow: (N, 2, H, W) in pixels, where the whole picture's motion reads the photo's crop.
            shifts: (N, 2) each, how far skull and jaw move in the crop, pixels; eyes do without.
        """
        moved = read_at(enrolled.photo, flow)
        inside = place(enrolled.inside, *shifts) if enrolled.inside else None
        with self._precision(flow):
            drawings = torch.cat((source_drawing, drawing), 1)
            colours, mask, correction, *behind = self.painter(
                _last(moved), _last(flow), _last(drawings), enrolled, inside
            )
        correction, colours = correction.float(), colours.float()
        if inside is not None:
            colours = colours + torch.sigmoid(behind[0].float()) * (inside - colours)
            inside = inside * enrolled.contrast + enrolled.mean
        moved = read_at(enrolled.photo, flow + correction) * enrolled.contrast + enrolled.mean
        painted = colours * enrolled.contrast + enrolled.mean
        mask = torch.sigmoid(mask.float())
        return PaintedRegion(painted + mask * (moved - painted), moved, painted, mask, inside, correction)

    def _precision(self, like: torch.Tensor) -> AbstractContextManager[object]:
        # Not autocast switched off: exporters would lose the layers' names in it.
        return nullcontext() if self.autocast_dtype is None else torch.autocast(like.device.type, self.autocast_dtype)


def _cell_mean(cells: torch.Tensor) -> torch.Tensor:
    """The mean over each cell of 2 x 2 pixels: (N, 4 n, h, w) to (N, n, h, w)."""
    first, second, third, fourth = cells.chunk(4, 1)
    return (first + second + third + fourth) * 0.25


def _twice(x: torch.Tensor) -> torch.Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")


def _last(x: torch.Tensor) -> torch.Tensor:
    return x.contiguous(memory_format=torch.channels_last)
