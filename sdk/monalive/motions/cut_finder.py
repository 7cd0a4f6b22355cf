"""Finds cuts in a driver's video: the picture becomes another one, and the face is elsewhere all at once.

Neither alone is a cut. A flash changes the picture and leaves the face; a head that shakes moves fast in a picture that
stays. Only a leap that no head can make needs no other sign.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive.faces.landmarks import LEFT_EYE_CORNERS, POSE_POINTS, RIGHT_EYE_CORNERS

# The picture as 24 x 24 cells, each the mean of 4 x 4 pixels spread over it: of any size, at little cost.
_CELLS, _SAMPLES = 24, 4
# Mean difference of the cells, in levels of 255, above which, and above so many times the usual, a picture is another.
_OTHER_PICTURE, _TIMES_USUAL_PICTURE = 8.0, 3.0
# How far the face must move in `_FRAME_MS`, in outer-eye-corner distances (a face is 1.6 wide): in a picture that
# became another one, and in any. A quick shake of the head makes 0.3.
_ELSEWHERE, _NO_HEAD_CAN = 0.12, 0.5
_LONGEST: Final = 3.0  # frames that a change of the picture may have waited for the face to be seen
_TIMES_USUAL_STEP: Final = 3.0
_FRAME_MS: Final = 40.0
_REMEMBERED: Final = 8  # frames that tell what is usual


class CutFinder:
    """Call it with every frame of a video, in order, those without a face too."""

    def __init__(self) -> None:
        self._cells: NDArray[np.float32] | None = None
        self._differences: deque[float] = deque(maxlen=_REMEMBERED)
        self._steps: deque[float] = deque(maxlen=_REMEMBERED)
        self._face: NDArray[np.float32] | None = None
        self._velocity: NDArray[np.float32] | None = None  # of the frame before; None where it showed no face
        self._face_ms = 0.0
        self._other_picture = False  # since the last face

    def __call__(self, image: NDArray[np.uint8], landmarks: NDArray[np.float32] | None, timestamp_ms: float) -> bool:
        """Whether this frame begins a take: there is a cut between the last frame with a face and this one.

        Args:
            image: (H, W, 3) uint8 RGB.
            landmarks: (478, 3) of the face in it, in pixels; None if there is none: then it is never a cut.
            timestamp_ms: when.
        """
        self._other_picture |= self._becomes_another(image)
        if landmarks is None:
            self._velocity = None
            return False
        last, self._face = self._face, landmarks
        elapsed, self._face_ms = timestamp_ms - self._face_ms, timestamp_ms
        other_picture, self._other_picture = self._other_picture, False
        if last is None:
            return False
        size = max(float(np.linalg.norm(last[RIGHT_EYE_CORNERS[0]] - last[LEFT_EYE_CORNERS[0]])), 1e-9)
        velocity = (landmarks - last)[list(POSE_POINTS), :2] / size
        step = float(np.linalg.norm(velocity, axis=1).mean())
        unforeseen = step
        if self._velocity is not None:  # a head that moves keeps on
            unforeseen = min(step, float(np.linalg.norm(velocity - self._velocity, axis=1).mean()))
        longer = max(1.0, elapsed / _FRAME_MS)
        usual = max(self._steps, default=0.0)
        most = _ELSEWHERE * min(longer, _LONGEST) if other_picture else _NO_HEAD_CAN * longer
        if unforeseen > max(most, _TIMES_USUAL_STEP * usual):
            self._steps.clear()
            self._velocity = None
            return True
        self._steps.append(step)
        self._velocity = velocity
        return False

    def _becomes_another(self, image: NDArray[np.uint8]) -> bool:
        before, self._cells = self._cells, _cells(image)
        if before is None:
            return False
        difference = float(np.abs(self._cells - before).mean())
        usual = float(np.median(self._differences)) if self._differences else 0.0
        self._differences.append(difference)
        return difference > max(_OTHER_PICTURE, _TIMES_USUAL_PICTURE * usual)


def _cells(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(24, 24, 3) mean colours."""
    side = _CELLS * _SAMPLES
    rows, columns = ((np.arange(side) + 0.5) * length / side for length in image.shape[:2])
    sampled = image[np.ix_(rows.astype(np.intp), columns.astype(np.intp))].astype(np.float32)
    means: NDArray[np.float32] = sampled.reshape(_CELLS, _SAMPLES, _CELLS, _SAMPLES, 3).mean((1, 3))
    return means
