"""The square that monalive's own tracker networks look at: the face level in it, pixel centres exact."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.landmarks import LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS
from monalive.faces.rotated_square import RotatedSquare

# Side of the region in face sizes (the longer side of the level box around the landmarks).
LEVEL_SCALE = 1.4
FOREHEAD, CHIN = 10, 152


def level_angle(landmarks: NDArray[np.floating]) -> float:
    """Roll of the face in the picture's plane, radians, clockwise as seen.

    From the eye line and the line from chin to forehead together: in profile the eye corners fall on one another and
    the second decides.
    """
    across = landmarks[LEFT_EYE_CORNERS[0], :2] - landmarks[RIGHT_EYE_CORNERS[0], :2]
    up = landmarks[FOREHEAD, :2] - landmarks[CHIN, :2]
    return float(np.arctan2(across[1] + up[0], across[0] - up[1]))


def level_region(landmarks: NDArray[np.floating]) -> RotatedSquare:
    """Where the landmark network looks for the face of these landmarks (478, 2 or 3), in picture pixels."""
    angle = level_angle(landmarks)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, -sin], [sin, cos]])  # level frame to picture
    level = landmarks[:, :2] @ turn
    low, high = level.min(axis=0), level.max(axis=0)
    x, y = turn @ ((low + high) / 2)
    return RotatedSquare(float(x), float(y), float((high - low).max()) * LEVEL_SCALE, angle)


def to_region(points: NDArray[np.floating], region: RotatedSquare) -> NDArray[np.float64]:
    """(..., 2 or 3) picture pixels to units of the region; z is divided by its side."""
    matrix = region.matrix(1)
    level = (points[..., :2] - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    return np.concatenate([level, points[..., 2:] / region.side], axis=-1)


def level_landmarks(landmarks: NDArray[np.floating]) -> NDArray[np.float32]:
    """(478, 2 or 3) picture pixels to (478, 2) in units of the face's own level region, which the blendshape network
    is given."""
    return to_region(landmarks, level_region(landmarks))[:, :2].astype(np.float32)


def from_region(points: NDArray[np.floating], region: RotatedSquare) -> NDArray[np.float64]:
    """The inverse of `to_region`."""
    matrix = region.matrix(1)
    return np.concatenate([points[..., :2] @ matrix[:, :2].T + matrix[:, 2], points[..., 2:] * region.side], axis=-1)


def extract_level(
    image: NDArray[np.uint8], region: RotatedSquare, size: int, *, border: int = cv2.BORDER_REPLICATE
) -> NDArray[np.uint8]:
    """The region resampled to (size, size, 3) uint8.

    Shrinking averages over the picture's pixels. `border` is cv2's rule for what lies outside the picture.
    """
    matrix = region.matrix(size)
    source, origin, part = image, np.zeros(2), 1.0
    scale = region.side / size
    if scale > 2.0:  # bilinear sampling alone reads 2x2 pixels: halve what is read until that is enough
        source, origin = _surroundings(image, region)
        times = 2 ** int(np.floor(np.log2(scale)))
        # Whole cells, so that each is a plain mean and lies the same on every platform.
        down, across = (-length % times for length in source.shape[:2])
        padded = cv2.copyMakeBorder(source, 0, down, 0, across, cv2.BORDER_REPLICATE)
        size_of_means = (padded.shape[1] // times, padded.shape[0] // times)
        source = np.asarray(cv2.resize(padded, size_of_means, interpolation=cv2.INTER_AREA), np.uint8)
        part = 1 / times
    linear = matrix[:, :2] * part
    offset = (matrix[:, 2] - origin) * part + linear @ np.array([0.5, 0.5]) - 0.5  # cv2: pixel centres on integers
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    pixels = np.concatenate([linear, offset[:, None]], axis=1)
    return cv2.warpAffine(source, pixels, (size, size), flags=flags, borderMode=border)  # type: ignore[return-value]


def _surroundings(image: NDArray[np.uint8], region: RotatedSquare) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The part of the picture that a region can show, and where its corner lies in the picture."""
    height, width = image.shape[:2]
    reach = region.side * 0.75
    left, top = (int(np.clip(c - reach, 0, n - 1)) for c, n in ((region.x, width), (region.y, height)))
    right, bottom = (int(np.clip(c + reach, 1, n)) + 1 for c, n in ((region.x, width), (region.y, height)))
    part = image[top : max(bottom, top + 1), left : max(right, left + 1)]
    return part, np.array([left, top], np.float64)
