"""The projection discriminator on crops: is it real, does it show what is asked, is it this person? (3.1, 3.3)

A person's column is no weight of its own but made of the embedding: so it serves people that were never seen, and the
embedding needs no match loss.
"""

from __future__ import annotations

import torch
from torch import nn

from monalive_distill.few_shot.regions.network import ExpertSizes, down_blocks, mean_of_places, to_cells
from monalive_distill.few_shot.residual_blocks import PlainBlock, spectral


class CropDiscriminator(nn.Module):
    """D(x, y, e) = V(x, y) . (W e + w0) + b."""

    def __init__(self, drawing: int, sizes: ExpertSizes) -> None:
        super().__init__()
        length = sizes.sixteenth
        self.blocks = down_blocks(drawing, sizes)
        self.last = PlainBlock(length)
        self.realism = spectral(nn.Linear(length, 1))
        self.column = spectral(nn.Linear(length, length, bias=False))

    def forward(
        self, crops: torch.Tensor, drawings: torch.Tensor, identities: torch.Tensor
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Scores (N,) float32, and the features after every block for the feature matching loss.

        Args:
            crops: (N, 3, H, W) in [0, 1].
            drawings: (N, d, H, W) of what they should show.
            identities: (N, length) of whom; they take no gradient.
        """
        x = to_cells(torch.cat((crops * 2 - 1, drawings), 1))
        features = []
        for block in (*self.blocks, self.last):
            x = block(x)
            features.append(x)
        vectors = mean_of_places(x)
        scores = (vectors * self.column(identities.detach()).float()).sum(1) + self.realism(vectors)[:, 0].float()
        return scores, features
