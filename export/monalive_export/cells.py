"""Pictures as cells: 2 x 2 pixels side by side as channels of one place, and convolutions computed that way.

A convolution at the full resolution with few channels leaves most of a processor's multipliers idle, and what feeds it
has to be enlarged first. In cells it is a convolution at half the resolution with four times the channels. The numbers
are the same up to rounding: every kernel here is computed from the trained one, borders included.

Channels of a cell are ordered (row, column, channel).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import fuse_conv_bn_eval

_PROBE: Final = 8  # cells of the line on which taps are read off: enough to have inner ones
# What the first, the inner and the last outputs of a line are computed from: input cells (None: all), and taps of the
# kernels.
_LINE: Final = (
    (slice(0, 2), slice(1, 3)),
    (None, slice(0, 3)),
    (slice(-2, None), slice(0, 2)),
)


def to_cells(x: torch.Tensor) -> torch.Tensor:
    """(1, C, 2 h, 2 w) to (1, 4 C, h, w)."""
    _, channels, height, width = x.shape
    lines = x.permute(0, 2, 3, 1).reshape(height // 2, 2, width // 2, 2 * channels)
    return lines.permute(0, 2, 1, 3).reshape(1, height // 2, width // 2, 4 * channels).permute(0, 3, 1, 2)


def from_shifted_cells(x: torch.Tensor) -> torch.Tensor:
    """(1, 4 C, h + 1, w + 1), cells that begin one pixel outside the picture, to (1, C, 2 h, 2 w)."""
    _, channels, height, width = x.shape
    lines = x.permute(0, 2, 3, 1).reshape(height, width, 2, channels // 2).permute(0, 2, 1, 3)
    rows = lines.reshape(2 * height, 2 * width * (channels // 4))
    rows = rows[1:-1]
    picture = rows.reshape(1, 2 * height - 2, 2 * width, channels // 4)
    return picture[:, :, 1:-1].permute(0, 3, 1, 2)


class DoubledConv(nn.Module):
    """A 3 x 3 convolution of a picture doubled bilinearly beside another of full size, without doubling.

    Inner cells come from one convolution of the small picture. At the border, where doubling repeats pixels and the
    convolution pads with zeros, rows, columns and corners have convolutions of their own.

    Args:
        weight, bias: of the convolution, over the small picture's channels and then the other's.
        full: how many channels the other has.
    """

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor, full: int) -> None:
        super().__init__()
        small = weight.shape[1] - full
        doubled, cell = _doubled_taps(), _cell_taps(torch.arange(2)[:, None] + torch.arange(3) - 1)
        self.parts = nn.ModuleList()
        for row, (_, taps_down) in enumerate(_LINE):
            for column, (_, taps_across) in enumerate(_LINE):
                of_small = torch.einsum("ocst,pas,qbt->pqocab", weight[:, :small], doubled[row], doubled[column])
                of_full = torch.einsum("ocst,paus,qbvt->pqouvcab", weight[:, small:], cell, cell)
                kernel = torch.cat((of_small.flatten(0, 2), of_full.flatten(0, 2).flatten(1, 3)), 1)
                self.parts.append(_convolution(kernel[:, :, taps_down, taps_across], bias.repeat(4)))

    def forward(self, small: torch.Tensor, cells: torch.Tensor) -> torch.Tensor:
        """small (1, C, h, w) and the other picture's cells (1, 4 D, h, w) to cells (1, 4 outputs, h, w), rectified."""
        x = torch.cat((small, cells), 1)
        parts = iter(self.parts)
        rows = []
        for down, _ in _LINE:
            strip = x if down is None else x[:, :, down]
            cut = [strip if across is None else strip[:, :, :, across] for across, _ in _LINE]
            rows.append(torch.cat([torch.relu(next(parts)(part)) for part in cut], 3))
        return torch.cat(rows, 2)


def halving_conv(weight: torch.Tensor, bias: torch.Tensor) -> nn.Sequential:
    """A 3 x 3 convolution of stride 2 padded by 1, on cells: (1, 4 C, h, w) to (1, outputs, h, w)."""
    taps = _cell_taps(torch.arange(3)[None] + 1, cells=2)[0]  # (2, 2, 3): cells i - 1 and i, from pixel 2 i - 1 on
    kernel = torch.einsum("ocst,aus,bvt->ouvcab", weight, taps, taps)
    return nn.Sequential(nn.ZeroPad2d((1, 0, 1, 0)), _convolution(kernel.flatten(1, 3), bias))


def shifted_conv(weight: torch.Tensor, bias: torch.Tensor, groups: Sequence[Sequence[int]]) -> nn.Conv2d:
    """A 3 x 3 convolution padded by 1 from cells to cells that begin one pixel earlier, where 2 x 2 cells suffice.

    Args:
        weight, bias: of it.
        groups: which of its outputs come together, in this order; each may come several times.

    Returns:
        (1, 4 C, h, w) to (1, 4 n of the first group + 4 n of the second ..., h + 1, w + 1).
    """
    taps = _cell_taps(torch.arange(2)[:, None] + torch.arange(3), cells=2)  # from pixel 2 (r - 1) on
    kernels, biases = [], []
    for group in groups:
        chosen = list(group)
        kernel = torch.einsum("ocst,paus,qbvt->pqouvcab", weight[chosen], taps, taps)
        kernels.append(kernel.flatten(3, 5).flatten(0, 2))
        biases.append(bias[chosen].repeat(4))
    return _convolution(torch.cat(kernels), torch.cat(biases), padding=1)


def folded(convolution: nn.Module, norm: nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
    """Weight and bias of a convolution and the batch normalisation after it, as one convolution's."""
    assert isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
    fused = fuse_conv_bn_eval(convolution, norm)
    assert fused.bias is not None
    return fused.weight.detach(), fused.bias.detach()


def _doubled_taps() -> torch.Tensor:
    """(3, 2, 3, 3): first, inner, last place of a line doubled bilinearly; pixel; small pixel before, here, after; tap
    of a convolution padded with zeros: the share of the small pixel in what the tap reads."""
    doubled = F.interpolate(torch.eye(_PROBE).unsqueeze(1), scale_factor=2.0, mode="linear", align_corners=False)
    padded = F.pad(doubled[:, 0].T, (1, 1, 1, 1))  # (pixel + 1, small pixel + 1), zeros outside
    places = []
    for place in (0, _PROBE // 2, _PROBE - 1):
        window = padded[:, place : place + 3].T  # (3, pixels)
        places.append(torch.stack([window[:, 2 * place + pixel : 2 * place + pixel + 3] for pixel in range(2)]))
    return torch.stack(places)


def _cell_taps(first: torch.Tensor, cells: int = 3) -> torch.Tensor:
    """(pixels, cells, 2, 3): 1 where a tap reads that pixel of that cell.

    Args:
        first: (pixels, 3) which pixel each tap reads, counted from the first of the middle cell of three, or of the
            first of two.
        cells: how many are read.
    """
    start = 2 if cells == 3 else 0
    places = torch.arange(2 * cells).view(1, cells, 2, 1)
    return (places == (first + start)[:, None, None, :]).float()


def _convolution(weight: torch.Tensor, bias: torch.Tensor, padding: int = 0) -> nn.Conv2d:
    convolution = nn.Conv2d(weight.shape[1], weight.shape[0], (weight.shape[2], weight.shape[3]), padding=padding)
    convolution.weight, convolution.bias = (nn.Parameter(x.clone(), requires_grad=False) for x in (weight, bias))
    return convolution
