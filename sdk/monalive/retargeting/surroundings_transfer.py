"""Carries the flow around a driver's face over to a portrait, frame by frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monalive.retargeting.one_euro import OneEuroFilter
from monalive.retargeting.retarget import RetargetOptions


class SurroundingsTransfer:
    """Decides whether a portrait takes over a driver's surroundings, and smooths them as a stream.

    In relative transfer the portrait keeps its own: they stay steady, and the animate network decides by itself what
    moves along with the head.

    Args:
        options: what of the driver's motion is taken over.
    """

    def __init__(self, options: RetargetOptions) -> None:
        self._wanted = options.takes_surroundings
        # As slow and as quick as the landmarks' filter (of the retarget_absolute graph), so that shoulders do not trail
        # behind the head.
        flow, known = OneEuroFilter(min_cutoff=1.2, beta=150.0), OneEuroFilter(min_cutoff=1.2, beta=3.0)
        self._filters = (flow, known) if options.smooth else None

    def start(self) -> None:
        """Forgets any driver before."""
        for filter_ in self._filters or ():
            filter_.reset()

    def step(self, surroundings: NDArray[np.float32] | None, timestamp_ms: float) -> NDArray[np.float32] | None:
        """One frame.

        Args:
            surroundings: (16, 16, 3) float32 of `SurroundingsFlow`; None where nothing was measured.
            timestamp_ms: when; it must increase from frame to frame if smoothing is on.

        Returns:
            The same, smoothed if asked for; None if the portrait does not take it over.

        Raises:
            ValueError: time that does not move forward.
        """
        if surroundings is None or not self._wanted:
            return None
        if self._filters is None:
            return surroundings
        flow, known = self._filters
        parts = flow(surroundings[..., :2], timestamp_ms), known(surroundings[..., 2:], timestamp_ms)
        return np.concatenate(parts, -1).astype(np.float32)
