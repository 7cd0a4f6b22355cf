"""The geometry prior: landmark displacements spread to a dense flow, before any learning.

An affine map fitted to the rigid landmarks carries hair, ears and neck; what the landmarks do beyond it is spread by
Gaussian splats, coarse to fine: the finest reaches only the eyes, brows and lips, where the landmarks are dense.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from monalive.faces.landmarks import (
    LEFT_BROW,
    LEFT_EYE,
    LEFT_IRIS,
    LIPS_INNER,
    LIPS_OUTER,
    RIGHT_BROW,
    RIGHT_EYE,
    RIGHT_IRIS,
    RIGID,
)
from monalive_distill.generator.splat import splat, take
from monalive_distill.generator.warp import pixel_centres, planes, resize

PRIOR_SIZE = 128
FINE_LANDMARKS = (
    *LIPS_OUTER,
    *LIPS_INNER,
    *LEFT_EYE,
    *RIGHT_EYE,
    *LEFT_BROW,
    *RIGHT_BROW,
    *LEFT_IRIS,
    *RIGHT_IRIS,
)


class SplatLevel(NamedTuple):
    size: int  # grid it is computed on
    sigma: float  # in units of the picture's side
    epsilon: float  # density below which the level gives way to the coarser ones
    landmarks: tuple[int, ...] | None  # None: all


LEVELS = (
    SplatLevel(32, 0.07, 2.0, None),
    SplatLevel(64, 0.025, 0.6, None),
    SplatLevel(PRIOR_SIZE, 0.011, 0.8, FINE_LANDMARKS),
)


class GeometryPrior(NamedTuple):
    affine_flow: torch.Tensor  # (N, 2, 128, 128), source minus target, units of the side
    local_flow: torch.Tensor  # (N, 2, 128, 128): the landmarks' own motion beyond it
    presence: torch.Tensor  # (N, 1, 128, 128) in [0, 1): where landmarks are

    @property
    def face_flow(self) -> torch.Tensor:
        """(N, 2, 128, 128): both together."""
        return self.affine_flow + self.local_flow


def geometry_prior(source: torch.Tensor, target: torch.Tensor) -> GeometryPrior:
    """Dense flows from landmarks.

    Args:
        source: (N, 478, 2) landmarks of the photo, unit coordinates, float32.
        target: (N, 478, 2) landmarks wanted.
    """
    # Displacements, not places: they are small, and so are the rounding errors that everything after them sees.
    displacement = source - target
    affine = _fit_affine(take(target, RIGID), take(displacement, RIGID))
    affine_flow = _affine_flow(*affine)
    residual = displacement - _apply_affine(target, *affine)
    flow = presence = None
    for level in LEVELS:
        at = target if level.landmarks is None else take(target, level.landmarks)
        value = residual if level.landmarks is None else take(residual, level.landmarks)
        sums = splat(at, torch.cat((value, torch.ones_like(value[:, :, :1])), -1), level.size, level.sigma)
        sums = planes(sums)
        density = sums[:, 2:3]
        share = 1 / (density + level.epsilon)
        local, here = sums[:, :2] * share, density * share
        flow = local if flow is None else local * here + planes(resize(flow, level.size)) * (1 - here)
        flow = flow.unflatten(2, (level.size, level.size))
        if level.landmarks is None:
            presence = here.unflatten(2, (level.size, level.size))
    assert flow is not None and presence is not None
    return GeometryPrior(affine_flow, flow, resize(presence, PRIOR_SIZE))


def _fit_affine(target: torch.Tensor, displacement: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Least squares displacement = linear (target - target_mean) + shift, in closed form (exports without a solver).

    The ridge is that of a fit of places, target + displacement: it draws linear + 1 towards 0.

    Args:
        target, displacement: (N, K, 2).

    Returns:
        linear (N, 2, 2), rows are how a displacement changes with target x and with y; target_mean and shift (N, 1, 2).
    """
    target_mean, shift = target.mean(1, keepdim=True), displacement.mean(1, keepdim=True)  # (N, 1, 2)
    t, d = target - target_mean, displacement - shift
    tx, ty = t[:, :, 0:1], t[:, :, 1:2]  # (N, K, 1)
    ridge = 1e-5
    xx = (tx * tx).sum(1, keepdim=True) + ridge  # (N, 1, 1)
    yy = (ty * ty).sum(1, keepdim=True) + ridge
    xy = (tx * ty).sum(1, keepdim=True)
    dx, dy = (tx * d).sum(1, keepdim=True), (ty * d).sum(1, keepdim=True)  # (N, 1, 2)
    dx = torch.cat((dx[:, :, 0:1] - ridge, dx[:, :, 1:2]), 2)
    dy = torch.cat((dy[:, :, 0:1], dy[:, :, 1:2] - ridge), 2)
    inverse = 1 / (xx * yy - xy * xy)
    along_x = (yy * dx - xy * dy) * inverse  # (N, 1, 2)
    along_y = (xx * dy - xy * dx) * inverse
    return torch.cat((along_x, along_y), 1), target_mean, shift


def _apply_affine(
    points: torch.Tensor, linear: torch.Tensor, target_mean: torch.Tensor, shift: torch.Tensor
) -> torch.Tensor:
    offset = points - target_mean
    return offset[:, :, 0:1] * linear[:, 0:1] + offset[:, :, 1:2] * linear[:, 1:2] + shift


def _affine_flow(linear: torch.Tensor, target_mean: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    centres = pixel_centres(PRIOR_SIZE, linear.device)
    x = centres.view(1, 1, 1, -1) - target_mean[:, :, 0:1].unsqueeze(1)  # (N, 1, 1, n)
    y = centres.view(1, 1, -1, 1) - target_mean[:, :, 1:2].unsqueeze(1)  # (N, 1, n, 1)
    flows = []
    for axis in (0, 1):
        along_x = linear[:, 0:1, axis : axis + 1].unsqueeze(1)  # (N, 1, 1, 1)
        along_y = linear[:, 1:2, axis : axis + 1].unsqueeze(1)
        flows.append(x * along_x + (y * along_y + shift[:, :, axis : axis + 1].unsqueeze(1)))
    return torch.cat(flows, 1)
