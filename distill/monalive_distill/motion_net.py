"""The motion network: mixes the geometry prior's flows and corrects them, at 64 x 64."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from monalive_distill.geometry_prior import GeometryPrior
from monalive_distill.layers import UNet
from monalive_distill.splat import DRAWING_CHANNELS
from monalive_distill.warp import resize, warp

MOTION_SIZE = 64
MOTION_FEATURES = 8
DRAWING_SIGMA = 0.02
_RESIDUAL_SCALE = 0.1


class MotionEncoder(nn.Module):
    """Once per photo: what belongs to the head, the body and the background, as learned features."""

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.net = UNet(3 + DRAWING_CHANNELS, channels, MOTION_FEATURES)

    def forward(self, photo: torch.Tensor, drawing: torch.Tensor) -> torch.Tensor:
        """photo (N, 3, 64, 64) in [0, 1], drawing (N, 9, 64, 64) -> (N, 8, 64, 64)."""
        return self.net(torch.cat((photo, drawing), 1))


class MotionNet(nn.Module):
    """Per frame: the flow that moves the photo."""

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        carried = 3 + MOTION_FEATURES
        inputs = carried * 2 + 2 + 2 + 1 + 2 * DRAWING_CHANNELS
        self.net = UNet(inputs, channels, 3 + 2)
        # It starts as the geometry prior: face flow on the face, mostly affine elsewhere, no correction.
        nn.init.zeros_(self.net.head.weight)
        assert self.net.head.bias is not None
        self.net.head.bias.data = torch.tensor([2.0, 0.0, 0.0, 0.0, 0.0])

    def mixture(
        self,
        photo: torch.Tensor,
        features: torch.Tensor,
        prior: GeometryPrior,
        source_drawing: torch.Tensor,
        target_drawing: torch.Tensor,
    ) -> torch.Tensor:
        """The network's raw output (N, 5, 64, 64): three mixture logits and the flow's correction.

        Args:
            photo: (N, 3, 64, 64) in [0, 1].
            features: (N, 8, 64, 64) of `MotionEncoder`.
            source_drawing, target_drawing: (N, 9, 64, 64).
        """
        affine, face = resize(prior.affine_flow, MOTION_SIZE), resize(prior.face_flow, MOTION_SIZE)
        carried = torch.cat((photo, features), 1)
        moved = warp(carried, affine)
        local = (face - affine) * 16
        presence = resize(prior.presence, MOTION_SIZE)
        return self.net(
            torch.cat((carried, moved, affine * 4, local, presence, source_drawing, target_drawing), 1)
        )

    @staticmethod
    def flow(raw: torch.Tensor, prior: GeometryPrior) -> torch.Tensor:
        """The flow (N, 2, 128, 128) from the mixture: face flow, affine flow or standstill, plus a correction."""
        size = prior.face_flow.shape[-1]
        raw = resize(raw, size)
        on_face = (prior.presence - 0.5) * 4
        weights = torch.softmax(torch.cat((raw[:, 0:1] + on_face, raw[:, 1:3]), 1), 1)
        return (
            weights[:, 0:1] * prior.face_flow
            + weights[:, 1:2] * prior.affine_flow
            + raw[:, 3:5] * _RESIDUAL_SCALE
        )
