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
        self._steps: deque[float] = deque(maxlen=_REMEMBERED)
        self._face: NDArray[np.float32] | None = None
        self._velocity: NDArray[np.float32] | None = None  # of the frame before; None where it showed no face
        self._face_ms = 0.0
        self._other_picture = self._other_face = False  # since the last face

    def __call__(
        self,
        landmarks: NDArray[np.float32] | None,
        timestamp_ms: float,
        *,
        other_picture: bool,
        other_face: bool = False,
    ) -> bool:
        """Whether this frame begins a take: there is a cut between the last frame with a face and this one.

        Args:
            landmarks: (478, 3) of the face in it, in pixels; None if there is none: then it is never a cut.
            timestamp_ms: when.
            other_picture: the picture became another one all at once, see `PictureChange`.
            other_face: another face is followed from this frame on, which is as good as a cut.
        """
        self._other_picture |= other_picture
        self._other_face |= other_face
        if landmarks is None:
            self._velocity = None
            return False
        last, self._face = self._face, landmarks
        elapsed, self._face_ms = timestamp_ms - self._face_ms, timestamp_ms
        changed, self._other_picture = self._other_picture, False
        other_face, self._other_face = self._other_face, False
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
        most = _ELSEWHERE * min(longer, _LONGEST) if changed else _NO_HEAD_CAN * longer
        if other_face or unforeseen > max(most, _TIMES_USUAL_STEP * usual):
            self._steps.clear()
            self._velocity = None
            return True
        self._steps.append(step)
        self._velocity = velocity
        return False
