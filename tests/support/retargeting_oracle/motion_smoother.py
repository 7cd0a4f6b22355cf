"""Smoothing of a driver's head movement, expression, eyelids and gaze, each at its own pace."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from monalive.faces.expressions import load_expressions
from monalive_export.graphs.face_regions import neighbour_average
from monalive_export.graphs.retarget_settings import (
    CLOSING_FILTER,
    FACE_FILTER,
    GAZE_FILTER,
    LANDMARK_FILTER,
    MOVEMENT_FILTER,
    FilterSettings,
)
from retargeting_oracle.expression_transfer import Expression
from retargeting_oracle.one_euro import OneEuroFilter
from retargeting_oracle.pooled_one_euro import PooledOneEuroFilter

Array = NDArray[np.float64]


class MotionSmoother:
    """One-Euro filters for one driver."""

    def __init__(self) -> None:
        self._movement, self._face = made_filter(MOVEMENT_FILTER), made_filter(FACE_FILTER)
        self._closing, self._gaze = made_filter(CLOSING_FILTER), made_filter(GAZE_FILTER)

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
    return made_filter(LANDMARK_FILTER)


def made_filter(settings: FilterSettings) -> OneEuroFilter:
    """A filter of these settings."""
    tuned = settings.min_cutoff, settings.beta, settings.derivative_cutoff
    return PooledOneEuroFilter(*tuned, pool=_pool()) if settings.pooled else OneEuroFilter(*tuned)


@functools.cache
def _pool() -> Array:
    return neighbour_average(load_expressions().mean_face)
