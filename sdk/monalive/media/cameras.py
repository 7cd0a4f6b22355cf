"""Which cameras there are, by name. Imports nothing that is slow to load."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_LINUX_DEVICES: Final = Path("/sys/class/video4linux")
_LINUX_FILES: Final = Path("/dev")
_FFMPEG_INPUTS: Final = {"darwin": "avfoundation", "win32": "dshow"}


@dataclass(frozen=True)
class Camera:
    """A camera: the number that `Webcam` takes, and its name."""

    number: int
    name: str


def cameras() -> list[Camera]:
    """The cameras of this machine, by number; an empty list also where the system does not tell."""
    return _of_linux() if sys.platform == "linux" else _of_ffmpeg()


def find_camera(wanted: int | str) -> int:
    """The number of a camera from its number or (a part of) its name.

    Raises:
        ValueError: no camera has that in its name, or several do.
    """
    if isinstance(wanted, int):
        return wanted
    known = cameras()
    exact = [camera for camera in known if camera.name.lower() == wanted.lower()]
    found = exact or [camera for camera in known if wanted.lower() in camera.name.lower()]
    if len(found) != 1:
        raise ValueError(f"{'no' if not found else 'more than one'} camera is called {wanted!r}; {listed(known)}")
    return found[0].number


def require_camera(number: int) -> None:
    """A quick look for a camera, before the libraries are loaded that can open it.

    Raises:
        ValueError: the number is negative.
        OSError: it is certain that there is no such camera, or that this user may not open it.
    """
    if number < 0:
        raise ValueError(f"cameras are counted from 0: there is no camera {number}")
    if sys.platform != "linux":
        return
    device = _LINUX_FILES / f"video{number}"
    if not device.exists():
        raise OSError(
            f"there is no camera {number}; {listed(cameras())}; connect one, or use a video file as the driver"
        )
    if not os.access(device, os.R_OK | os.W_OK):
        raise PermissionError(f"camera {number} cannot be opened: no permission for {device}; join its group (video)")


def listed(known: list[Camera]) -> str:
    """For people: the cameras by number and name."""
    if not known:
        return "no camera is known here"
    return "here are " + ", ".join(f"{camera.number} ({camera.name})" for camera in known)


def _of_linux() -> list[Camera]:
    found = []
    for device in _LINUX_FILES.glob("video*"):
        number = device.name.removeprefix("video")
        about = _LINUX_DEVICES / device.name
        # A camera's second device gives its metadata, no pictures.
        if number.isdecimal() and _content(about / "index", "0") == "0":
            found.append(Camera(int(number), _content(about / "name", str(device))))
    return sorted(found, key=lambda camera: camera.number)


def _content(path: Path, default: str) -> str:
    try:
        return path.read_text(errors="replace").strip() or default
    except OSError:
        return default


def _of_ffmpeg() -> list[Camera]:
    import av

    enumerate_inputs = getattr(av, "enumerate_input_devices", None)  # from PyAV 18 on
    if enumerate_inputs is None or sys.platform not in _FFMPEG_INPUTS:
        return []
    try:
        devices = enumerate_inputs(_FFMPEG_INPUTS[sys.platform])
    except (av.error.FFmpegError, OSError, ValueError):
        return []
    names = [device.description or device.name for device in devices if "video" in device.media_types]
    return [Camera(number, name) for number, name in enumerate(names)]
