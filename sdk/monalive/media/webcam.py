"""Frames from a camera."""

from __future__ import annotations

import time
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.closing import ClosesAtEnd
from monalive.media.cameras import cameras, listed

# Cameras drop a frame now and then; after so many in a row they are gone.
_MAX_FAILURES = 30


class Webcam(ClosesAtEnd):
    """A camera as a stream of (timestamp in ms from 0, (H, W, 3) uint8 RGB).

    Only the newest frame is wanted: frames that come while the last one is being worked on are dropped where
    the driver allows it.

    Args:
        index: number of the camera, from 0.
        mirror: flip left and right, so that the picture moves as in a mirror.

    Raises:
        ValueError: the number is negative.
        OSError: there is no such camera, or another program has it.
    """

    def __init__(self, index: int = 0, *, mirror: bool = False) -> None:
        if index < 0:
            raise ValueError(f"cameras are counted from 0: there is no camera {index}")
        self._mirror = mirror
        self._index = index
        level = cv2.utils.logging.getLogLevel()
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # it would print what is raised below
        try:
            self._camera = cv2.VideoCapture(index)
        finally:
            cv2.utils.logging.setLogLevel(level)
        if not self._camera.isOpened():
            self._camera.release()
            raise OSError(_why_not(index))
        self._camera.set(cv2.CAP_PROP_BUFFERSIZE, 1)

    @property
    def fps(self) -> float:
        """Frames per second the camera says it gives; 30 when it does not say."""
        fps = float(self._camera.get(cv2.CAP_PROP_FPS))
        return fps if 1 <= fps <= 240 else 30.0

    def __iter__(self) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        """Yields frames until the camera is closed.

        Raises:
            OSError: the camera stopped giving frames.
        """
        start: float | None = None
        failures = 0
        while self._camera.isOpened():
            found, frame = self._camera.read()
            if not found or frame is None:
                failures += 1
                if failures >= _MAX_FAILURES:
                    raise OSError(f"camera {self._index} stopped sending pictures; check its cable")
                time.sleep(0.01)
                continue
            failures = 0
            now = time.monotonic()
            start = now if start is None else start
            if self._mirror:
                frame = cv2.flip(frame, 1)
            yield (now - start) * 1000.0, cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)  # type: ignore[misc]

    def close(self) -> None:
        """Lets go of the camera."""
        self._camera.release()


def _why_not(index: int) -> str:
    known = cameras()
    if any(camera.number == index for camera in known):
        return f"camera {index} cannot be opened: another program uses it, or permission is missing; {listed(known)}"
    return (
        f"camera {index} cannot be opened: there is none, it is in use, or permission is missing; {listed(known)}; "
        "connect one, or use a video file as the driver"
    )
