"""What a face does, read from its landmarks as numbers that a result and its driver are compared by.

The blendshapes are MediaPipe's, whoever found the landmarks: results are never judged by our own tracker.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive.faces.expressions import EYEBALL_RADIUS
from monalive_distill.mediapipe_tracker.networks import mediapipe_blendshapes
from monalive_distill.metrics.expressions import EXPRESSION_GROUPS, expression_groups
from monalive_distill.regions.frames import EYE_SHAPE, MOUTH_SHAPE, face_frames
from monalive_distill.regions.measures import brow_height, eye_measures, lip_measures

Readings = NDArray[np.float32]  # (..., len(READINGS))

# Measured on the landmarks themselves, in face coordinates, with the least change that counts as one: lids' gap (open:
# about .3), degrees to the picture's right and down, inner lips' gap and brows above the eyes' corners in
# outer-eye-corner distances.
MEASURES: Final = {
    "eye opening": 0.08,
    "gaze, degrees right": 6.0,
    "gaze, degrees down": 6.0,
    "mouth opening": 0.05,
    "brow height": 0.02,
}
# A group of blendshapes moves from this change on; MediaPipe's scores of a face at rest waver by some .03.
GROUP_MOVES: Final = 0.1
# Names of what is read, in order, and the least change that counts as one.
READINGS: Final[dict[str, float]] = dict.fromkeys(EXPRESSION_GROUPS, GROUP_MOVES) | MEASURES
_NAMES: Final = tuple(READINGS)
# Of eyes less open than that nobody knows where they look.
OPEN_EYES: Final = 0.18


class FaceReader:
    """Reads faces.

    Raises:
        FileNotFoundError, ValueError: MediaPipe's blendshape network is not installed.
    """

    def __init__(self) -> None:
        self._blendshapes = mediapipe_blendshapes()

    def __call__(self, landmarks: NDArray[np.float32] | None) -> Readings:
        """The values of `READINGS` (14,) of landmarks (478, 3), pixels of any picture; NaN where there are none, and
        gaze in degrees where the eyes are shut.
        """
        if landmarks is None:
            return np.full(len(READINGS), np.nan, np.float32)
        return np.concatenate([expression_groups(self._blendshapes(landmarks)), _measures(landmarks)])

    def changes(self, faces: list[NDArray[np.float32] | None]) -> Readings:
        """How faces differ from the first: (len(faces) - 1, 14)."""
        read = np.stack([self(face) for face in faces])
        return np.asarray(read[1:] - read[0], np.float32)


def column(name: str) -> int:
    """Where a value of `READINGS` stands."""
    return _NAMES.index(name)


def gaze_error(result: Readings, truth: Readings) -> float | None:
    """Angle in degrees between where two faces look, each the mean of both eyes; None where one of them has its eyes
    shut or could not be read.
    """
    gaze = [column("gaze, degrees right"), column("gaze, degrees down")]
    error = float(np.linalg.norm(result[gaze] - truth[gaze]))
    return error if np.isfinite(error) else None


def _measures(landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    frames = face_frames(landmarks)
    eyes = [frame.to_crop(landmarks, EYE_SHAPE) for frame in (frames.left_eye, frames.right_eye)]
    openness, inward, down = np.stack([eye_measures(points, EYE_SHAPE.scale) for points in eyes]).T  # (2,) each
    gaze = np.full(2, np.nan)
    if openness.mean() >= OPEN_EYES:
        # The nose is to the left of the left eye as seen, to the right of the right one.
        sines = np.stack([inward * (-1, 1), down]) / EYEBALL_RADIUS
        gaze = np.rad2deg(np.arcsin(np.clip(sines, -1, 1))).mean(1)
    brows = np.mean([brow_height(points, EYE_SHAPE.scale) for points in eyes])
    opening, _ = lip_measures(frames.mouth.to_crop(landmarks, MOUTH_SHAPE), MOUTH_SHAPE.scale)
    return np.array([openness.mean(), *gaze, opening, brows], np.float32)
