"""Portraits of one photo that follow one driver, whatever the running mode."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from monalive.motions.driver_surroundings import DriverSurroundings
from monalive.player.face_networks import FaceNetworks
from monalive.player.portrait_player import PortraitPlayer
from monalive.portrait import Portrait
from monalive.result import AnimatedFrame
from monalive.retargeting.retarget import RetargetOptions

Portraits = Portrait | Sequence[Portrait]


class Following:
    """Call `start` with the driver's reference frame, then `frame` for every frame; or `video_frame` alone.

    Args:
        portraits: one, or several of the same photo.
        networks: they must outlive this.
        options: what of the driver's motion is taken over.

    Raises:
        ValueError: no portrait, or portraits of several photos.
    """

    def __init__(self, portraits: Portraits, networks: FaceNetworks, options: RetargetOptions) -> None:
        self.portraits = portraits
        people = [portraits] if isinstance(portraits, Portrait) else list(portraits)
        if not people:
            raise ValueError("there is no portrait to animate")
        self._photo, self._crop = people[0].photo, people[0].crop
        if any(person.photo is not self._photo for person in people):
            raise ValueError("portraits animated together must come from one photo: use enroll_all(photo)")
        self._players = [PortraitPlayer(person, networks, options) for person in people]
        self._takes_surroundings = options.takes_surroundings
        self._surroundings: DriverSurroundings | None = None
        self._last_frame: AnimatedFrame | None = None
        self._started = False

    def start(self, landmarks: NDArray[np.float32], size: tuple[int, int]) -> None:
        """Takes the driver's reference frame: landmarks (478, 3) in pixels of frames of size (width, height)."""
        for player in self._players:
            player.start(landmarks, size)
        self._started = True

    def video_frame(
        self, image: NDArray[np.uint8], landmarks: NDArray[np.float32], timestamp_ms: float
    ) -> AnimatedFrame:
        """A frame of the driver's video (H, W, 3) and the face in it; the first one is the reference."""
        if not self._started:
            self.start(landmarks, (image.shape[1], image.shape[0]))
            if self._takes_surroundings:  # only then: it takes milliseconds for every frame
                self._surroundings = DriverSurroundings(image, landmarks)
        surroundings = None if self._surroundings is None else self._surroundings(image, landmarks)
        return self.frame(landmarks, timestamp_ms, surroundings)

    def frame(
        self,
        landmarks: NDArray[np.float32],
        timestamp_ms: float,
        surroundings: NDArray[np.float32] | None = None,
    ) -> AnimatedFrame:
        """What a frame of the driver makes of the photo.

        Args:
            landmarks: (478, 3) in pixels of the driver's frame.
            timestamp_ms: when; it must increase if smoothing is on.
            surroundings: (16, 16, 3) measured since the reference frame; None for unknown.
        """
        picture, poses = self._photo, []
        elapsed = math.inf if self._last_frame is None else timestamp_ms - self._last_frame.timestamp_ms
        for player in self._players:
            wanted = player.follow(landmarks, timestamp_ms, surroundings)
            picture = player.draw(picture, wanted, elapsed)
            poses.append(wanted.landmarks)
        self._last_frame = AnimatedFrame(picture, self._crop, poses[0], timestamp_ms)
        return self._last_frame

    def hold(self, timestamp_ms: float) -> AnimatedFrame:
        """The last frame again, or the photo where there is none."""
        last = self._last_frame
        if last is None:
            rest = self._players[0].rest
            return AnimatedFrame(self._photo.copy(), self._crop, rest, timestamp_ms, driver_found=False)
        return replace(last, timestamp_ms=timestamp_ms, driver_found=False)
