"""The embedder: K photos of a person to one identity vector (3.1, 3.3)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from monalive_distill.few_shot.picture_encoder import PictureEncoder, pooled


class Embedder(nn.Module):
    """E(x, y): what of a photo does not depend on pose and expression."""

    def __init__(self, size: int, channels: Sequence[int], attention: int) -> None:
        super().__init__()
        self.encoder = PictureEncoder(size, channels, attention)
        self.length = channels[-1]

    def forward(self, photos: torch.Tensor, drawings: torch.Tensor) -> torch.Tensor:
        """One vector per person, the mean over that person's photos: (B, length) float32, no entry below 0.

        Args:
            photos: (B, K, 3, size, size) in [0, 1].
            drawings: (B, K, DRAWING_CHANNELS, size, size) of their landmarks.
        """
        people, count = photos.shape[:2]
        vectors = pooled(self.encoder(photos.flatten(0, 1), drawings.flatten(0, 1))[-1])
        identities: torch.Tensor = vectors.unflatten(0, (people, count)).mean(1)
        return identities
