"""The One-Euro filter: steady at rest, quick in motion.

Casiez, Roussel, Vogel, "1 Euro Filter: A Simple Speed-based Low-pass Filter for Noisy Input in Interactive
Systems", CHI 2012: a first-order low-pass whose cutoff rises with the speed of the signal. Here it runs on
whole arrays, and the coordinates of a point share one speed: a point is filtered alike in every direction.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
MILLISECONDS = 1e-3


class OneEuroFilter:
    """Filters arrays of points that arrive one frame at a time.

    Args:
        min_cutoff: cutoff at rest in Hz; lower is steadier and slower.
        beta: Hz of cutoff gained per unit of speed (units of the values per second).
        derivative_cutoff: cutoff of the speed estimate in Hz.
    """

    def __init__(self, min_cutoff: float, beta: float, derivative_cutoff: float = 1.0) -> None:
        self._min_cutoff, self._beta, self._derivative_cutoff = min_cutoff, beta, derivative_cutoff
        self.reset()

    def reset(self) -> None:
        """Forgets the past: the next values pass unchanged."""
        self._values: Array | None = None
        self._velocity: Array | None = None
        self._timestamp_ms = 0.0

    def __call__(self, values: ArrayLike, timestamp_ms: float) -> Array:
        """The filtered values, of the same shape (..., coordinates)."""
        new = np.asarray(values, np.float64)
        if self._values is None or self._velocity is None:
            self._values, self._velocity, self._timestamp_ms = new.copy(), np.zeros_like(new), float(timestamp_ms)
            return new.copy()
        elapsed = (timestamp_ms - self._timestamp_ms) * MILLISECONDS
        # The derivative is taken against the last filtered value, as in the authors' reference
        # implementation.
        velocity = (new - self._values) / elapsed
        self._velocity = self._velocity + smoothing_factor(self._derivative_cutoff, elapsed) * (
            velocity - self._velocity
        )
        cutoff = self._min_cutoff + self._beta * self._speed(self._velocity)
        self._values = self._values + smoothing_factor(cutoff, elapsed) * (new - self._values)
        self._timestamp_ms = float(timestamp_ms)
        return self._values.copy()

    def _speed(self, velocity: Array) -> Array:
        """(..., 1) of velocities (..., coordinates)."""
        speed: Array = np.sqrt((velocity * velocity).sum(axis=-1, keepdims=True))
        return speed


def smoothing_factor(cutoff: ArrayLike, elapsed: float) -> Array:
    """Weight of the newest value in a first-order low-pass with `cutoff` Hz after `elapsed` seconds (Casiez,
    eq. 3).
    """
    turn = 2.0 * np.pi * np.asarray(cutoff, np.float64) * elapsed
    return turn / (turn + 1.0)
