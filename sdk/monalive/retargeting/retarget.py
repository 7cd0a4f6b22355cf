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
        portrait_landmarks: (478, 3) photo pixels.
        portrait_crop: the square whose units the result is in.
        options: what is taken over.
        networks: the graphs, which retargeters of the same thread may share; None for those of the packaged bundle.

    Raises:
        ValueError: landmarks of another shape, or with NaN.
    """

    def __init__(
        self,
        portrait_landmarks: ArrayLike,
        portrait_crop: SquareCrop,
        options: RetargetOptions | None = None,
        networks: RetargetNetworks | None = None,
    ) -> None:
        self._networks = networks or RetargetNetworks()
        self._portrait = _checked(portrait_landmarks, "portrait")
        self._crop = portrait_crop
        self._options = options or RetargetOptions()
        self._stream: RetargetStream | None = None
        self._glide: _Glide | None = None
        self._last: NDArray[np.float32] | None = None

    def start(self, driver_landmarks: ArrayLike, driver_size: tuple[int, int]) -> None:
        """Takes the driver's reference frame, with which motion begins; forgets any driver before.

        Args:
            driver_landmarks: (478, 3) pixels of the driver's frames.
            driver_size: (width, height) of the driver's frames.

        Raises:
            ValueError: landmarks of another shape or with NaN, or to which no pose can be fitted.
        """
        self._stream = self._glide = self._last = None
        self._stream = self._begun(_checked(driver_landmarks, "driver"), driver_size)

    def restart(
        self, driver_landmarks: ArrayLike, driver_size: tuple[int, int], glide_ms: float, *, after_cut: bool
    ) -> None:
        """Counts the motion from another frame of the driver from now on; the result glides over and does not jump.

        Args:
            driver_landmarks, driver_size: as for `start`.
            glide_ms: how long that takes, above 0.
            after_cut: glide from where the portrait is, since what the driver did before a cut says nothing of what it
                does now; otherwise from how the portrait would have moved on.

        Raises:
            RuntimeError: `start` was not called.
            ValueError: as for `start`; nothing has changed then.
        """
        if self._stream is None:
            raise RuntimeError("call start() with the driver's first frame before restart()")
        stream = self._begun(_checked(driver_landmarks, "driver"), driver_size)
        self._glide = None if self._last is None else _Glide(self._last, None if after_cut else self._stream, glide_ms)
        self._stream = stream

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
        moved = self._stream(driver, timestamp_ms)
        if self._glide is not None:
            moved, over = self._glide(moved, driver, timestamp_ms)
            self._glide = None if over else self._glide
        self._last = moved
        return moved

    def _begun(self, reference: NDArray[np.float32], driver_size: tuple[int, int]) -> RetargetStream:
        if not self._options.absolute:
            return self._relative(self._portrait, self._crop, reference)
        driver_crop = portrait_crop(reference, *driver_size)
        if all(self._options.gain(region) == 1.0 for region in REGIONS):
            given = {"driver_crop": _square(driver_crop)}
            return RetargetStream(self._networks.absolute, given, smooth=self._options.smooth)
        # the driver's own first frame, moved in parts
        return self._relative(reference, driver_crop, reference, {"limits": NO_LIMITS})

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


class _Glide:
    """From one result to another, slowly at both ends.

    Args:
        held: (478, 3) the last result.
        before: what made it, to go on with meanwhile; None: the result is held.
        duration_ms: how long it takes from the first frame on.
    """

    def __init__(self, held: NDArray[np.float32], before: RetargetStream | None, duration_ms: float) -> None:
        self._held, self._before, self._duration_ms = held, before, duration_ms
        self._start_ms: float | None = None

    def __call__(
        self, new: NDArray[np.float32], driver: NDArray[np.float32], timestamp_ms: float
    ) -> tuple[NDArray[np.float32], bool]:
        """What is between the two for this frame, and whether the glide is over."""
        if self._start_ms is None:
            self._start_ms = timestamp_ms
        done = min((timestamp_ms - self._start_ms) / self._duration_ms, 1.0)
        old = self._held if self._before is None else self._before(driver, timestamp_ms)
        share = np.float32(done * done * (3.0 - 2.0 * done))
        return old + share * (new - old), done >= 1.0


def _square(crop: SquareCrop) -> NDArray[np.float32]:
    return batch([crop.x, crop.y, crop.side])


def _checked(landmarks: ArrayLike, whose: str) -> NDArray[np.float32]:
    points = np.asarray(landmarks, np.float32)
    if points.shape != (LANDMARK_COUNT, 3):
        raise ValueError(f"the {whose}'s landmarks must be ({LANDMARK_COUNT}, 3), got {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError(f"the {whose}'s landmarks hold NaN or infinite values")
    return points
