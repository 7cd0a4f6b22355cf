"""What the motion of a driver is counted from while its frames come one by one: nobody knows those still to come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from monalive.motions.cut_finder import CutFinder
from monalive.motions.driver_takes import FIRST_SECONDS_MS, Reference, checked_reference
from monalive.motions.neutral_face import departures, face_measures, most_neutral

# What a driver's motion is counted from: as `Reference`; "recent" is as "neutral", and looks again all the time.
LiveReference = Reference | Literal["recent"]
# A frame of the first seconds takes over if it is so much more neutral than the one in use.
_CLEARLY: Final = 0.5
# Later, every so often, the most neutral frame since then takes over slowly if it is neutral enough.
_AGAIN_MS: Final = 15_000.0
_NEUTRAL_ENOUGH: Final = 1.0
# How long the portrait takes to glide over.
_AFTER_CUT_MS, _SETTLING_MS, _AGAIN_GLIDE_MS = 500.0, 500.0, 2000.0


@dataclass(frozen=True, eq=False)
class Anchoring:
    """The motion is counted from another face from this frame on.

    Attributes:
        landmarks: (478, 3) of that face, in pixels of the driver's frames.
        glide_ms: how long the portrait takes to get there.
        after_cut: whether it is because of a cut.
    """

    landmarks: NDArray[np.float32]
    glide_ms: float = _AFTER_CUT_MS
    after_cut: bool = False


class DriverAnchor:
    """Call it with every frame of a driver.

    Args:
        reference: "neutral": the first face, then each more neutral one of the first three seconds; "first": the first
            face; "recent": as "neutral", and every 15 seconds the most neutral face since, so that somebody who sits
            down differently is at rest again; or the number of a frame, from 0. After a cut it begins anew.

    Raises:
        ValueError: another reference.
    """

    def __init__(self, reference: LiveReference = "neutral") -> None:
        self._reference = reference if reference == "recent" else checked_reference(reference)
        self._find_cut = CutFinder()
        self._number = -1
        self._asked = False
        self._faces: list[NDArray[np.float32]] = []  # candidates, and what they measure
        self._measures: list[NDArray[np.float64]] = []
        self._used: NDArray[np.float64] | None = None  # measures of the face in use; None before the first
        self._looking_until = self._changed_ms = 0.0

    def ask(self) -> None:
        """Makes the next face the one that the motion is counted from."""
        self._asked = True

    def __call__(
        self,
        landmarks: NDArray[np.float32] | None,
        timestamp_ms: float,
        *,
        other_picture: bool,
        other_face: bool = False,
    ) -> Anchoring | None:
        """What the motion is counted from now; None: as before. The first face of all is always an anchoring.

        Args:
            landmarks: (478, 3) of the face in it; None if there is none.
            timestamp_ms: when; it increases from frame to frame.
            other_picture: the picture became another one all at once, which may be a cut: see `CutFinder`.
            other_face: another face drives from this frame on; that counts as a cut.
        """
        self._number += 1
        cut = self._find_cut(landmarks, timestamp_ms, other_picture=other_picture, other_face=other_face)
        if landmarks is None:
            return None
        asked = self._asked or self._number == self._reference
        if self._used is None or cut or asked:
            self._asked = False
            self._open(landmarks, timestamp_ms, settled=asked)
            return Anchoring(landmarks, after_cut=cut)
        if timestamp_ms <= self._looking_until:
            self._consider(landmarks)
            if timestamp_ms - self._changed_ms >= _SETTLING_MS:
                return self._more_neutral(timestamp_ms)
            return None
        if self._reference != "recent":
            return None
        self._consider(landmarks)
        if timestamp_ms - self._changed_ms < _AGAIN_MS:
            return None
        return self._recent(timestamp_ms)

    def _open(self, landmarks: NDArray[np.float32], timestamp_ms: float, *, settled: bool) -> None:
        self._used = face_measures(landmarks)
        self._faces, self._measures = [landmarks], [self._used]
        looks = not settled and self._reference in ("neutral", "recent")
        self._looking_until = timestamp_ms + FIRST_SECONDS_MS if looks else timestamp_ms
        self._changed_ms = timestamp_ms

    def _consider(self, landmarks: NDArray[np.float32]) -> None:
        self._faces.append(landmarks)
        self._measures.append(face_measures(landmarks))

    def _more_neutral(self, timestamp_ms: float) -> Anchoring | None:
        """In the first seconds."""
        assert self._used is not None, "the first face is in use"
        measures = np.stack([*self._measures, self._used])
        best, cost = most_neutral(measures[:-1]), departures(measures)
        if cost[-1] - cost[best] < _CLEARLY:
            return None
        self._used, self._changed_ms = measures[best], timestamp_ms
        return Anchoring(self._faces[best], _SETTLING_MS)

    def _recent(self, timestamp_ms: float) -> Anchoring | None:
        """Every so often; of those nearly alike the last one, and all are forgotten."""
        assert self._used is not None, "the first face is in use"
        measures = np.stack([*self._measures, self._used])
        best, cost = len(self._faces) - 1 - most_neutral(measures[-2::-1]), departures(measures)
        faces, self._faces, self._measures = self._faces, [], []
        self._changed_ms = timestamp_ms
        if cost[best] > max(_NEUTRAL_ENOUGH, cost[-1]):
            return None
        self._used = measures[best]
        return Anchoring(faces[best], _AGAIN_GLIDE_MS)
