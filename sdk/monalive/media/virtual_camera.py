"""Frames as a camera that other programs can choose: video calls, OBS. Needs the extra `live`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from monalive.media.frame_sink import FrameSink, Target
from monalive.trust.disclosure import Disclosure

_NAME: Final = Path("virtual.camera")  # for errors; no file of that name is written
_MULTIPLE: Final = 4  # some drivers take no other widths and heights
_HELP: Final = {
    "linux": "load the kernel module v4l2loopback (sudo modprobe v4l2loopback)",
    "darwin": "install OBS 30 or newer and start its virtual camera once",
    "win32": "install OBS, which brings one, or Unity Capture",
}


class VirtualCamera(FrameSink):
    """Hands frames to the system's virtual camera, cropped to widths and heights that drivers take.

    Nothing can be signed there, so frames carry the visible badge besides the mark in their pixels.

    Args:
        fps: announced frames per second; frames are sent when they come.
        size: (width, height) of the frames.
        disclosure: what the mark is put by.

    Raises:
        ImportError: pyvirtualcam is not installed.
        OSError: there is no virtual camera, or another program has it.
    """

    def __init__(self, fps: float, size: tuple[int, int], disclosure: Disclosure) -> None:
        super().__init__(Target(_NAME, fps, size, disclosure))
        try:
            import pyvirtualcam
        except ImportError as error:
            raise ImportError(
                "a virtual camera needs the package pyvirtualcam; pip install 'monalive[live]'"
            ) from error
        self._width, self._height = (side // _MULTIPLE * _MULTIPLE for side in size)
        try:
            self._camera: Any = pyvirtualcam.Camera(self._width, self._height, fps)
        except (RuntimeError, OSError, ValueError) as error:
            hint = _HELP.get(sys.platform, "install one")
            raise OSError(f"no virtual camera is free; {hint}") from error

    @property
    def device(self) -> str:
        """What other programs call it."""
        return str(self._camera.device)

    def _write(self, image: NDArray[np.uint8], timestamp_ms: float) -> None:
        self._camera.send(np.ascontiguousarray(image[: self._height, : self._width]))

    def _commit(self, end_ms: float) -> None:
        self._camera.close()

    def _discard(self) -> None:
        self._camera.close()
