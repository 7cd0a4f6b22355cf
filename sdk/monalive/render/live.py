"""A camera drives a photo, shown in a window, recorded, or both: what `monalive live` does."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive.faces.driver_rule import DriverFace
from monalive.limits import LONGEST_SIDE, MAX_FACES
from monalive.media.cameras import find_camera
from monalive.media.cutout import Colour, colour_of
from monalive.media.frame_sink import FrameSink
from monalive.media.video_sinks import open_sink
from monalive.media.virtual_camera import VirtualCamera
from monalive.media.webcam import Webcam
from monalive.media.window import Window, open_window
from monalive.networks.runtimes import RuntimeOptions
from monalive.player.driver_anchor import LiveReference
from monalive.render.animation import about_animation, create_animator
from monalive.render.frame_timing import until
from monalive.render.render import FaceChoice, Output, about_portraits, enroll_photos
from monalive.retargeting.retarget import RetargetOptions
from monalive.trust.badge import Badge
from monalive.trust.disclosure import Disclosure

log = logging.getLogger(__name__)
_NEUTRAL_KEY: Final = "n"


@dataclass(frozen=True)
class LiveRequest:
    """What to show.

    Attributes:
        photos, face, driver_face, max_faces, size, retarget, bundle, runtime, disclosure: as in
            `animation.AnimationRequest`; a badge is shown in the window, too.
        camera: its number, from 0, or a part of its name.
        record: file or folder to write what is shown to, or None.
        window: show it; left out where no window can be opened, if there is another output.
        virtual_camera: hand what is shown to the system's virtual camera, with the badge.
        mirror: move as in a mirror.
        seconds: end after so long.
        reference: what the motion is counted from, see `PhotoAnimatorOptions`.
        background: the colour behind a cut-out photo, a name, "#rrggbb" or three numbers; None: white, and nothing in
            recordings that can be transparent.
    """

    photos: Sequence[str | Path]
    camera: int | str = 0
    record: str | Path | None = None
    window: bool = True
    virtual_camera: bool = False
    mirror: bool = True
    seconds: float | None = None
    face: FaceChoice = "largest"
    driver_face: DriverFace = "auto"
    max_faces: int = MAX_FACES
    size: int | None = LONGEST_SIDE
    retarget: RetargetOptions = field(default_factory=RetargetOptions)
    bundle: str | Path | None = None
    runtime: RuntimeOptions = field(default_factory=RuntimeOptions)
    disclosure: Disclosure = field(default_factory=Disclosure)
    reference: LiveReference = "recent"
    background: str | Colour | None = None


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
        OSError: no such camera, it fails, there is no virtual camera, or the recording cannot be written.
        ValueError: a window is asked for and cannot be opened, and nothing else is; no such face in the photo; no
            camera of that name.
        ImportError: a virtual camera is asked for and its package is not installed.
    """
    started, frames = time.monotonic(), 0
    with ExitStack() as stack:
        window = _window(request, stack)
        camera = stack.enter_context(Webcam(find_camera(request.camera), mirror=request.mirror))
        animator = stack.enter_context(
            create_animator(
                "VIDEO",
                request.retarget,
                request.bundle,
                request.runtime,
                request.size,
                reference=request.reference,
                driver_face=request.driver_face,
                max_faces=request.max_faces,
            )
        )
        portraits = enroll_photos(animator, request.photos, request.face, request.disclosure.consent)
        said = about_portraits(about_animation(request.disclosure, animator, request.photos, "a camera"), portraits)
        background = None if request.background is None else colour_of(request.background)
        recording = None if request.record is None else Output(request.record, background=background)
        badge: Badge | None = None
        who = portraits[0] if len(portraits) == 1 else portraits
        sink: FrameSink | None = None
        caller: VirtualCamera | None = None
        try:
            for timestamp_ms, image in _for(camera, request.seconds):
                frame = animator.animate_for_video(who, image, timestamp_ms)
                shown = frame.image if background is None else frame.on(background)
                size = (shown.shape[1], shown.shape[0])
                if recording is not None:
                    picture = recording.picture(frame)
                    if sink is None:
                        recording.say_background(frame)
                        opened = open_sink(
                            recording.path, camera.fps, size, disclosure=said, transparent=picture.shape[2] == 4
                        )
                        sink = stack.enter_context(opened)
                    sink.write(picture, timestamp_ms)
                if request.virtual_camera:
                    if caller is None:
                        caller = stack.enter_context(VirtualCamera(camera.fps, size, replace(said, badge=True)))
                        log.warning("the virtual camera is %s; its frames carry the badge", caller.device)
                    caller.write(shown, timestamp_ms)
                frames += 1
                if window is not None:
                    if request.disclosure.badge:
                        badge = badge or Badge(size)
                        shown = badge.apply(shown)
                    if not window.show(shown):
                        break
                    if _NEUTRAL_KEY in window.pressed.lower():
                        animator.reanchor()
        except KeyboardInterrupt:
            print(file=sys.stderr)
    elapsed = max(time.monotonic() - started, 1e-6)
    if sink is None:
        return LiveSummary(frames, frames / elapsed, None)
    return LiveSummary(frames, frames / elapsed, sink.path, sink.credentials_path)


def _window(request: LiveRequest, stack: ExitStack) -> Window | None:
    """The window that is asked for; left out where none can be opened, if there is another output."""
    if not request.window:
        return None
    try:
        return stack.enter_context(open_window())
    except ValueError:
        if request.record is None and not request.virtual_camera:
            raise
        return None


def _for(camera: Webcam, seconds: float | None) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    return iter(camera) if seconds is None else until(camera, seconds * 1000.0)
