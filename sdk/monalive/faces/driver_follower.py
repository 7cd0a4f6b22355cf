"""Follows the one face of a video that drives."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive.faces.driver_rule import DriverFace, DriverRule, checked_driver_face
from monalive.faces.picture_change import PictureChange
from monalive.faces.rotated_square import RotatedSquare
from monalive.faces.tracker import THOROUGH_EVERY, Face, FaceTracker, without_repeats

# While another face may still become the driver, only every so many frames are searched for more.
_SEARCH_EVERY: Final = 5
# A cut changes so much of the picture at once; whoever steps in front of the driver changes less.
_CUT_SHARE: Final = 0.35
# A video is looked through no further than this to choose who drives.
_LOOK_AHEAD_MS: Final = 2000.0


class DriverFollower:
    """Finds the driver's face in the frames of a video and stays with it. After a cut it chooses anew.

    Args:
        tracker: finds and reads faces; its `num_faces` is how many may come into question. It stays the caller's.
        which: who drives, see `DriverRule`.
        place: where that face is first seen, if it is known: see `place_of_driver`.

    Raises:
        ValueError: another `which`.
    """

    def __init__(self, tracker: FaceTracker, which: DriverFace = "auto", place: RotatedSquare | None = None) -> None:
        self._tracker = tracker
        self._which = checked_driver_face(which)
        self._becomes_another = PictureChange()
        self.other_picture = False
        """Whether the last frame's picture was another one than the frame's before it, all at once."""
        self._begin(which if place is None else place)

    def _begin(self, which: DriverFace) -> None:
        """With another video."""
        self._first_rule = self._rule = DriverRule(which)
        self._cut = False  # since the driver was last in sight
        self._chosen_anew = False
        self._size: tuple[int, int] | None = None
        self._frame = self._lost = 0

    @property
    def changed(self) -> bool:
        """Whether another face drives since the last frame, so that motion has to be counted from it anew."""
        return self._rule.changed or self._chosen_anew

    @property
    def in_first_take(self) -> bool:
        """Whether no face was chosen anew after a cut."""
        return self._rule is self._first_rule

    def is_open(self, timestamp_ms: float) -> bool:
        """Whether another face may still become the driver."""
        return self._rule.is_open(timestamp_ms)

    def decide(self, size: tuple[int, int]) -> RotatedSquare | None:
        """Chooses with what was seen until now, or until the first cut, in frames of that width and height.

        Returns:
            Where the driver was seen first.
        """
        self._first_rule.decide(size)
        return self._first_rule.first_place

    def track(self, image: NDArray[np.uint8], timestamp_ms: float) -> Face | None:
        """The driver's face in the next frame, or None: it is not in sight, and no other face takes its place.

        Args:
            image: (H, W, 3) uint8 RGB, at least 16 pixels on a side; a frame of another size starts anew.
            timestamp_ms: of the frame; it increases.

        Raises:
            ValueError: `image` is not such an array, or the tracker is closed.
        """
        size = (image.shape[1], image.shape[0])
        if size != self._size:
            if self._size is not None:
                self._begin(self._which)
            self._size = size
        self.other_picture = self._becomes_another(image)
        self._cut |= self.other_picture and self._becomes_another.share > _CUT_SHARE
        faces = self._tracker.look_at(image, self._rule.places)
        in_sight = any(self._rule.recognises(face.landmarks) for face in faces)
        if not in_sight or (self._rule.is_open(timestamp_ms) and self._frame % _SEARCH_EVERY == 0):
            thorough = not in_sight and self._lost % THOROUGH_EVERY == 0
            found = self._tracker.search(image, thorough=thorough, known=faces)
            faces = without_repeats([*faces, *found])
            in_sight = any(self._rule.recognises(face.landmarks) for face in faces)
        self._chosen_anew = self._cut and not in_sight and bool(faces) and self._rule.first_place is not None
        if self._chosen_anew:
            self._rule = DriverRule(self._which)
        driver = self._rule([face.landmarks for face in faces], timestamp_ms, size)
        self._frame += 1
        self._lost = self._lost + 1 if driver is None else 0
        self._cut &= driver is None
        return None if driver is None else faces[driver]


def place_of_driver(
    frames: Iterable[tuple[float, NDArray[np.uint8]]], tracker: FaceTracker, which: DriverFace = "auto"
) -> RotatedSquare | None:
    """Where the face that will drive is first seen, from the first two seconds of a video at most.

    A follower that knows it has that face drive from its first frame on.

    Args:
        frames: (timestamp in ms, (H, W, 3) uint8 RGB), no more of them taken than needed.
        tracker, which: see `DriverFollower`.

    Returns:
        The face's region; None where no face was seen.
    """
    follower, start_ms, size = DriverFollower(tracker, which), math.inf, (1, 1)
    for timestamp_ms, image in frames:
        start_ms, size = min(start_ms, timestamp_ms), (image.shape[1], image.shape[0])
        follower.track(image, timestamp_ms)
        looked = timestamp_ms - start_ms > _LOOK_AHEAD_MS
        if looked or not follower.in_first_take or not follower.is_open(timestamp_ms):
            break
    return follower.decide(size)
