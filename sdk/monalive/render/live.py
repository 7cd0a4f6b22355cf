"""A camera drives a photo, shown in a window, recorded, or both: what `monalive live` does."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.driver_rule import DriverFace
from monalive.faces.tracker import MAX_FACES
from monalive.media.frame_sink import FrameSink
from monalive.media.video_sinks import open_sink
from monalive.media.webcam import Webcam
from monalive.networks.runtimes import RuntimeOptions
from monalive.render.animation import about_animation, create_animator
from monalive.render.frame_timing import until
from monalive.render.render import FaceChoice, about_portraits, enroll_photos
from monalive.retargeting.retarget import RetargetOptions
from monalive.trust.badge import Badge
from monalive.trust.disclosure import Disclosure

_TITLE: Final = "monalive"
_END_KEYS: Final = frozenset({27, ord("q")})


@dataclass(frozen=True)
class LiveRequest:
    """What to show.

    Attributes:
        photos, face, driver_face, max_faces, retarget, bundle, runtime, disclosure: as in `animation.AnimationRequest`;
            a badge is shown in the window, too.
        camera: its number, from 0.
        record: file or folder to write what is shown to, or None.
        window: show it; left out where no window can be opened, if it is recorded.
        mirror: move as in a mirror.
        seconds: end after so long.
    """

    photos: Sequence[str | Path]
    camera: int = 0
    record: str | Path | None = None
    window: bool = True
    mirror: bool = True
    seconds: float | None = None
    face: FaceChoice = "largest"
    driver_face: DriverFace = "auto"
    max_faces: int = MAX_FACES
    retarget: RetargetOptions = field(default_factory=RetargetOptions)
    bundle: str | Path | None = None
    runtime: RuntimeOptions = field(default_factory=RuntimeOptions)
    disclosure: Disclosure = field(default_factory=Disclosure)


@dataclass(frozen=True)
class LiveSummary:
    """How it went: frames shown, frames per second, what was written, and credentials that had to go beside it."""

    frames: int
    fps: float
    path: Path | None
    credentials: Path | None = None


def run_live(request: LiveRequest) -> LiveSummary:
    """Animates the camera's newest frame until the window is closed, the time is over, or Ctrl-C.

    Until the camera first sees a face the photo stays unmoved. A recording is kept however it ends.

    Raises:
        OSError: no such camera, it fails, or the recording cannot be written.
        ValueError: neither a window can be opened nor a recording is asked for; or no such face in the photo.
    """
    window = request.window and window_available()
    if not window and request.record is None:
        raise ValueError(
            "no window can be opened here: there is no screen, or OpenCV was installed without windows (the package "
            "opencv-python has them); use --record FILE to write what it would show"
        )
    started, frames = time.monotonic(), 0
    with ExitStack() as stack:
        camera = stack.enter_context(Webcam(request.camera, mirror=request.mirror))
        animator = stack.enter_context(
            create_animator(
                "VIDEO",
                request.retarget,
                request.bundle,
                request.runtime,
                driver_face=request.driver_face,
                max_faces=request.max_faces,
            )
        )
        portraits = enroll_photos(animator, request.photos, request.face, request.disclosure.consent)
        said = about_portraits(about_animation(request.disclosure, animator, request.photos, "a camera"), portraits)
        badge: Badge | None = None
        who = portraits[0] if len(portraits) == 1 else portraits
        if window:
            stack.callback(cv2.destroyAllWindows)
        sink: FrameSink | None = None
        try:
            for timestamp_ms, image in _for(camera, request.seconds):
                shown = animator.animate_for_video(who, image, timestamp_ms).image
                if request.record is not None:
                    if sink is None:
                        size = (shown.shape[1], shown.shape[0])
                        sink = stack.enter_context(open_sink(request.record, camera.fps, size, disclosure=said))
                    sink.write(shown, timestamp_ms)
                frames += 1
                if window and request.disclosure.badge:
                    badge = badge or Badge((shown.shape[1], shown.shape[0]))
                    shown = badge.apply(shown)
                if window and not _show(shown):
                    break
        except KeyboardInterrupt:
            print(file=sys.stderr)
    elapsed = max(time.monotonic() - started, 1e-6)
    if sink is None:
        return LiveSummary(frames, frames / elapsed, None)
    return LiveSummary(frames, frames / elapsed, sink.path, sink.credentials_path)


def window_available() -> bool:
    """Whether OpenCV can open a window: it was built with one, and there is a screen."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False  # asking would end the process
    try:
        cv2.namedWindow(_TITLE, cv2.WINDOW_AUTOSIZE)
    except cv2.error:
        return False
    return True


def _for(camera: Webcam, seconds: float | None) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    return iter(camera) if seconds is None else until(camera, seconds * 1000.0)


def _show(image: NDArray[np.uint8]) -> bool:
    """False when the window was closed or a key was pressed that ends it."""
    cv2.imshow(_TITLE, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    if cv2.waitKey(1) & 0xFF in _END_KEYS:
        return False
    return cv2.getWindowProperty(_TITLE, cv2.WND_PROP_VISIBLE) >= 1
