"""Follows the one face of a video that drives."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive.faces.driver_rule import DriverFace, DriverRule
from monalive.faces.rotated_square import RotatedSquare
from monalive.faces.tracker import THOROUGH_EVERY, Face, FaceTracker, without_repeats

# While another face may still become the driver, only every so many frames are searched for more.
_SEARCH_EVERY: Final = 5
# A video is looked through no further than this to choose who drives.
_LOOK_AHEAD_MS: Final = 2000.0


class DriverFollower:
    """Finds the driver's face in the frames of a video and stays with it.

    Args:
        tracker: finds and reads faces; its `num_faces` is how many may come into question. It stays the caller's.
        which: who drives, see `DriverRule`.

    Raises:
        ValueError: another `which`.
    """

    def __init__(self, tracker: FaceTracker, which: DriverFace = "auto") -> None:
        self._tracker = tracker
        self._which = which
        self.reset()

    def reset(self) -> None:
        """Forgets the video, so that another may begin."""
        self._rule = DriverRule(self._which)
        self._size: tuple[int, int] | None = None
        self._frame = self._lost = 0

    @property
    def changed(self) -> bool:
        """Whether another face drives since the last frame, so that motion has to be counted from it anew."""
        return self._rule.changed

    def is_open(self, timestamp_ms: float) -> bool:
        """Whether another face may still become the driver."""
        return self._rule.is_open(timestamp_ms)

    def decide(self, size: tuple[int, int]) -> RotatedSquare | None:
        """Chooses with what was seen until now, in frames of that width and height: where the driver was seen first."""
        self._rule.decide(size)
        return self._rule.first_place

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
            self.reset()
            self._size = size
        faces = self._tracker.look_at(image, self._rule.places)
        in_sight = any(self._rule.recognises(face.landmarks) for face in faces)
        if not in_sight or (self._rule.is_open(timestamp_ms) and self._frame % _SEARCH_EVERY == 0):
            found = self._tracker.search(image, thorough=not in_sight and self._lost % THOROUGH_EVERY == 0)
            faces = without_repeats([*faces, *found])
        driver = self._rule([face.landmarks for face in faces], timestamp_ms, size)
        self._frame += 1
        self._lost = self._lost + 1 if driver is None else 0
        return None if driver is None else faces[driver]


def place_of_driver(
    frames: Iterable[tuple[float, NDArray[np.uint8]]], tracker: FaceTracker, which: DriverFace = "auto"
) -> RotatedSquare | None:
    """Where the face that will drive is first seen, from the first two seconds of a video at most.

    Handed over as `which`, it makes that face the driver from its first frame on.

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
        if timestamp_ms - start_ms > _LOOK_AHEAD_MS or not follower.is_open(timestamp_ms):
            break
    return follower.decide(size)
