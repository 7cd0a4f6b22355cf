"""The projection discriminator: is the picture real, does it show the pose, is it this person? (3.1, 3.3)

Miyato, Koyama, *cGANs with Projection Discriminator*, ICLR 2018 (arXiv 1802.05637).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from monalive_distill.few_shot.picture_encoder import PictureEncoder, pooled
from monalive_distill.few_shot.residual_blocks import PlainBlock, spectral


class ProjectionDiscriminator(nn.Module):
    """D(x, y, i) = V(x, y) . (W_i + w0) + b, with a learned column W_i for each person of the training data."""

    def __init__(self, size: int, channels: Sequence[int], attention: int, people: int) -> None:
        super().__init__()
        self.encoder = PictureEncoder(size, channels, attention)
        self.last = PlainBlock(channels[-1])
        self.realism = spectral(nn.Linear(channels[-1], 1))  # w0 and b
        self.columns = nn.Parameter(torch.empty(people, channels[-1]).uniform_(-0.1, 0.1))  # W, one row a person

    def forward(
        self, pictures: torch.Tensor, drawings: torch.Tensor, people: torch.Tensor
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Scores (N,) float32, and the features after every block for the feature matching loss.

        Args:
            pictures: (N, 3, size, size) in [0, 1].
            drawings: (N, DRAWING_CHANNELS, size, size).
            people: (N,) int64, whose column is meant.
        """
        features = self.encoder(pictures, drawings)
        features.append(self.last(features[-1]))
        vectors = pooled(features[-1])  # V(x, y)
        scores = (vectors * self.columns[people]).sum(1) + self.realism(vectors)[:, 0].float()
        return scores, features

    def become_person(self, embedding: torch.Tensor) -> None:
        """Forgets all columns but one, which begins as the embedding (1, length) of a new person (3.2).

        The paper then fine-tunes w' = w0 + embedding and b; here w0 stays apart from the column, which comes to the
        same: only their sum is used.
        """
        self.columns = nn.Parameter(embedding.detach().clone())
