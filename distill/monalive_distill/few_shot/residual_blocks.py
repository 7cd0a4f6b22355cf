"""Residual blocks (pre-activation) and self-attention, every convolution and linear layer spectrally normalised (3.3).

The blocks are those of Brock, Donahue, Simonyan, *Large Scale GAN Training*, ICLR 2019 (arXiv 1809.11096), attention is
that of Zhang, Goodfellow, Metaxas, Odena, *Self-Attention GANs*, ICML 2019 (arXiv 1805.08318).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import spectral_norm

SPECTRAL_EPSILON = 1e-4
NORM_EPSILON = 1e-4

Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)


def spectral(layer: Layer) -> Layer:
    """The layer with its weight divided by its largest singular value (Miyato et al. 2018, arXiv 1802.05957)."""
    return spectral_norm(layer, eps=SPECTRAL_EPSILON)  # type: ignore[return-value]


def plain_conv(inputs: int, outputs: int, kernel: int) -> nn.Conv2d:
    """A convolution that keeps height and width."""
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)


def spectral_conv(inputs: int, outputs: int, kernel: int) -> nn.Conv2d:
    """The same, spectrally normalised."""
    return spectral(plain_conv(inputs, outputs, kernel))


@torch.no_grad()
def settle_spectral_norms(model: nn.Module, iterations: int = 20) -> None:
    """Makes the estimates of the largest singular values true to the weights again, and leaves the model in `eval`.

    Averaged or rounded weights need it: the stored singular vectors are averaged with them and lose their unit length.
    """
    model.train()
    for module in model.modules():
        if parametrize.is_parametrized(module, "weight"):
            for _ in range(iterations):
                _ = module.weight  # in training mode every reading is one power iteration
    model.eval()


class DownBlock(nn.Module):
    """(N, inputs, H, W) -> (N, outputs, H / 2, W / 2).

    Args:
        inputs, outputs: channels.
        normalised: instance norm before each ReLU (the generator's side), or none (embedder and discriminator).
        first: the input is a picture, so there is no norm and no ReLU before the first convolution.
    """

    def __init__(self, inputs: int, outputs: int, *, normalised: bool, first: bool = False) -> None:
        super().__init__()
        self.before = nn.Identity() if first else _activation(inputs, normalised)
        self.between = _activation(outputs, normalised)
        self.conv1 = spectral_conv(inputs, outputs, 3)
        self.conv2 = spectral_conv(outputs, outputs, 3)
        self.skip = spectral_conv(inputs, outputs, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv2(self.between(self.conv1(self.before(x))))
        # Averaging first equals averaging after a 1x1 convolution, at a quarter of the work.
        out: torch.Tensor = F.avg_pool2d(y, 2) + self.skip(F.avg_pool2d(x, 2))
        return out


class PlainBlock(nn.Module):
    """(N, channels, H, W) -> the same shape, without norm: the discriminator's last block."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = spectral_conv(channels, channels, 3)
        self.conv2 = spectral_conv(channels, channels, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = x + self.conv2(F.relu(self.conv1(F.relu(x))))
        return out


class AdaptiveInstanceNorm(nn.Module):
    """Instance norm whose gain and bias are given, not learned: x -> norm(x) * (1 + gain) + bias (AdaIN, 3.3)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def forward(self, x: torch.Tensor, parameters: torch.Tensor) -> torch.Tensor:
        """x (N, C, H, W), parameters (N or 1, 2 C): the gains less 1, then the biases."""
        gain, bias = parameters.unsqueeze(-1).unsqueeze(-1).to(x.dtype).chunk(2, 1)
        return F.instance_norm(x, eps=NORM_EPSILON) * (1 + gain) + bias


class AdaptiveBlock(nn.Module):
    """A residual block with AdaIN before each ReLU; with `grow` it doubles height and width (nearest).

    (N, inputs, H, W) -> (N, outputs, H or 2 H, W or 2 W). `inputs` must equal `outputs` where it does not grow.

    Args:
        inputs, outputs: channels.
        grow: see above.
        conv: makes its convolutions of inputs, outputs and kernel size.
    """

    def __init__(
        self, inputs: int, outputs: int, *, grow: bool, conv: Callable[[int, int, int], nn.Conv2d] = spectral_conv
    ) -> None:
        super().__init__()
        if not grow and inputs != outputs:
            raise ValueError("a block that does not grow keeps its number of channels")
        self.grow = grow
        self.norm1 = AdaptiveInstanceNorm(inputs)
        self.norm2 = AdaptiveInstanceNorm(outputs)
        self.conv1 = conv(inputs, outputs, 3)
        self.conv2 = conv(outputs, outputs, 3)
        self.skip = conv(inputs, outputs, 1) if grow else nn.Identity()

    def forward(self, x: torch.Tensor, parameters: Iterator[torch.Tensor]) -> torch.Tensor:
        """`parameters`: takes the next two slices, for its first and second norm."""
        y = F.relu(self.norm1(x, next(parameters)))
        y = self.conv1(_double(y) if self.grow else y)
        y = self.conv2(F.relu(self.norm2(y, next(parameters))))
        x = self.skip(x)
        out: torch.Tensor = y + (_double(x) if self.grow else x)
        return out


class SelfAttention(nn.Module):
    """Every place looks at every other (keys and values at half the resolution); begins as the identity.

    (N, channels, H, W) -> the same shape; height and width even.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        narrow, half = max(1, channels // 8), max(1, channels // 2)
        self.query = spectral_conv(channels, narrow, 1)
        self.key = spectral_conv(channels, narrow, 1)
        self.value = spectral_conv(channels, half, 1)
        self.out = spectral_conv(half, channels, 1)
        self.share = nn.Parameter(torch.zeros(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        query = self.query(x).flatten(2)  # (N, narrow, H W)
        key = F.max_pool2d(self.key(x), 2).flatten(2)  # (N, narrow, H W / 4)
        value = F.max_pool2d(self.value(x), 2).flatten(2)  # (N, half, H W / 4)
        weights = torch.softmax(torch.bmm(query.transpose(1, 2), key), -1)  # (N, H W, H W / 4)
        looked = torch.bmm(value, weights.transpose(1, 2).to(value.dtype))  # (N, half, H W)
        out: torch.Tensor = x + self.share * self.out(looked.unflatten(2, x.shape[2:]))
        return out


def _activation(channels: int, normalised: bool) -> nn.Module:
    if not normalised:
        return nn.ReLU()
    return nn.Sequential(nn.InstanceNorm2d(channels, eps=NORM_EPSILON, affine=True), nn.ReLU())


def _double(x: torch.Tensor) -> torch.Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")
