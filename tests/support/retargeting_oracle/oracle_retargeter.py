"""Retargeting step by step in NumPy: what the bundle's graphs are compared with."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monalive.faces.crop import SquareCrop, portrait_crop
from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import fit_pose
from monalive.faces.landmarks import POSE_POINTS
from monalive.retargeting.retarget import REGIONS, RetargetOptions
from monalive_export.graphs.face_regions import region_weights
from retargeting_oracle.expression_transfer import ExpressionTransfer, Gains
from retargeting_oracle.motion_smoother import MotionSmoother, landmark_filter
from retargeting_oracle.pose_transfer import PoseLimits, PoseTransfer


class OracleRetargeter:
    """Turns one driver's landmarks into one portrait's, as a stream. Call `start` first, then `step` for each
    frame.

    Relative transfer takes head pose (`PoseTransfer`) apart from expression (`ExpressionTransfer`).

    Args:
        portrait_landmarks: (478, 3) photo pixels.
        portrait_crop: the square whose units the result is in.
        options: what is taken over.
    """

    def __init__(
        self, portrait_landmarks: ArrayLike, portrait_crop: SquareCrop, options: RetargetOptions | None = None
    ) -> None:
        self._portrait = np.asarray(portrait_landmarks, np.float64)
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
        reference = np.asarray(driver_landmarks, np.float64)
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
        """
        driver = np.asarray(driver_landmarks, np.float64)
        if self._rig is not None:
            return self._rig(driver, timestamp_ms).astype(np.float32)
        assert self._driver_crop is not None, "call start() before step()"
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
        self._pose = fit_pose(portrait, basis.mean_face, POSE_POINTS)
        self._face = self._pose.to_canonical(portrait)
        driver_pose = fit_pose(reference, basis.mean_face, POSE_POINTS)
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
        driver_pose = fit_pose(driver, self._driver_face, POSE_POINTS)
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
