"""Carries a driver's motion over to a portrait, frame by frame: landmarks in, landmarks out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monalive.faces.crop import SquareCrop, portrait_crop
from monalive.faces.expressions import load_expressions
from monalive.faces.face_regions import region_weights
from monalive.faces.head_pose import fit_pose
from monalive.faces.landmarks import LANDMARK_COUNT
from monalive.retargeting.expression_transfer import ExpressionTransfer, Gains
from monalive.retargeting.motion_smoother import MotionSmoother, landmark_filter
from monalive.retargeting.pose_transfer import PoseLimits, PoseTransfer

REGIONS = ("pose", "eyes", "lips", "brows")
MAX_GAIN = 3.0


@dataclass(frozen=True)
class RetargetOptions:
    """What of a driver's motion a portrait takes over.

    Attributes:
        absolute: take the driver's landmarks as they are, face shape included, instead of their change since
            the driver's first frame, and with the head let shoulders and background move as the driver's do. For
            reenactment of a person by themselves, and for tests.
        smooth: One-Euro smoothing of the result.
        regions: those of `REGIONS` that move; "eyes" includes the gaze, "lips" the jaw and cheeks.
        gains: strength per region, from 0 (still) over 1 (as the driver, the default) to 3.

    Raises:
        ValueError: a region that does not exist, or a gain out of range.
    """

    absolute: bool = False
    smooth: bool = True
    regions: frozenset[str] = frozenset(REGIONS)
    gains: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "regions", frozenset(self.regions))
        object.__setattr__(self, "gains", dict(self.gains))
        for name in sorted({*self.regions, *self.gains} - set(REGIONS)):
            raise ValueError(f"unknown region {name!r}; choose from {', '.join(REGIONS)}")
        for name, gain in self.gains.items():
            if not (math.isfinite(gain) and 0.0 <= gain <= MAX_GAIN):
                raise ValueError(f"the gain of {name} is {gain}; it must be from 0 to {MAX_GAIN:g}")

    def gain(self, region: str) -> float:
        """Strength of a region: its gain, or 0 where it is switched off."""
        return float(self.gains.get(region, 1.0)) if region in self.regions else 0.0

    @property
    def takes_surroundings(self) -> bool:
        """Whether what surrounds the head moves as the driver's does: only where the head itself moves just so."""
        return self.absolute and self.gain("pose") == 1.0


class Retargeter:
    """Turns one driver's landmarks into one portrait's, as a stream. Call `start` first, then `step` for each
    frame.

    Relative transfer (the default) takes head pose apart from expression. The head turns from its own pose by
    what the driver's head turned since its reference frame, within what the photo can show (`PoseLimits`);
    size stays within 5 %. Expression is carried over in the head's own frame, scaled to the portrait's
    proportions (`ExpressionTransfer`). A driver that keeps still leaves the portrait exactly as it is.

    Args:
        portrait_landmarks: (478, 3) photo pixels.
        portrait_crop: the square whose units the result is in.
        options: what is taken over.

    Raises:
        ValueError: landmarks of another shape, or with NaN.
    """

    def __init__(
        self, portrait_landmarks: ArrayLike, portrait_crop: SquareCrop, options: RetargetOptions | None = None
    ) -> None:
        self._portrait = _checked(portrait_landmarks, "portrait")
        self._crop = portrait_crop
        self._options = options or RetargetOptions()
        self._filter = landmark_filter() if self._options.smooth and self._options.absolute else None
        self._rig: _Rig | None = None
        self._driver_crop: SquareCrop | None = None

    def start(self, driver_landmarks: ArrayLike, driver_size: tuple[int, int]) -> None:
        """Takes the driver's reference frame, with which motion begins; forgets any driver before.

        Args:
            driver_landmarks: (478, 3) pixels of the driver's frames.
            driver_size: (width, height) of the driver's frames.
        """
        reference = _checked(driver_landmarks, "driver")
        if self._filter is not None:
            self._filter.reset()
        self._rig = self._driver_crop = None
        if not self._options.absolute:
            self._rig = _Rig(self._portrait, self._crop, reference, self._options, limited=True)
            return
        self._driver_crop = portrait_crop(reference.astype(np.float32), *driver_size)
        if any(self._options.gain(region) != 1.0 for region in REGIONS):  # the driver's own first frame, moved in parts
            self._rig = _Rig(reference, self._driver_crop, reference, self._options, limited=False)

    def step(self, driver_landmarks: ArrayLike, timestamp_ms: float) -> NDArray[np.float32]:
        """The portrait's landmarks for one frame of the driver.

        Args:
            driver_landmarks: (478, 3) pixels of the driver's frame.
            timestamp_ms: when; it must increase from frame to frame if smoothing is on.

        Returns:
            (478, 3) float32 in units of the portrait's crop (of the driver's crop, laid over it, in absolute
            mode).

        Raises:
            RuntimeError: `start` was not called.
            ValueError: landmarks of another shape or with NaN; time that does not move forward.
        """
        driver = _checked(driver_landmarks, "driver")
        if self._rig is not None:
            return self._rig(driver, timestamp_ms).astype(np.float32)
        if self._driver_crop is None:
            raise RuntimeError("call start() with the driver's first frame before step()")
        moved = self._driver_crop.to_unit(np.asarray(driver_landmarks, np.float32))
        return moved if self._filter is None else self._filter(moved, timestamp_ms).astype(np.float32)


class _Rig:
    """A portrait tied to a driver's reference frame: measure the driver, smooth what was measured, move the
    portrait.
    """

    def __init__(
        self,
        portrait: NDArray[np.float64],
        crop: SquareCrop,
        reference: NDArray[np.float64],
        options: RetargetOptions,
        *,
        limited: bool,
    ) -> None:
        basis = load_expressions()
        self._portrait, self._crop = portrait, crop
        self._pose = fit_pose(portrait, basis.mean_face)
        self._face = self._pose.to_canonical(portrait)
        driver_pose = fit_pose(reference, basis.mean_face)
        self._driver_face = driver_pose.to_canonical(reference)
        limits = PoseLimits.none()
        if limited:
            low = np.array([crop.x, crop.y])
            limits = PoseLimits.for_portrait(self._pose, portrait, low, low + crop.side)
        self._pose_transfer = PoseTransfer(driver_pose, self._pose, limits, options.gain("pose"))
        gains = Gains(eyes=options.gain("eyes"), lips=options.gain("lips"), brows=options.gain("brows"))
        self._expression = ExpressionTransfer(self._face, self._driver_face, basis.apertures, region_weights(), gains)
        self._smoother = MotionSmoother() if options.smooth else None

    def __call__(self, driver: NDArray[np.float64], timestamp_ms: float) -> NDArray[np.float64]:
        """(478, 3) driver pixels to crop units."""
        # Against the driver's own face, not the mean face: what is left is expression.
        driver_pose = fit_pose(driver, self._driver_face)
        movement = self._pose_transfer.measure(driver_pose)
        expression = self._expression.measure(driver_pose.to_canonical(driver))
        if self._smoother is not None:
            movement, expression = self._smoother(movement, expression, timestamp_ms)
        pose = self._pose_transfer.apply(movement)
        face = self._expression.apply(expression)
        # Added as a change, so that a driver at rest leaves the portrait's landmarks exactly as they are.
        change = pose.to_image(face) - self._pose.to_image(self._face)
        unit: NDArray[np.float64] = (self._portrait + change - [self._crop.x, self._crop.y, 0.0]) / self._crop.side
        return unit


def _checked(landmarks: ArrayLike, whose: str) -> NDArray[np.float64]:
    points = np.asarray(landmarks, np.float64)
    if points.shape != (LANDMARK_COUNT, 3):
        raise ValueError(f"the {whose}'s landmarks must be ({LANDMARK_COUNT}, 3), got {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError(f"the {whose}'s landmarks hold NaN or infinite values")
    return points
