"""The One-Euro filter whose points average their neighbours' velocities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retargeting_oracle.one_euro import OneEuroFilter

Array = NDArray[np.float64]


class PooledOneEuroFilter(OneEuroFilter):
    """Noise differs from point to point, motion does not: the speed is told from the noise at a lower cutoff.

    Args:
        min_cutoff, beta, derivative_cutoff: see `OneEuroFilter`.
        pool: (N, N) rows of weights that add to 1, by which each of N points averages the velocity of its neighbours.
    """

    def __init__(self, min_cutoff: float, beta: float, derivative_cutoff: float = 1.0, *, pool: Array) -> None:
        super().__init__(min_cutoff, beta, derivative_cutoff)
        self._pool = pool.astype(np.float32)  # only speeds are pooled: half the precision does

    def _speed(self, velocity: Array) -> Array:
        return super()._speed((self._pool @ velocity.astype(np.float32)).astype(np.float64))
