"""The losses of meta-learning and fine-tuning (3.1, 3.2).

Two networks stand in for the paper's: VGG16 (`lpips`) for VGG19, dlib's face network (`face_features`) for VGGFace.
Their weights come as package dependencies, the paper's do not. The paper's networks take pixels of 0..255 less the
mean, ours about unit variance; ReLU networks are nearly homogeneous, so their activations are about 57 (= 255 x .225)
and 256 times smaller, and the weights 1e-2 and 2e-3 of the authors' code become .6 and .5 here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from monalive_distill.few_shot.face_features import FaceFeatures
from monalive_distill.metrics.lpips import LPIPS


@dataclass(frozen=True)
class FewShotLossWeights:
    perceptual: float = 0.6
    face: float = 0.5
    adversarial: float = 1.0
    feature_matching: float = 10.0
    # 80 (the paper's FT model) or 10 (the authors' later code): the model can be fine-tuned; 0: the paper's FF model.
    match: float = 80.0
    # Mean absolute difference of the colours. Not in the paper: it makes a short training of a small model stable.
    pixel: float = 0.0


def generator_terms(
    weights: FewShotLossWeights,
    content: tuple[torch.Tensor, torch.Tensor],
    judged: tuple[torch.Tensor, torch.Tensor],
    made: torch.Tensor,
    true: torch.Tensor,
) -> dict[str, torch.Tensor]:
    """What the generator is told of its pictures `made` (N, 3, H, H) in [0, 1], weighted.

    Args:
        weights: of all terms.
        content: the perceptual and the face network's part, of `ContentLoss`.
        judged: the hinge and the feature matching loss, of `discriminator_step.judge`.
        made, true: the pictures.
    """
    return {
        "perceptual": content[0] * weights.perceptual,
        "face": content[1] * weights.face,
        "adversarial": judged[0] * weights.adversarial,
        "feature_matching": judged[1] * weights.feature_matching,
        "pixel": (made - true).abs().mean() * weights.pixel,
    }


class ContentLoss:
    """L_CNT: distance of the activations of two frozen networks, which see the whole picture and the face."""

    def __init__(self, perceptual: LPIPS, face: FaceFeatures) -> None:
        self._perceptual = perceptual
        self._face = face

    def __call__(
        self, made: torch.Tensor, true: torch.Tensor, landmarks: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The perceptual and the face network's part, unweighted.

        Args:
            made, true: (N, 3, H, H) in [0, 1], H at least 32.
            landmarks: (N, 478, 2) of `true`, units of the side.
        """
        with torch.no_grad():
            wanted, wanted_face = self._perceptual.features(true * 2 - 1), self._face(true, landmarks)
        perceptual = feature_distance(self._perceptual.features(made * 2 - 1), wanted)
        return perceptual, feature_distance(self._face(made, landmarks), wanted_face)


def feature_distance(made: Sequence[torch.Tensor], true: Sequence[torch.Tensor]) -> torch.Tensor:
    """The mean absolute difference of each layer, summed over the layers; `true` takes no gradient."""
    layers = [(a.float() - b.detach().float()).abs().mean() for a, b in zip(made, true, strict=True)]
    return torch.stack(layers).sum()


def feature_matching_loss(made: Sequence[torch.Tensor], true: Sequence[torch.Tensor]) -> torch.Tensor:
    """L_FM: `feature_distance` of the discriminator's blocks, as a mean over the blocks."""
    return feature_distance(made, true) / len(made)


def generator_hinge_loss(made: torch.Tensor) -> torch.Tensor:
    """What the generator is told: minus the mean of the scores (N,) of its pictures."""
    return -made.mean()


def discriminator_hinge_loss(made: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """L_DSC from scores (N,): made ones below -1 and true ones above 1 are good enough (without that it collapses)."""
    return F.relu(1 + made).mean() + F.relu(1 - true).mean()


def match_loss(embeddings: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """L_MCH: mean absolute difference of the embeddings (B, N) and their people's columns W_i (B, N).

    The embedder moves towards the columns, which the discriminator alone moves: so an embedding can take a column's
    place when a new person is learned.
    """
    return (embeddings - columns.detach()).abs().mean()
