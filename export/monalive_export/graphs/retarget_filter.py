"""One step of the One-Euro filter as tensor operations: steady at rest, quick in motion.

Casiez, Roussel, Vogel, "1 Euro Filter: A Simple Speed-based Low-pass Filter for Noisy Input in Interactive Systems",
CHI 2012: a first-order low-pass whose cutoff rises with the speed of the signal. Here the coordinates of a point share
one speed: a point is filtered alike in every direction.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from monalive_export.graphs.retarget_math import step
from monalive_export.graphs.retarget_settings import FilterSettings


def filtered(
    settings: FilterSettings,
    new: torch.Tensor,
    before: torch.Tensor,
    velocity: torch.Tensor,
    elapsed: torch.Tensor,
    pool: Callable[[torch.Tensor], torch.Tensor] | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The filtered values and their velocity, (1, n, d) each as `new`, `before` and `velocity`.

    Args:
        settings: of the filter.
        new, before, velocity: values now; values and velocity that the frame before gave.
        elapsed: (1, 1, 1) seconds since then; 0: the filter begins, `new` comes out as it is.
        pool: averages (1, n, d) over neighbours; needed where `settings` are pooled.
    """
    begins = 1.0 - step(elapsed)
    at_speed = (new - before) / (elapsed + begins)
    velocity = (velocity + _factor(elapsed * settings.derivative_cutoff) * (at_speed - velocity)) * (1.0 - begins)
    pooled = velocity
    if settings.pooled:
        assert pool is not None, "these settings need a pool"
        pooled = pool(velocity)
    speed = torch.sqrt((pooled * pooled).sum(2, keepdim=True))
    share = _factor(elapsed * (settings.min_cutoff + settings.beta * speed))
    share = share + begins * (1.0 - share)
    return before + share * (new - before), velocity


def _factor(turns: torch.Tensor) -> torch.Tensor:
    """The weight of the newest value in a first-order low-pass, from cutoff times seconds (eq. 3)."""
    turn = turns * (2.0 * math.pi)
    return turn / (turn + 1.0)
