"""Where landmarks carry a crop: their displacements spread to a dense flow, as the whole picture's geometry does.

The networks of this room get the photo's crop moved by such a flow, and correct it.
"""

from __future__ import annotations

import functools

import numpy as np
import torch
import torch.nn.functional as F

from monalive.faces.expressions import load_expressions
from monalive.faces.landmarks import (
    LEFT_BROW,
    LEFT_EYE,
    LEFT_EYE_CORNERS,
    LEFT_IRIS,
    LIPS_INNER,
    LIPS_OUTER,
)
from monalive_distill.generator.splat import take
from monalive_distill.regions.drawing import splat

# Of the whole picture's `geometry_prior`, in outer-eye-corner distances (its crops are 3.8 of them wide): deviation,
# and the density below which a level gives way to the coarser one.
COARSE, FINE = (0.095, 0.6), (0.042, 0.8)
_REACH = 0.75
FINE_EYE = (*LEFT_EYE, *LEFT_IRIS, *LEFT_BROW)
FINE_MOUTH = (*LIPS_OUTER, *LIPS_INNER)


def local_flow(
    source: torch.Tensor,
    target: torch.Tensor,
    height: int,
    width: int,
    scale: float,
    near: tuple[int, ...],
    fine: tuple[int, ...],
) -> torch.Tensor:
    """The flow (N, 2, height, width), source minus target in pixels, from landmarks of both crops.

    Args:
        source, target: (N, 478, 2) crop pixels.
        height, width: of the crop.
        scale: its pixels per outer-eye-corner distance.
        near: the landmarks that matter to the crop, for the coarse level.
        fine: those of the fine level.
    """
    half = (height // 2, width // 2)
    shift = (take(source, near) - take(target, near)).mean(1, keepdim=True)  # (N, 1, 2), of everything alike
    flow: torch.Tensor | None = None
    for (sigma, epsilon), indices in ((COARSE, near), (FINE, fine)):
        places = take(target, indices)
        moved = take(source, indices) - places - shift
        ones = torch.ones_like(moved[:, :, :1])
        sums = splat(places / 2, torch.cat((moved, ones), -1), *half, sigma * scale / 2)
        density = sums[:, 2:3]
        level = sums[:, :2] / (density + epsilon)
        flow = level if flow is None else level * (density / (density + epsilon)) + flow * epsilon / (density + epsilon)
    assert flow is not None
    flow = flow + shift.transpose(1, 2).unsqueeze(-1)
    return F.interpolate(flow, size=(height, width), mode="bilinear", align_corners=False)


@functools.cache
def near_eye() -> tuple[int, ...]:
    """Landmarks around a left eye."""
    return _near(LEFT_EYE_CORNERS)


@functools.cache
def near_mouth() -> tuple[int, ...]:
    """Landmarks around the mouth."""
    return _near((13, 14))


def _near(middle: tuple[int, ...]) -> tuple[int, ...]:
    face = load_expressions().mean_face[:, :2]
    apart = np.linalg.norm(face - face[list(middle)].mean(0), axis=1)
    return tuple(int(index) for index in np.flatnonzero(apart < _REACH))
