"""What the expert begins with: each photo's crop, moved to the wanted landmarks by the lightweight network."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

import torch

from monalive_distill.generator.splat import take
from monalive_distill.packaged_assets import region_weights
from monalive_distill.regions.drawing import read_at
from monalive_distill.regions.inner_mouth import shifts
from monalive_distill.regions.networks import LEAST_CONTRAST, RegionNetwork
from monalive_distill.regions.regions import Region
from monalive_distill.regions.weights_file import start_region
from monalive_distill.training.compute import to_channels_last


class Candidates(NamedTuple):
    """K photos of each of N people, moved to N drawings."""

    photos: torch.Tensor  # (N, K, 3, H, W) in [0, 1]: as they are
    drawings: torch.Tensor  # (N, K, d, H, W): of their own landmarks
    wanted: torch.Tensor  # (N, d, H, W): of the landmarks wanted
    images: torch.Tensor  # (N, K, 3, H, W) in about [0, 1]: the lightweight network's results
    painted: torch.Tensor  # (N, K, 3, H, W)
    masks: torch.Tensor  # (N, K, 1, H, W) in [0, 1]; 1: the photo's own pixels
    flows: torch.Tensor  # (N, K, 2, H, W) pixels, as the lightweight network corrected them
    moved_drawings: torch.Tensor  # (N, K, d, H, W): `drawings` along the flow
    distances: torch.Tensor  # (N, K): how far each photo's landmarks are from those wanted, pixels
    mean: torch.Tensor  # (N, 3, 1, 1) of the photos' colours
    contrast: torch.Tensor  # (N, 1, 1, 1)


class CropMover:
    """The lightweight network of a region, frozen.

    Args:
        region: which.
        device: where.
        precision: what it computes in; None for float32.
        weights: a file of both networks or a run's state; None: what ships.

    Attributes:
        sha256: of the weights' file.
    """

    def __init__(
        self,
        region: Region,
        device: torch.device | str = "cpu",
        precision: torch.dtype | None = None,
        weights: Path | None = None,
    ) -> None:
        file = weights or region_weights()
        self.region, self.network = region, RegionNetwork(region.sizes)
        start_region(self.network, file, region.name)
        self.sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        self.network.autocast_dtype = precision
        to_channels_last(self.network, device)
        self.network.requires_grad_(False).eval()

    @torch.no_grad()
    def __call__(self, photos: torch.Tensor, sources: torch.Tensor, target: torch.Tensor) -> Candidates:
        """Moves photos (N, K, 3, H, W) with landmarks (N, K, 478, 2), crop pixels, to landmarks (N, 478, 2)."""
        people, count = photos.shape[:2]
        region = self.region
        photo, source = photos.flatten(0, 1), sources.flatten(0, 1)
        asked = target.repeat_interleave(count, 0)
        wanted, own = region.draw(target), region.draw(source)
        flow = region.flow(source, asked)
        result = self.network.animate(
            self.network.enroll(photo, own), own, wanted.repeat_interleave(count, 0), flow, shifts(source, asked)
        )
        flow = flow + result.correction
        mean = photos.mean((1, 3, 4)).unsqueeze(-1).unsqueeze(-1)
        contrast = (photos - mean.unsqueeze(1)).square().mean((1, 2, 3, 4)).sqrt().view(-1, 1, 1, 1) + LEAST_CONTRAST

        def each(x: torch.Tensor) -> torch.Tensor:
            grouped: torch.Tensor = x.unflatten(0, (people, count))
            return grouped

        return Candidates(
            photos,
            each(own),
            wanted,
            each(result.image),
            each(result.painted),
            each(result.mask),
            each(flow),
            each(read_at(own, flow)),
            each(landmark_distance(region, source, asked)),
            mean,
            contrast,
        )


def landmark_distance(region: Region, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """(N,): root mean square distance in pixels of what the region watches and of the face around, the shift of all of
    them together apart. Landmarks (N, 478, 2) of crops."""
    parts = []
    for indices in (region.watched, region.near):
        apart = take(source, indices) - take(target, indices)
        parts.append((apart - apart.mean(1, keepdim=True)).square().sum(-1).mean(1))
    return (parts[0] + parts[1]).sqrt()
