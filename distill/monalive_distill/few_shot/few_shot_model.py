"""Embedder and generator together, and how the variants of `few_shot_variants.json` are built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn

from monalive_distill.few_shot.adain_generator import AdaINGenerator
from monalive_distill.few_shot.embedder import Embedder
from monalive_distill.few_shot.pose_input import draw, move_photo, pose_channels, pose_input
from monalive_distill.few_shot.projection_discriminator import ProjectionDiscriminator
from monalive_distill.few_shot.residual_blocks import spectral
from monalive_distill.variants import read_sizes


@dataclass(frozen=True)
class FewShotVariant:
    """Sizes of the three networks: see `PictureEncoder` (embedder and discriminator) and `AdaINGenerator`."""

    size: int
    encoder: tuple[int, ...]
    down: tuple[int, ...]
    residual_blocks: int
    up: tuple[int, ...]
    attention_down: int
    attention_up: int


class FewShotResult(NamedTuple):
    """What the model makes of an episode."""

    images: torch.Tensor  # (B, 3, size, size) in [0, 1]
    embeddings: torch.Tensor  # (B, N)
    moved: torch.Tensor | None  # (B, 3, size, size): the first photo moved by geometry; None without that input


class FewShotModel(nn.Module):
    """Embedder E, projection P and generator G: photos of a person and wanted landmarks in, a picture out (3.1).

    Pictures are RGB in [0, 1], landmarks (x, y) in units of the picture's side.
    """

    def __init__(self, variant: FewShotVariant, warped_photo: bool) -> None:
        super().__init__()
        self.size = variant.size
        self.warped_photo = warped_photo
        self.embedder = Embedder(variant.size, variant.encoder, variant.attention_down)
        self.generator = AdaINGenerator(
            pose_channels(warped_photo),
            variant.size,
            variant.down,
            variant.residual_blocks,
            variant.up,
            variant.attention_down,
            variant.attention_up,
        )
        self.projection = spectral(nn.Linear(self.embedder.length, self.generator.adain_parameters))

    def embed(self, photos: torch.Tensor, landmarks: torch.Tensor) -> torch.Tensor:
        """Identity vectors (B, N) from photos (B, K, 3, size, size) and their landmarks (B, K, 478, 2)."""
        return self.embedder(photos, draw(landmarks, self.size))

    def forward(
        self, photos: torch.Tensor, photo_landmarks: torch.Tensor, landmarks: torch.Tensor
    ) -> FewShotResult:
        """B people, K photos each, to one picture each; the first photo is the one that geometry moves.

        Args:
            photos: (B, K, 3, size, size).
            photo_landmarks: (B, K, 478, 2).
            landmarks: (B, 478, 2) wanted.
        """
        embeddings = self.embed(photos, photo_landmarks)
        moved = move_photo(photos[:, 0], photo_landmarks[:, 0], landmarks) if self.warped_photo else None
        pose = pose_input(draw(landmarks, self.size), moved)
        return FewShotResult(self.generator(pose, self.projection(embeddings)), embeddings, moved)


def read_variant(name: str) -> FewShotVariant:
    """A variant by name.

    Raises:
        ValueError: no such variant.
    """
    return FewShotVariant(**read_sizes(__package__, "few_shot_variants.json", name, "few-shot"))


def build_few_shot_model(variant: str, warped_photo: bool = True) -> FewShotModel:
    """A model with fresh weights; without `warped_photo` it is the paper's.

    Raises:
        ValueError: no such variant.
    """
    return FewShotModel(read_variant(variant), warped_photo)


def build_discriminator(variant: str, people: int) -> ProjectionDiscriminator:
    """The discriminator that belongs to a variant, with a column for each of `people` people.

    Raises:
        ValueError: no such variant.
    """
    sizes = read_variant(variant)
    return ProjectionDiscriminator(sizes.size, sizes.encoder, sizes.attention_down, people)
