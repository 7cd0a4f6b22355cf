"""The motion network: mixes the geometry prior's flows and corrects them, at 64 x 64."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from monalive_distill.generator.geometry_prior import GeometryPrior
from monalive_distill.generator.layers import UNet
from monalive_distill.generator.splat import DRAWING_CHANNELS
from monalive_distill.generator.warp import planes, resize, warp

MOTION_SIZE = 64
MOTION_FEATURES = 8
DRAWING_SIGMA = 0.02
SURROUNDINGS_CHANNELS = 3
_RESIDUAL_SCALE = 0.1


class MotionEncoder(nn.Module):
    """Once per photo: what belongs to the head, the body and the background, as learned features."""

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.net = UNet(3 + DRAWING_CHANNELS, channels, MOTION_FEATURES)

    def forward(self, photo: torch.Tensor, drawing: torch.Tensor) -> torch.Tensor:
        """photo (N, 3, 64, 64) in [0, 1], drawing (N, 11, 64, 64) -> (N, 8, 64, 64)."""
        features: torch.Tensor = self.net(torch.cat((photo, drawing), 1))
        return features


class MotionNet(nn.Module):
    """Per frame: the flow that moves the photo."""

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        carried = 3 + MOTION_FEATURES
        inputs = carried * 2 + 2 + 2 + 1 + 2 * DRAWING_CHANNELS + SURROUNDINGS_CHANNELS
        self.net = UNet(inputs, channels, 4 + 2)
        # It starts as the geometry prior: face flow on the face, mostly affine elsewhere, no correction.
        nn.init.zeros_(self.net.head.weight)
        assert self.net.head.bias is not None
        self.net.head.bias.data = torch.tensor([2.0, 0.0, 0.0, -1.0, 0.0, 0.0])

    @staticmethod
    def inputs(
        photo: torch.Tensor,
        features: torch.Tensor,
        prior: GeometryPrior,
        source_drawing: torch.Tensor,
        target_drawing: torch.Tensor,
        surroundings: torch.Tensor,
    ) -> torch.Tensor:
        """What `forward` takes, float32: geometry loses too much in half precision.

        Args:
            photo: (N, 3, 64, 64) in [0, 1].
            features: (N, 8, 64, 64) of `MotionEncoder`.
            source_drawing, target_drawing: (N, 11, 64, 64).
            surroundings: (N, 3, n, n), see `flow`.
        """
        affine, local = resize(prior.affine_flow, MOTION_SIZE), resize(prior.local_flow, MOTION_SIZE)
        carried = torch.cat((photo, features), 1)
        moved = warp(carried, affine)
        presence = resize(prior.presence, MOTION_SIZE)
        seen = resize(surroundings, MOTION_SIZE)
        around = torch.cat((seen[:, 0:2] * 4, seen[:, 2:3]), 1)
        return torch.cat((carried, moved, affine * 4, local * 16, presence, source_drawing, target_drawing, around), 1)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """The raw output (N, 6, 64, 64): four mixture logits and the flow's correction."""
        raw: torch.Tensor = self.net(inputs)
        return raw

    @staticmethod
    def flow(raw: torch.Tensor, prior: GeometryPrior, surroundings: torch.Tensor) -> torch.Tensor:
        """The flow (N, 2, 128, 128) from the mixture: face, affine, standstill or surroundings, plus a correction.

        Args:
            raw: of `forward`.
            prior: as given to `inputs`.
            surroundings: (N, 3, n, n) coarse flow around the driver's face (x, y) in units of the side, and how much of
                it is known, in [0, 1] (`monalive.motions.surroundings_flow`); zeros where nothing was measured.
        """
        size = prior.local_flow.shape[-1]
        raw = planes(resize(raw, size))
        on_face = (planes(prior.presence) - 0.5) * 4
        logits = torch.cat((raw[:, 0:1] + on_face, raw[:, 1:4]), 1)
        weights = torch.exp(logits - logits.amax(1, keepdim=True))  # softmax, over planes
        mixed = (
            (weights[:, 0:1] + weights[:, 1:2]) * planes(prior.affine_flow)
            + weights[:, 0:1] * planes(prior.local_flow)
            + weights[:, 3:4] * planes(resize(surroundings[:, 0:2], size))
        ) * (1 / weights.sum(1, keepdim=True))
        flow: torch.Tensor = (mixed + raw[:, 4:6] * _RESIDUAL_SCALE).unflatten(2, (size, size))
        return flow
