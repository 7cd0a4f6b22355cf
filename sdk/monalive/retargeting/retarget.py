"""Carries a driver's motion over to a portrait, frame by frame: landmarks in, landmarks out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monalive.faces.crop import SquareCrop, portrait_crop
from monalive.faces.landmarks import LANDMARK_COUNT
from monalive.retargeting.retarget_networks import NO_POSE, RetargetNetworks, RetargetStream, batch
from monalive.retargeting.retarget_options import REGIONS as REGIONS
from monalive.retargeting.retarget_options import RetargetOptions as RetargetOptions

# Lowest and highest turn, shift and growth: so wide that float32 cannot tell them from none. Of absolute motion.
NO_LIMITS: Final = np.repeat(np.array([[[-1e6], [1e6]]], np.float32), 6, 2)  # (1, 2, 6)


class Retargeter:
    """Turns one driver's landmarks into one portrait's, as a stream. Call `start` first, then `step` for each frame.

    Relative transfer (the default) takes head pose apart from expression. The head turns from its own pose by what the
    driver's head turned since its reference frame, within what the photo can show; size stays within 5 %. Expression is
    carried over in the head's own frame, scaled to the portrait's proportions. A driver that keeps still leaves the
    portrait exactly as it is. All of it is computed by the bundle's graphs.

    Args:
        networks: the graphs; they may be shared with other retargeters of the same thread.
        portrait_landmarks: (478, 3) photo pixels.
        portrait_crop: the square whose units the result is in.
        options: what is taken over.

    Raises:
        ValueError: landmarks of another shape, or with NaN.
    """

    def __init__(
        self,
        networks: RetargetNetworks,
        portrait_landmarks: ArrayLike,
        portrait_crop: SquareCrop,
        options: RetargetOptions | None = None,
    ) -> None:
        self._networks = networks
        self._portrait = _checked(portrait_landmarks, "portrait")
        self._crop = portrait_crop
        self._options = options or RetargetOptions()
        self._stream: RetargetStream | None = None

    def start(self, driver_landmarks: ArrayLike, driver_size: tuple[int, int]) -> None:
        """Takes the driver's reference frame, with which motion begins; forgets any driver before.

        Args:
            driver_landmarks: (478, 3) pixels of the driver's frames.
            driver_size: (width, height) of the driver's frames.

        Raises:
            ValueError: landmarks of another shape or with NaN, or to which no pose can be fitted.
        """
        reference = _checked(driver_landmarks, "driver")
        self._stream = None
        if not self._options.absolute:
            self._stream = self._relative(self._portrait, self._crop, reference)
            return
        driver_crop = portrait_crop(reference, *driver_size)
        if all(self._options.gain(region) == 1.0 for region in REGIONS):
            given = {"driver_crop": _square(driver_crop)}
            self._stream = RetargetStream(self._networks.absolute, given, smooth=self._options.smooth)
        else:  # the driver's own first frame, moved in parts
            self._stream = self._relative(reference, driver_crop, reference, {"limits": NO_LIMITS})

    def step(self, driver_landmarks: ArrayLike, timestamp_ms: float) -> NDArray[np.float32]:
        """The portrait's landmarks for one frame of the driver.

        Args:
            driver_landmarks: (478, 3) pixels of the driver's frame.
            timestamp_ms: when; it must increase from frame to frame if smoothing is on.

        Returns:
            (478, 3) float32 in units of the portrait's crop (of the driver's crop, laid over it, in absolute mode).

        Raises:
            RuntimeError: `start` was not called.
            ValueError: landmarks of another shape or with NaN, or to which no pose can be fitted; time that does not
                move forward.
        """
        driver = _checked(driver_landmarks, "driver")
        if self._stream is None:
            raise RuntimeError("call start() with the driver's first frame before step()")
        return self._stream(driver, timestamp_ms)

    def _relative(
        self,
        portrait: NDArray[np.float32],
        crop: SquareCrop,
        reference: NDArray[np.float32],
        instead: Mapping[str, NDArray[np.float32]] | None = None,
    ) -> RetargetStream:
        """Of a portrait and a driver's reference frame; `instead` replaces what the start network gives."""
        given = {
            "portrait_landmarks": batch(portrait),
            "crop": _square(crop),
            "gains": batch([self._options.gain(region) for region in REGIONS]),
        }
        begun = self._networks.start({**given, "driver_reference": batch(reference)})
        if not all(np.isfinite(value).all() for value in begun.values()):
            raise ValueError(NO_POSE)
        return RetargetStream(self._networks.step, {**given, **begun, **(instead or {})}, smooth=self._options.smooth)


def _square(crop: SquareCrop) -> NDArray[np.float32]:
    return batch([crop.x, crop.y, crop.side])


def _checked(landmarks: ArrayLike, whose: str) -> NDArray[np.float32]:
    points = np.asarray(landmarks, np.float32)
    if points.shape != (LANDMARK_COUNT, 3):
        raise ValueError(f"the {whose}'s landmarks must be ({LANDMARK_COUNT}, 3), got {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError(f"the {whose}'s landmarks hold NaN or infinite values")
    return points
