"""Head pose from driver to portrait: relative turns, limited to what one photo can show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monalive.faces.head_pose import NECK, HeadPose, angles_rotation, rotation_angles
from monalive_export.graphs.retarget_settings import (
    BACK_LOSS,
    KNEE,
    LEAST_TURN,
    MAX_PITCH,
    MAX_ROLL,
    MAX_SCALE_CHANGE,
    MAX_YAW,
    ROOM_USED,
)

Array = NDArray[np.float64]


def soft_limit(value: ArrayLike, low: ArrayLike, high: ArrayLike, knee: float = KNEE) -> Array:
    """`value` kept inside the open range (low, high), low <= 0 <= high: unchanged near 0, bent smoothly near
    a limit.

    Up to a part `knee` of a limit the result equals the value; beyond, the rest is a tanh with the same slope at the
    knee.
    """
    x, bound = (
        np.asarray(value, np.float64),
        np.where(np.asarray(value) < 0, -np.asarray(low), np.asarray(high)),
    )
    bend = knee * bound
    rest = np.maximum(bound - bend, 1e-12)
    size = np.abs(x)
    return np.sign(x) * np.where(size <= bend, size, bend + rest * np.tanh((size - bend) / rest))


@dataclass(frozen=True)
class PoseLimits:
    """How far from its own pose a portrait may be moved: angles in degrees (yaw, pitch, roll), shift in
    pixels (x, y).
    """

    low_angles: Array  # (3,), not above 0
    high_angles: Array  # (3,), not below 0
    low_shift: Array  # (2,), not above 0
    high_shift: Array  # (2,), not below 0
    scale_change: float

    @classmethod
    def for_portrait(cls, pose: HeadPose, landmarks: Array, crop_low: ArrayLike, crop_high: ArrayLike) -> PoseLimits:
        """Limits from a portrait's own pose and its place in the crop.

        A face shown in three-quarter view lacks its far side: it hardly may turn further away, and back only
        part of the way, since what would come into sight was never seen.

        Args:
            pose: the portrait's pose. landmarks: (N, 3) its landmarks in pixels.
            crop_low, crop_high: (2,) the crop's corners in the same pixels.
        """
        own = rotation_angles(pose.rotation)
        most = np.array([MAX_YAW, MAX_PITCH, MAX_ROLL])
        seen = np.array([1.0, 1.0, 0.0])  # roll is in the picture's plane: nothing comes into sight by it
        away, back = seen * np.maximum(own, 0.0), seen * np.maximum(-own, 0.0)
        high = np.maximum(most - away - BACK_LOSS * back, LEAST_TURN)
        low = -np.maximum(most - back - BACK_LOSS * away, LEAST_TURN)
        room_low = np.maximum(landmarks[:, :2].min(axis=0) - np.asarray(crop_low, np.float64), 0.0)
        room_high = np.maximum(np.asarray(crop_high, np.float64) - landmarks[:, :2].max(axis=0), 0.0)
        return cls(low, high, -ROOM_USED * room_low, ROOM_USED * room_high, MAX_SCALE_CHANGE)

    @classmethod
    def none(cls) -> PoseLimits:
        """No limits: what the driver does is done."""
        far = np.full(3, np.inf)
        return cls(-far, far, -far[:2], far[:2], np.inf)


class PoseTransfer:
    """Carries a driver's head movement since its reference frame over to a portrait.

    Args:
        driver, portrait: the poses that correspond to each other.
        limits: how far the portrait may go.
        gain: 0 keeps the portrait's pose, 1 follows the driver.
    """

    def __init__(self, driver: HeadPose, portrait: HeadPose, limits: PoseLimits, gain: float = 1.0) -> None:
        self._driver, self._portrait, self._limits, self._gain = driver, portrait, limits, gain
        self._driver_angles, self._own_angles = (
            rotation_angles(driver.rotation),
            rotation_angles(portrait.rotation),
        )
        self._own_rotation = angles_rotation(*self._own_angles)

    def measure(self, driver_now: HeadPose) -> Array:
        """(6, 1) what the driver's head did since its reference frame.

        Yaw, pitch and roll in radians, the logarithm of its growth, its shift right and down, along the axes of the
        head in its reference frame, in units of its size: all of them, roughly, how far the side of the head moves.
        """
        turn = rotation_angles(driver_now.rotation) - self._driver_angles
        turn = np.deg2rad((turn + 180.0) % 360.0 - 180.0)
        growth = np.log(driver_now.scale / self._driver.scale)  # symmetric: twice and half as large are equally far
        shift = (driver_now.translation - self._driver.translation)[:2] / self._driver.scale
        shift = _in_picture(-self._driver_angles[2]) @ shift
        return np.concatenate([turn, [growth], shift])[:, None]

    def apply(self, movement: Array) -> HeadPose:
        """The portrait's pose for a driver's movement (6, 1); its own pose exactly for no movement."""
        movement, limits = self._gain * movement[:, 0], self._limits
        wanted = np.rad2deg(movement[:3])
        turn = _limited(wanted, limits.low_angles, limits.high_angles)
        turned = angles_rotation(*(self._own_angles + turn))
        shift = _in_picture(self._own_angles[2]) @ movement[4:] * self._portrait.scale
        if not np.array_equal(
            turn, wanted
        ):  # the part of a turn that is not done does not move the face sideways either
            missing = turned - angles_rotation(*(self._own_angles + wanted))
            shift = shift - self._portrait.scale * (missing @ NECK)[:2]
        shift = _limited(shift, limits.low_shift, limits.high_shift)
        growth = _limited(movement[3], -limits.scale_change, limits.scale_change)
        return HeadPose(
            self._portrait.rotation + (turned - self._own_rotation),
            self._portrait.scale * float(np.exp(growth)),
            self._portrait.translation + np.append(shift, 0.0),
        )


def _in_picture(roll: float) -> Array:
    """(2, 2) a turn by degrees in the picture's plane, positive clockwise."""
    return angles_rotation(0.0, 0.0, roll)[:2, :2]


def _limited(value: ArrayLike, low: ArrayLike, high: ArrayLike) -> Array:
    if np.all(np.isinf(high)):
        return np.asarray(value, np.float64)
    return soft_limit(value, low, high)
