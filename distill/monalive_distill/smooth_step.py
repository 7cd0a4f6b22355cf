"""A step without a kink."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def smooth_step(value: ArrayLike, low: ArrayLike, high: ArrayLike) -> NDArray[np.float64]:
    """0 at `low`, 1 at `high` and beyond, in between a cubic with level ends; `low` may be the larger of the two."""
    start = np.asarray(low, np.float64)
    x = np.clip((np.asarray(value, np.float64) - start) / (np.asarray(high, np.float64) - start), 0.0, 1.0)
    stepped: NDArray[np.float64] = x * x * (3.0 - 2.0 * x)
    return stepped
