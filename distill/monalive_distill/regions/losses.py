"""What a region's network is taught by: colours, perceptual distance, all weighted by where people look."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from monalive_distill.generator.splat import take
from monalive_distill.metrics.lpips import LPIPS
from monalive_distill.regions.drawing import OPENING, splat
from monalive_distill.regions.networks import PaintedRegion
from monalive_distill.regions.regions import Region
from monalive_distill.regions.samples import RegionBatch
from monalive_distill.training.compute import to_channels_last

# The crop's outer part is blended away where it is pasted: pixels of fading, and how much it counts at the border.
_FEATHER, _AT_BORDER = 0.2, 0.15
_WATCHED = 4.0
_PERCEPTUAL_ZOOM = 2.0
# The photo's own pixels serve where they differ from the target by less than this (mean over RGB).
_SERVES = 0.06


@dataclass(frozen=True)
class LossWeights:
    """Of each term; colours count 1."""

    painted: float = 0.4
    moved: float = 0.25
    perceptual: float = 1.0
    correction: float = 0.002
    inside: float = 0.5
    keep: float = 0.05


class WherePeopleLook:
    """How much each place of a crop counts: (N, 1, H, W) of a batch, 1 in the mean of each crop.

    More at the lids and the iris, or the lips, where they are and where they were; less towards the border.
    """

    def __init__(self, region: Region, device: torch.device) -> None:
        self._region = region
        self._window = _window(region.shape.height, region.shape.width).to(device)

    def __call__(self, batch: RegionBatch) -> torch.Tensor:
        height, width = self._region.shape.height, self._region.shape.width
        there = []
        for points in (batch.source, batch.target):
            places = take(points, self._region.watched)
            there.append(splat(places, torch.ones_like(places[:, :, :1]), height, width, 0.04 * height))
        look = self._window * (1 + _WATCHED * torch.clamp(there[0] * 0.5 + there[1], max=1))
        return look / look.mean((1, 2, 3), keepdim=True)


class RegionLoss:
    """The terms of the training loss.

    Args:
        region: which.
        weights: of the terms.
        device: where the pictures are.
    """

    def __init__(self, region: Region, weights: LossWeights, device: torch.device) -> None:
        self._region, self._weights = region, weights
        self._lpips = LPIPS("alex")
        to_channels_last(self._lpips, device)
        self._where_people_look = WherePeopleLook(region, device)

    def __call__(
        self, result: PaintedRegion, batch: RegionBatch, precision: torch.dtype | None
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor | float]]:
        """The loss and its terms by name."""
        look = self._where_people_look(batch)
        colours = (look * (result.image - batch.image).abs()).mean()
        painted = (look * (result.painted - batch.image).abs()).mean()
        moved = (look * (result.moved - batch.image).abs()).mean()
        perceptual = self.perceptual(result.image, batch.image, precision)
        correction = result.correction.abs().mean()
        # Where the photo's own pixels serve they shall show: the painting is softer.
        serves = torch.clamp(1 - (result.moved - batch.image).detach().abs().mean(1, keepdim=True) / _SERVES, min=0)
        keep = (look * serves * (1 - result.mask)).mean()
        terms = {"colours": colours, "painted": painted, "moved": moved, "perceptual": perceptual}
        weights = self._weights
        loss = (
            colours
            + weights.painted * painted
            + weights.moved * moved
            + weights.perceptual * perceptual
            + weights.correction * correction
            + weights.keep * keep
        )
        if result.inside is not None:
            terms["inside"] = self.inside(result.inside, batch)
            loss = loss + weights.inside * terms["inside"]
        return loss, {name: value.detach() for name, value in terms.items()}

    def inside(self, inside: torch.Tensor, batch: RegionBatch) -> torch.Tensor:
        """What lies behind the lips is taught where the target's lips are apart, by the picture there."""
        apart = torch.clamp(self._region.draw(batch.target)[:, OPENING : OPENING + 1], max=1)
        error = (apart * (inside - batch.image).abs()).sum() / (3 * apart.sum() + 1)
        return error

    def perceptual(self, image: torch.Tensor, wanted: torch.Tensor, precision: torch.dtype | None) -> torch.Tensor:
        """LPIPS of the crops' inner parts, magnified."""
        with torch.autocast(image.device.type, precision, enabled=precision is not None):
            features = self._lpips.features(_inner(image))
            with torch.no_grad():
                expected = self._lpips.features(_inner(wanted))
            distance: torch.Tensor = self._lpips.distance(features, expected).mean()
        return distance


def _inner(image: torch.Tensor) -> torch.Tensor:
    """The middle three quarters, magnified, in LPIPS's range."""
    height, width = image.shape[-2:]
    inner = image[:, :, height // 8 : height - height // 8, width // 8 : width - width // 8]
    inner = inner.contiguous(memory_format=torch.channels_last)
    return F.interpolate(inner, scale_factor=_PERCEPTUAL_ZOOM, mode="bilinear", align_corners=False) * 2 - 1


def _window(height: int, width: int) -> torch.Tensor:
    """(1, 1, H, W): 1 inside, less towards the border."""
    sides = []
    for length in (height, width):
        away = 1 - (2 * (torch.arange(length) + 0.5) / length - 1).abs()  # 0 at the border, 1 in the middle
        sides.append(torch.clamp(away / (2 * _FEATHER), max=1))
    return (_AT_BORDER + (1 - _AT_BORDER) * sides[0].view(-1, 1) * sides[1]).view(1, 1, height, width)
