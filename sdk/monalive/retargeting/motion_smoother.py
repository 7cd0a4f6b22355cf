"""Smoothing of a driver's head movement, expression, eyelids and gaze, each at its own pace.

Smoothed apart, a head at rest is steady while its lips move, a moving head does not let the face's noise
through, and eyelids stay quick enough for a blink of 100 ms.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from monalive.faces.expressions import load_expressions
from monalive.faces.face_regions import neighbour_average
from monalive.retargeting.expression_transfer import Expression
from monalive.retargeting.one_euro import OneEuroFilter

Array = NDArray[np.float64]


class MotionSmoother:
    """One-Euro filters for one driver. Distances are in outer-eye-corner distances, about a quarter of the
    crop.
    """

    def __init__(self) -> None:
        self._movement = OneEuroFilter(min_cutoff=1.0, beta=25.0)
        self._face = OneEuroFilter(min_cutoff=0.8, beta=50.0, pool=_pool())
        self._closing = OneEuroFilter(min_cutoff=2.0, beta=3.0, derivative_cutoff=4.0)
        self._gaze = OneEuroFilter(min_cutoff=0.8, beta=12.0)

    def __call__(self, movement: Array, expression: Expression, timestamp_ms: float) -> tuple[Array, Expression]:
        """The smoothed movement (6, 1) and expression.

        Raises:
            ValueError: time does not move forward.
        """
        smoothed = Expression(
            self._face(expression.face, timestamp_ms),
            self._closing(expression.closing, timestamp_ms),
            self._gaze(expression.gaze, timestamp_ms),
        )
        return self._movement(movement, timestamp_ms), smoothed


def landmark_filter() -> OneEuroFilter:
    """A filter for whole landmarks (478, 3) in crop units, head movement and expression together."""
    return OneEuroFilter(min_cutoff=1.2, beta=150.0, pool=_pool())


def surroundings_filters() -> tuple[OneEuroFilter, OneEuroFilter]:
    """Filters for the flow around the face (16, 16, 2) in crop units and for how much of it is known (16, 16, 1).

    The flow's is as slow and as quick as the landmarks', so that shoulders do not trail behind the head.
    """
    return OneEuroFilter(min_cutoff=1.2, beta=150.0), OneEuroFilter(min_cutoff=1.2, beta=3.0)


@functools.cache
def _pool() -> Array:
    return neighbour_average(load_expressions().mean_face)
