"""Carries the flow around a driver's face over to a portrait, frame by frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monalive.retargeting.retarget import RetargetOptions
from monalive.retargeting.retarget_networks import RetargetNetworks, RetargetStream


class SurroundingsTransfer:
    """Decides whether a portrait takes over a driver's surroundings, and smooths them as a stream.

    In relative transfer the portrait keeps its own: they stay steady, and the animate network decides by itself what
    moves along with the head.

    Args:
        networks: the graphs; they may be shared with other transfers of the same thread.
        options: what of the driver's motion is taken over.
    """

    def __init__(self, networks: RetargetNetworks, options: RetargetOptions) -> None:
        self._networks, self._options = networks, options
        self._stream: RetargetStream | None = None

    def start(self) -> None:
        """Forgets any driver before."""
        self._stream = None

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
        if surroundings is None or not self._options.takes_surroundings:
            return None
        if self._stream is None:
            self._stream = RetargetStream(
                self._networks.background,
                {},
                smooth=self._options.smooth,
                takes="measured_surroundings",
                gives="smoothed_surroundings",
            )
        return self._stream(surroundings, timestamp_ms)
