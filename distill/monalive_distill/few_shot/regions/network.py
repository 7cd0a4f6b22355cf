"""The expert of a region: embedder, choice among the moved photos, AdaIN generator.

What differs from the paper, and why:

- It begins with the lightweight network's results (`candidates`) and gives what to add to them, so that a fresh expert
  is as good as the lightweight network from the first step on.
- Several photos are not only averaged to a vector. Each one's moved crop is looked at, and every place takes the photo
  that serves it: attention over the photos, whose prior is how near their landmarks are to those wanted.
- It works on cells of 2 x 2 pixels, so that 64 channels begin at half the crop's size.
- Spectral norm in the embedder alone, BatchNorm where pictures come in: that learns in hours.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from monalive_distill.few_shot.picture_encoder import pooled
from monalive_distill.few_shot.regions.candidates import Candidates
from monalive_distill.few_shot.residual_blocks import AdaptiveBlock, AdaptiveInstanceNorm, DownBlock, plain_conv
from monalive_distill.generator.layers import ConvBlock
from monalive_distill.generator.refine_net import from_cells

# How much a photo loses for each pixel its landmarks are further away, in logits, at the start of training.
_NEARNESS_START = 1.0
FLOW_UNIT = 8.0  # pixels, as the networks see flows
# What a fresh head's first steps change is small: of the flows in pixels, of the colours in contrasts.
CORRECTION_UNIT, _CHANGE_UNIT = 0.5, 0.2
_CELL = 4  # pixels of a cell


class ExpertSizes(NamedTuple):
    """Channels at a half, a quarter, an eighth and a sixteenth of the crop's size, which is also the identity vector's
    length; and how many residual blocks work at the lowest one."""

    half: int = 64
    quarter: int = 128
    eighth: int = 256
    sixteenth: int = 512
    residual_blocks: int = 4


class ExpertResult(NamedTuple):
    """N pictures."""

    image: torch.Tensor  # (N, 3, H, W) in about [0, 1]
    chosen: torch.Tensor  # (N, 3, H, W): what the choice alone makes of the moved photos
    weights: torch.Tensor  # (N, K, 1, H, W): of the photos, 1 in sum
    correction: torch.Tensor  # (N, K, 2, H, W) pixels, added to the flows
    identity: torch.Tensor | None  # (N, length), as the embedder finds it; None: it was not asked


class PhotoEmbedder(nn.Module):
    """The paper's embedder: each photo with its drawing to a vector, the mean over the photos."""

    def __init__(self, drawing: int, sizes: ExpertSizes) -> None:
        super().__init__()
        self.blocks = down_blocks(drawing, sizes)

    def forward(self, photos: torch.Tensor, drawings: torch.Tensor) -> torch.Tensor:
        """photos (N, K, 3, H, W) normalised, drawings (N, K, d, H, W) to (N, length), no entry below 0."""
        x = to_cells(torch.cat((photos, drawings), 2).flatten(0, 1))
        for block in self.blocks:
            x = block(x)
        vectors: torch.Tensor = mean_of_places(x).unflatten(0, photos.shape[:2]).mean(1)
        return vectors


class CandidateEncoder(nn.Module):
    """Looks at every moved photo: features at three scales, how well each place of it serves, where it lies wrong."""

    def __init__(self, drawing: int, sizes: ExpertSizes) -> None:
        super().__init__()
        half, quarter, eighth = sizes[:3]
        inputs = _CELL * (3 + 3 + 1 + 2 + 2 * drawing)
        self.to_half = nn.Sequential(ConvBlock(inputs, half), ConvBlock(half, half))
        self.to_quarter = nn.Sequential(ConvBlock(half, quarter, 2), ConvBlock(quarter, quarter))
        self.to_eighth = nn.Sequential(ConvBlock(quarter, eighth, 2), ConvBlock(eighth, eighth))
        self.from_eighth = nn.Conv2d(eighth, quarter, 1)
        self.from_quarter = nn.Conv2d(quarter, half, 1)
        self.merge = ConvBlock(half, half)
        self.head = nn.Conv2d(half, _CELL + 2, 3, 1, 1)
        set_to_zero(self.head)

    def forward(self, seen: torch.Tensor) -> tuple[list[torch.Tensor], torch.Tensor, torch.Tensor]:
        """`seen` (M, c, h, w) in cells to features fine to coarse, logits (M, 4, h, w) in cells, and a correction
        (M, 2, h, w)."""
        half = self.to_half(seen)
        quarter = self.to_quarter(half)
        eighth = self.to_eighth(quarter)
        context = F.relu(quarter + double(self.from_eighth(eighth)))
        context = self.merge(F.relu(half + double(self.from_quarter(context))))
        logits, correction = self.head(context).float().split((_CELL, 2), 1)
        return [half, quarter, eighth], logits, correction


class ExpertGenerator(nn.Module):
    """Paints over what was chosen: a U-Net whose lower and upward part AdaIN steers."""

    def __init__(self, drawing: int, sizes: ExpertSizes) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth = sizes[:4]
        self.stem = ConvBlock(half + _CELL * (3 + drawing), half)
        self.to_quarter = ConvBlock(half, quarter, 2)
        self.at_quarter = ConvBlock(2 * quarter, quarter)
        self.to_eighth = ConvBlock(quarter, eighth, 2)
        self.at_eighth = ConvBlock(2 * eighth, eighth)
        self.to_sixteenth = ConvBlock(eighth, sixteenth, 2)
        self.residual = nn.ModuleList(
            AdaptiveBlock(sixteenth, sixteenth, grow=False, conv=plain_conv) for _ in range(sizes.residual_blocks)
        )
        self.up = nn.ModuleList(
            AdaptiveBlock(below, above, grow=True, conv=plain_conv)
            for below, above in ((sixteenth, eighth), (eighth, quarter), (quarter, half))
        )
        self.norm = AdaptiveInstanceNorm(half)
        self.head = nn.Conv2d(half, _CELL * 3, 3, 1, 1)
        set_to_zero(self.head)
        blocks: list[AdaptiveBlock] = [*self.residual, *self.up]
        norms = [norm for block in blocks for norm in (block.norm1, block.norm2)] + [self.norm]
        # Parameters of each AdaIN layer in the order in which `forward` meets them.
        self.slices = tuple(2 * norm.channels for norm in norms)

    def forward(
        self, chosen: torch.Tensor, wanted: torch.Tensor, features: list[torch.Tensor], parameters: torch.Tensor
    ) -> torch.Tensor:
        """What to add to the chosen picture, (N, 3, H, W) normalised.

        Args:
            chosen: (N, 3, H, W) normalised.
            wanted: (N, d, H, W), the drawing.
            features: of the photos, as chosen, fine to coarse.
            parameters: (N or 1, sum of `slices`): in each slice the gains less 1, then the biases.
        """
        each: Iterator[torch.Tensor] = iter(parameters.split(self.slices, 1))
        half = self.stem(torch.cat((features[0], to_cells(torch.cat((chosen, wanted), 1))), 1))
        quarter = self.at_quarter(torch.cat((self.to_quarter(half), features[1]), 1))
        eighth = self.at_eighth(torch.cat((self.to_eighth(quarter), features[2]), 1))
        x = self.to_sixteenth(eighth)
        for block in self.residual:
            x = block(x, each)
        for block, beside in zip(self.up, (eighth, quarter, half), strict=True):
            x = block(x, each) + beside
        return from_cells(self.head(F.relu(self.norm(x, next(each)))).float()) * _CHANGE_UNIT


class RegionExpert(nn.Module):
    """Candidates in, the region's crop out.

    Args:
        drawing: maps of a drawing.
        sizes: of the networks; the paper's by default.
    """

    def __init__(self, drawing: int, sizes: ExpertSizes | None = None) -> None:
        super().__init__()
        sizes = sizes or ExpertSizes()
        self.embedder = PhotoEmbedder(drawing, sizes)
        self.encoder = CandidateEncoder(drawing, sizes)
        self.generator = ExpertGenerator(drawing, sizes)
        self.projection = nn.Linear(sizes.sixteenth, sum(self.generator.slices))
        set_to_zero(self.projection)
        self.nearness = nn.Parameter(torch.tensor(_NEARNESS_START))
        self.autocast_dtype: torch.dtype | None = None

    def forward(self, candidates: Candidates, parameters: torch.Tensor | None = None) -> ExpertResult:
        """Pictures of N people; `parameters`: AdaIN's (N or 1, n), None: as the embedder finds them."""
        mean, contrast = candidates.mean.unsqueeze(1), candidates.contrast.unsqueeze(1)
        photos, images = (candidates.photos - mean) / contrast, (candidates.images - mean) / contrast
        people, count = photos.shape[:2]
        moved = read_finely(candidates.photos, candidates.flows)
        seen = [images, (moved - mean) / contrast, candidates.masks, candidates.flows / FLOW_UNIT]
        wanted = candidates.wanted.unsqueeze(1).expand(-1, count, -1, -1, -1)
        with self.precision(photos):
            identity = self.embedder(photos, candidates.drawings) if parameters is None else None
            if parameters is None:
                parameters = self.projection(identity)
            cells = to_cells(torch.cat((*seen, candidates.moved_drawings, wanted), 2).flatten(0, 1))
            found, logits, correction = self.encoder(cells)
        flow = F.interpolate(correction * CORRECTION_UNIT, size=moved.shape[-2:], mode="bilinear", align_corners=False)
        flow = flow.unflatten(0, (people, count))
        nearer = (-self.nearness * candidates.distances).view(people, count, 1, 1, 1)
        shares = torch.softmax(logits.unflatten(0, (people, count)) + nearer, 1)  # in cells
        weights = from_cells(shares.flatten(0, 1)).unflatten(0, (people, count))
        moved = read_finely(candidates.photos, candidates.flows + flow)
        each = candidates.painted + candidates.masks * (moved - candidates.painted)
        chosen = (weights * each).sum(1)
        normal = (chosen - candidates.mean) / candidates.contrast
        with self.precision(photos):
            features = blend(found, shares.mean(2, keepdim=True))
            change = self.generator(normal, candidates.wanted, features, parameters)
        return ExpertResult(chosen + change * candidates.contrast, chosen, weights, flow, identity)

    def precision(self, like: torch.Tensor) -> AbstractContextManager[object]:
        """What the networks compute in; geometry stays in float32."""
        return nullcontext() if self.autocast_dtype is None else torch.autocast(like.device.type, self.autocast_dtype)


def blend(found: list[torch.Tensor], shares: torch.Tensor) -> list[torch.Tensor]:
    """Features (N K, c, ...) of each scale as the shares (N, K, 1, h, w) choose: (N, c, ...)."""
    people, count = shares.shape[:2]
    blended = []
    for number, features in enumerate(found):
        share = F.avg_pool2d(shares.flatten(0, 1), 2**number).unflatten(0, (people, count))
        blended.append((features.unflatten(0, (people, count)) * share.to(features.dtype)).sum(1))
    return blended


def read_finely(pictures: torch.Tensor, flows: torch.Tensor) -> torch.Tensor:
    """Pictures (N, K, 3, H, W) read where flows (N, K, 2, H, W) point, by a cubic: it keeps them sharp."""
    height, width = pictures.shape[-2:]
    flow = flows.flatten(0, 1)
    across = torch.arange(width, dtype=torch.float32, device=flow.device) + 0.5
    down = torch.arange(height, dtype=torch.float32, device=flow.device) + 0.5
    places = torch.stack(((flow[:, 0] + across) / width, (flow[:, 1] + down.unsqueeze(-1)) / height), -1) * 2 - 1
    read = F.grid_sample(pictures.flatten(0, 1), places, "bicubic", "border", align_corners=False)
    grouped: torch.Tensor = read.unflatten(0, pictures.shape[:2])
    return grouped


def down_blocks(drawing: int, sizes: ExpertSizes) -> nn.ModuleList:
    """The paper's halving blocks for crops with their drawing, in cells."""
    widths = (_CELL * (3 + drawing), *sizes[:4])
    return nn.ModuleList(
        DownBlock(above, below, normalised=False, first=number == 0)
        for number, (above, below) in enumerate(pairwise(widths))
    )


def mean_of_places(x: torch.Tensor) -> torch.Tensor:
    """(M, c, h, w) to (M, c): ReLU, then the mean over all places, in float32."""
    return pooled(x) / (x.shape[2] * x.shape[3])


def to_cells(x: torch.Tensor) -> torch.Tensor:
    """(M, c, H, W) to cells of 2 x 2 pixels (M, 4 c, H / 2, W / 2)."""
    return F.pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last)


def set_to_zero(layer: nn.Conv2d | nn.Linear) -> None:
    """A layer that says nothing at the start of training."""
    nn.init.zeros_(layer.weight)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)


def double(x: torch.Tensor) -> torch.Tensor:
    """Twice as high and wide."""
    return F.interpolate(x, scale_factor=2.0, mode="nearest")
