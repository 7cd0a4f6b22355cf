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
from monalive_distill.splat import splat, take
from monalive_distill.warp import pixel_centres, planes, resize

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
    face_flow: torch.Tensor  # (N, 2, 128, 128): affine plus the landmarks' own motion
    presence: torch.Tensor  # (N, 1, 128, 128) in [0, 1): where landmarks are


def geometry_prior(source: torch.Tensor, target: torch.Tensor) -> GeometryPrior:
    """Dense flows from landmarks.

    Args:
        source: (N, 478, 2) landmarks of the photo, unit coordinates, float32.
        target: (N, 478, 2) landmarks wanted.
    """
    linear, source_mean, target_mean = _fit_affine(take(target, RIGID), take(source, RIGID))
    affine_flow = _affine_flow(linear, source_mean, target_mean)
    residual = source - _apply_affine(target, linear, source_mean, target_mean)
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
    return GeometryPrior(affine_flow, affine_flow + flow, resize(presence, PRIOR_SIZE))


def _fit_affine(target: torch.Tensor, source: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Least squares source = linear (target - target_mean) + source_mean, in closed form (exports without a solver)."""
    target_mean, source_mean = target.mean(1, keepdim=True), source.mean(1, keepdim=True)  # (N, 1, 2)
    t, s = target - target_mean, source - source_mean
    tx, ty = t[:, :, 0:1], t[:, :, 1:2]  # (N, K, 1)
    ridge = 1e-5
    xx = (tx * tx).sum(1, keepdim=True) + ridge  # (N, 1, 1)
    yy = (ty * ty).sum(1, keepdim=True) + ridge
    xy = (tx * ty).sum(1, keepdim=True)
    sx, sy = (tx * s).sum(1, keepdim=True), (ty * s).sum(1, keepdim=True)  # (N, 1, 2)
    inverse = 1 / (xx * yy - xy * xy)
    column_x = (yy * sx - xy * sy) * inverse  # (N, 1, 2): how source moves with target x
    column_y = (xx * sy - xy * sx) * inverse
    return torch.cat((column_x, column_y), 1), source_mean, target_mean


def _apply_affine(
    points: torch.Tensor, linear: torch.Tensor, source_mean: torch.Tensor, target_mean: torch.Tensor
) -> torch.Tensor:
    offset = points - target_mean
    return offset[:, :, 0:1] * linear[:, 0:1] + offset[:, :, 1:2] * linear[:, 1:2] + source_mean


def _affine_flow(linear: torch.Tensor, source_mean: torch.Tensor, target_mean: torch.Tensor) -> torch.Tensor:
    centres = pixel_centres(PRIOR_SIZE, linear.device)
    x = centres.view(1, 1, 1, -1) - target_mean[:, :, 0:1].unsqueeze(1)  # (N, 1, 1, n)
    y = centres.view(1, 1, -1, 1) - target_mean[:, :, 1:2].unsqueeze(1)  # (N, 1, n, 1)
    flows = []
    for axis, own in ((0, x), (1, y)):
        along_x = linear[:, 0:1, axis : axis + 1].unsqueeze(1)  # (N, 1, 1, 1)
        along_y = linear[:, 1:2, axis : axis + 1].unsqueeze(1)
        shift = (source_mean - target_mean)[:, :, axis : axis + 1].unsqueeze(1)
        flows.append(x * along_x + y * along_y - own + shift)
    return torch.cat(flows, 1)
