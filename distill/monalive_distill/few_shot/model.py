"""Embedder and generator together, and how the variants of `variants.json` are built."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from monalive_distill.few_shot.adain_generator import AdaINGenerator
from monalive_distill.few_shot.embedder import Embedder
from monalive_distill.few_shot.photo_mover import PhotoMover, shrink
from monalive_distill.few_shot.pose_input import draw
from monalive_distill.few_shot.projection_discriminator import ProjectionDiscriminator
from monalive_distill.few_shot.residual_blocks import spectral
from monalive_distill.few_shot.warped_photo import WarpedPhoto
from monalive_distill.generator.variants import read_sizes


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


class Rendering(NamedTuple):
    """Pictures of N wanted poses."""

    images: torch.Tensor  # (N, 3, size, size) in [0, 1]
    moved: torch.Tensor | None  # (N, 3, size, size): the photos, moved; None without that input
    whole: torch.Tensor | None  # (N, 3, photo_size, photo_size): the same before they were shrunk
    flow: torch.Tensor | None  # (N, 2, 128, 128) source minus target, units of the side, that moved them

    def at_photo_size(self) -> torch.Tensor:
        """(N, 3, photo_size, photo_size) in [0, 1]: the moved photo's own detail, and the change that was painted."""
        if self.moved is None or self.whole is None:
            return self.images
        change = self.images - self.moved
        grown = F.interpolate(change, self.whole.shape[-2:], mode="bilinear", align_corners=False)
        return (self.whole + grown).clamp(0, 1)


class FewShotResult(NamedTuple):
    """What the model makes of an episode."""

    images: torch.Tensor  # (B, 3, size, size) in [0, 1]
    embeddings: torch.Tensor  # (B, N)
    moved: torch.Tensor | None  # (B, 3, size, size): the first photo, moved; None without that input


class FewShotModel(nn.Module):
    """Embedder E, projection P and generator G: photos of a person and wanted landmarks in, a picture out (3.1).

    Pictures are RGB in [0, 1], landmarks (x, y) in units of the picture's side.

    Args:
        variant: the sizes.
        warped_photo: how the moved photo is made that the generator sees.
        lightweight: weights of the lightweight generator, if that moves it; None: those that ship.

    Attributes:
        size: side of the pictures it makes.
        photo_size: side of the photos it takes, a multiple of `size`.
    """

    def __init__(self, variant: FewShotVariant, warped_photo: WarpedPhoto, lightweight: Path | None = None) -> None:
        super().__init__()
        self.size = variant.size
        self.warped_photo = warped_photo
        self.mover = None if warped_photo == "none" else PhotoMover(warped_photo, variant.size, lightweight)
        self.photo_size = self.mover.photo_size if self.mover else variant.size
        self.embedder = Embedder(variant.size, variant.encoder, variant.attention_down)
        self.generator = AdaINGenerator(
            self.mover is not None,
            variant.size,
            variant.down,
            variant.residual_blocks,
            variant.up,
            variant.attention_down,
            variant.attention_up,
        )
        self.projection = spectral(nn.Linear(self.embedder.length, self.generator.adain_parameters))

    def embed(self, photos: torch.Tensor, landmarks: torch.Tensor) -> torch.Tensor:
        """Identity vectors (B, N) from photos (B, K, 3, photo_size, photo_size) and landmarks (B, K, 478, 2)."""
        small = shrink(photos.flatten(0, 1), self.size).unflatten(0, photos.shape[:2])
        return self.embedder(small, draw(landmarks, self.size))

    def forward(
        self,
        photos: torch.Tensor,
        photo_landmarks: torch.Tensor,
        landmarks: torch.Tensor,
        surroundings: torch.Tensor | None = None,
    ) -> FewShotResult:
        """B people, K photos each, to one picture each; the first photo is the one that is moved.

        Args:
            photos: (B, K, 3, photo_size, photo_size).
            photo_landmarks: (B, K, 478, 2).
            landmarks: (B, 478, 2) wanted.
            surroundings: (B, 3, 16, 16) from the first photo, for the lightweight generator; None: not measured.
        """
        embeddings = self.embed(photos, photo_landmarks)
        adain = self.projection(embeddings)
        made = render(
            self.generator, self.mover, self.size, photos[:, 0], photo_landmarks[:, 0], landmarks, adain, surroundings
        )
        return FewShotResult(made.images, embeddings, made.moved)


def render(
    generator: AdaINGenerator,
    mover: PhotoMover | None,
    size: int,
    photos: torch.Tensor,
    photo_landmarks: torch.Tensor,
    landmarks: torch.Tensor,
    adain: torch.Tensor,
    surroundings: torch.Tensor | None = None,
) -> Rendering:
    """Pictures of wanted poses, each from a photo that is moved there (for the paper's model: from none).

    Args:
        generator, mover, size: of the model.
        photos: (N, 3, photo_size, photo_size).
        photo_landmarks: (N, 478, 2) theirs.
        landmarks: (N, 478, 2) wanted.
        adain: (N or 1, adain_parameters), of whom it shows.
        surroundings: (N, 3, 16, 16) from each photo, see `PhotoMover`; None: not measured.
    """
    photo = mover(photos, photo_landmarks, landmarks, surroundings) if mover else None
    whole, flow = photo or (None, None)
    moved = None if whole is None else shrink(whole, size)
    return Rendering(generator(draw(landmarks, size), moved, adain), moved, whole, flow)


def read_variant(name: str) -> FewShotVariant:
    """A variant by name.

    Raises:
        ValueError: no such variant.
    """
    return FewShotVariant(**read_sizes(__package__, "variants.json", name, "few-shot"))


def build_few_shot_model(
    variant: str, warped_photo: WarpedPhoto = "geometry", lightweight: Path | None = None
) -> FewShotModel:
    """A model with fresh weights; with "none" for `warped_photo` it is the paper's. `lightweight`: see the class.

    Raises:
        FileNotFoundError: `lightweight` is missing.
        ValueError: no such variant, or other weights than the lightweight generator's.
    """
    return FewShotModel(read_variant(variant), warped_photo, lightweight)


def build_discriminator(variant: str, people: int) -> ProjectionDiscriminator:
    """The discriminator that belongs to a variant, with a column for each of `people` people.

    Raises:
        ValueError: no such variant.
    """
    sizes = read_variant(variant)
    return ProjectionDiscriminator(sizes.size, sizes.encoder, sizes.attention_down, people)
