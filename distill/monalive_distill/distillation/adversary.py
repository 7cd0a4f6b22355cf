"""The adversary: a patch discriminator that tells painted mouths and eyes from real ones.

A pixel or perceptual distance is content with the mean of all plausible teeth; the adversary is not. It compares each
painted mouth with the real one of the same frame (a relativistic pair: Jolicoeur-Martineau, ICLR 2019, arXiv
1807.00734), so that light, skin and sharpness of the clip, in which mouths differ most, cannot distract it. Its
gradient on real pictures is kept small (R1: Mescheder, Geiger, Nowozin, ICML 2018, arXiv 1801.04406). Patches: Isola,
Zhu, Zhou, Efros, CVPR 2017 (arXiv 1611.07004). Feature matching: Wang et al., *pix2pixHD*, CVPR 2018 (arXiv
1711.11585).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from lightning_fabric import Fabric
from torch import nn

from monalive_distill.training.compute import minimize

_PENALTY = 0.05  # weight of the gradient penalty


class PatchDiscriminator(nn.Module):
    """Four convolutions, three of them halving; one score for every eighth pixel."""

    def __init__(self, channels: tuple[int, int, int] = (32, 64, 128)) -> None:
        super().__init__()
        sizes = (3, *channels)
        self.convs = nn.ModuleList(
            nn.Conv2d(above, below, 4, 2, 1) for above, below in zip(sizes, channels, strict=False)
        )
        self.score = nn.Conv2d(channels[-1], 1, 3, 1, 1)

    def forward(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        """Pictures (N, 3, H, H) in [0, 1] to the features of every layer, and last the scores (N, 1, H / 8, H / 8)."""
        x, layers = pictures * 2 - 1, []
        for conv in self.convs:
            x = F.leaky_relu(conv(x), 0.2)
            layers.append(x)
        return [*layers, self.score(x)]


class Adversary:
    """A discriminator with its own optimiser, trained beside the generator."""

    def __init__(self, fabric: Fabric, learning_rate: float, dtype: torch.dtype | None) -> None:
        self.discriminator = PatchDiscriminator().to(fabric.device)
        self.optimizer = torch.optim.Adam(self.discriminator.parameters(), learning_rate, betas=(0.0, 0.99))
        self._fabric, self._dtype = fabric, dtype

    def learn(self, made: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """One step of the discriminator on pictures (N, 3, H, H) in [0, 1], pairs of the same frame; its loss before.

        The loss is log 2 where it cannot tell the two apart.
        """
        scores_made, scores_real = (self._layers(x.detach())[-1] for x in (made, real))
        loss = F.softplus(scores_made - scores_real).mean()
        minimize(self._fabric, loss + self._penalty(real), self.optimizer)
        return loss.detach()

    def judge(self, made: torch.Tensor, real: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What the generator is told: how much less real than the real ones, and the distance of the features."""
        self.discriminator.requires_grad_(False)
        layers = self._layers(made)
        with torch.no_grad():
            wanted = self._layers(real)
        self.discriminator.requires_grad_(True)
        matching = [(a - b).abs().mean() for a, b in zip(layers[:-1], wanted[:-1], strict=True)]
        return F.softplus(wanted[-1] - layers[-1]).mean(), torch.stack(matching).mean()

    def _penalty(self, real: torch.Tensor) -> torch.Tensor:
        pictures = real.detach().float().requires_grad_(True)
        scores = self.discriminator(pictures)[-1].mean((1, 2, 3)).sum()
        (gradient,) = torch.autograd.grad(scores, pictures, create_graph=True)
        return gradient.square().sum((1, 2, 3)).mean() * _PENALTY

    def _layers(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        with torch.autocast(pictures.device.type, self._dtype, enabled=self._dtype is not None):
            return [layer.float() for layer in self.discriminator(pictures)]
