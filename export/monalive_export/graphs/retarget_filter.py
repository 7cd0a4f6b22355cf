"""One step of the One-Euro filter as tensor operations: `monalive.retargeting.one_euro` says what that is."""

from __future__ import annotations

import math

import torch

from monalive_export.graphs.retarget_math import constant_times, step
from monalive_export.graphs.retarget_settings import FilterSettings


def filtered(
    settings: FilterSettings,
    new: torch.Tensor,
    before: torch.Tensor,
    velocity: torch.Tensor,
    elapsed: torch.Tensor,
    pool: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The filtered values and their velocity, (1, n, d) each as `new`, `before` and `velocity`.

    Args:
        settings: of the filter.
        new, before, velocity: values now; values and velocity that the frame before gave.
        elapsed: (1, 1, 1) seconds since then; 0: the filter begins, `new` comes out as it is.
        pool: (1, n, n) the average over neighbours, where `settings` are pooled.
    """
    begins = 1.0 - step(elapsed)
    at_speed = (new - before) / (elapsed + begins)
    velocity = (velocity + _factor(elapsed * settings.derivative_cutoff) * (at_speed - velocity)) * (1.0 - begins)
    pooled = constant_times(pool, velocity) if settings.pooled else velocity
    speed = torch.sqrt((pooled * pooled).sum(2, keepdim=True))
    share = _factor(elapsed * (settings.min_cutoff + settings.beta * speed))
    share = share + begins * (1.0 - share)
    return before + share * (new - before), velocity


def _factor(turns: torch.Tensor) -> torch.Tensor:
    """`one_euro.smoothing_factor` of cutoff times seconds."""
    turn = turns * (2.0 * math.pi)
    return turn / (turn + 1.0)
