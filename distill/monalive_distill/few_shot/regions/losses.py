"""What the expert is taught by."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from monalive_distill.few_shot.regions.episodes import RegionEpisodes
from monalive_distill.few_shot.regions.network import ExpertResult
from monalive_distill.metrics.lpips import LPIPS
from monalive_distill.regions.losses import WherePeopleLook
from monalive_distill.regions.regions import Region
from monalive_distill.training.compute import to_channels_last

MAGNIFIED = 2.0  # for LPIPS: a crop is looked at closely


@dataclass(frozen=True)
class ExpertLossWeights:
    """Of each term; the colours of the picture count 1.

    Attributes:
        chosen: colours of what the choice alone makes of the photos.
        perceptual: LPIPS of the whole crop.
        correction: of the flows, per pixel.
        critic: of what the critic on frozen features says; 0: there is none.
        adversarial, feature_matching: of what the projection discriminator says; both 0: there is none.
    """

    chosen: float = 0.5
    perceptual: float = 1.0
    correction: float = 0.002
    critic: float = 0.0
    adversarial: float = 0.0
    feature_matching: float = 0.0


class ExpertLoss:
    """The terms of the training loss but the critic's.

    Args:
        region: which.
        weights: of the terms.
        device: where the pictures are.
    """

    def __init__(self, region: Region, weights: ExpertLossWeights, device: torch.device) -> None:
        self._weights, self._look = weights, WherePeopleLook(region, device)
        self._lpips = LPIPS("alex")
        to_channels_last(self._lpips, device)

    def __call__(
        self, result: ExpertResult, episodes: RegionEpisodes, precision: torch.dtype | None
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor | float]]:
        """The loss and its terms by name."""
        wanted = episodes.image
        look = self._look(episodes.pairs())
        weights = self._weights
        terms = {
            "colours": (look * (result.image - wanted).abs()).mean(),
            "chosen": (look * (result.chosen - wanted).abs()).mean(),
            "perceptual": self.perceptual(result.image, wanted, precision).mean(),
            "correction": result.correction.abs().mean(),
        }
        loss = (
            terms["colours"]
            + weights.chosen * terms["chosen"]
            + weights.perceptual * terms["perceptual"]
            + weights.correction * terms["correction"]
        )
        return loss, {name: value.detach() for name, value in terms.items()}

    def perceptual(self, image: torch.Tensor, wanted: torch.Tensor, precision: torch.dtype | None) -> torch.Tensor:
        """(N,): LPIPS of the crops, magnified."""
        with torch.autocast(image.device.type, precision, enabled=precision is not None):
            features = self._lpips.features(magnified(image))
            with torch.no_grad():
                expected = self._lpips.features(magnified(wanted))
            distances: torch.Tensor = self._lpips.distance(features, expected)
        return distances


def magnified(image: torch.Tensor) -> torch.Tensor:
    """Crops (N, 3, H, W) in about [0, 1] larger, in LPIPS's range."""
    image = image.contiguous(memory_format=torch.channels_last)
    return F.interpolate(image, scale_factor=MAGNIFIED, mode="bilinear", align_corners=False) * 2 - 1
