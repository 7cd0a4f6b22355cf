"""A camera or a microphone drives a photo, shown in a window, recorded, or both: what `monalive live` does."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

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
from monalive.motions.speaking_face import SpeakingFace
from monalive.motions.speech_motion import SPEECH_FPS
from monalive.networks.runtimes import RuntimeOptions
from monalive.player.driver_anchor import LiveReference
from monalive.render.animation import about_animation, create_animator
from monalive.render.frame_timing import until
from monalive.render.render import FaceChoice, Output, about_portraits, enroll_photos
from monalive.retargeting.retarget import RetargetOptions
from monalive.speech.lips_network import LipsNetwork
from monalive.speech.microphone import Microphone
from monalive.trust.badge import Badge
from monalive.trust.consent import require_consent_to_speech
from monalive.trust.disclosure import Disclosure

if TYPE_CHECKING:
    from monalive.animator import PhotoAnimator
    from monalive.player.portrait_player import Portraits
    from monalive.result import AnimatedFrame

log = logging.getLogger(__name__)
T = TypeVar("T")
_NEUTRAL_KEY: Final = "n"


@dataclass(frozen=True)
class LiveRequest:
    """What to show.

    Attributes:
        photos, face, driver_face, max_faces, size, retarget, bundle, runtime, disclosure: as in
            `animation.AnimationRequest`; a badge is shown in the window, too.
        camera: its number, from 0, or a part of its name.
        microphone: speak with what it hears, in place of a camera: its number, a part of its name, or "" for the
            system's own choice; None: the camera drives. `disclosure` must state the consent.
        expression, seed: how the face looks while it speaks, see `Motion.from_speech`.
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
    microphone: int | str | None = None
    expression: str = "neutral"
    seed: int = 0
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

    Until the camera first sees a face the photo stays unmoved. With a microphone the photo speaks what is heard, a
    fifth of a second later: the network listens 0.12 s ahead, and a frame takes its time. A recording is kept however
    it ends; it has no sound.

    Raises:
        OSError: no such camera or microphone, it fails, there is no virtual camera, or the recording cannot be written.
        ValueError: a window is asked for and cannot be opened, and nothing else is; no such face in the photo; no
            camera or microphone of that name; a microphone without a statement of consent.
        ImportError: a virtual camera or a microphone is asked for and its package is not installed.
    """
    speaks = request.microphone is not None
    if speaks:
        require_consent_to_speech(request.disclosure.consent)
    elif request.expression != "neutral" or request.seed:
        raise ValueError("an expression and a seed need a microphone; leave them out")
    started, frames = time.monotonic(), 0
    with ExitStack() as stack:
        window = _window(request, stack)
        driver = _driver(request, stack)
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
        said = about_animation(request.disclosure, animator, request.photos, driver.kind)
        said = replace(about_portraits(said, portraits), speech=speaks or said.speech)
        background = None if request.background is None else colour_of(request.background)
        recording = None if request.record is None else Output(request.record, background=background)
        badge: Badge | None = None
        who = portraits[0] if len(portraits) == 1 else portraits
        sink: FrameSink | None = None
        caller: VirtualCamera | None = None
        try:
            for frame in driver.frames(animator, who, request.seconds):
                timestamp_ms = frame.timestamp_ms
                shown = frame.image if background is None else frame.on(background)
                size = (shown.shape[1], shown.shape[0])
                if recording is not None:
                    picture = recording.picture(frame)
                    if sink is None:
                        recording.say_background(frame)
                        opened = open_sink(
                            recording.path, driver.fps, size, disclosure=said, transparent=picture.shape[2] == 4
                        )
                        sink = stack.enter_context(opened)
                    sink.write(picture, timestamp_ms)
                if request.virtual_camera:
                    if caller is None:
                        caller = stack.enter_context(VirtualCamera(driver.fps, size, replace(said, badge=True)))
                        log.warning("the virtual camera is %s; its frames carry the badge", caller.device)
                    caller.write(shown, timestamp_ms)
                frames += 1
                if window is not None:
                    if said.shows_badge:
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


def _driver(request: LiveRequest, stack: ExitStack) -> _CameraDriver | _MicrophoneDriver:
    """What drives; it is let go of with `stack`."""
    if request.microphone is None:
        return _CameraDriver(stack.enter_context(Webcam(find_camera(request.camera), mirror=request.mirror)))
    microphone = stack.enter_context(Microphone(request.microphone))
    face = SpeakingFace(LipsNetwork.load(), expression=request.expression, seed=request.seed)
    return _MicrophoneDriver(microphone, face)


class _CameraDriver:
    """A face before a camera drives."""

    kind = "a camera"

    def __init__(self, camera: Webcam) -> None:
        self._camera, self.fps = camera, camera.fps

    def frames(self, animator: PhotoAnimator, who: Portraits, seconds: float | None) -> Iterator[AnimatedFrame]:
        for timestamp_ms, image in _for(self._camera, seconds):
            yield animator.animate_for_video(who, image, timestamp_ms)


class _MicrophoneDriver:
    """What a microphone hears drives."""

    kind = "a microphone"
    fps = SPEECH_FPS

    def __init__(self, microphone: Microphone, face: SpeakingFace) -> None:
        self._microphone, self._face = microphone, face

    def frames(self, animator: PhotoAnimator, who: Portraits, seconds: float | None) -> Iterator[AnimatedFrame]:
        face = self._face
        return animator.play_speaking(who, _for(self._faces(), seconds), face.rest, face.image_size)

    def _faces(self) -> Iterator[tuple[float, NDArray[np.float32]]]:
        """The face at the rate, of the newest sound each; where frames take longer, the next is at once."""
        start, due = time.monotonic(), 0.0
        while True:
            now = time.monotonic() - start
            if now < due:
                time.sleep(due - now)
                now = max(time.monotonic() - start, due)
            yield now * 1000.0, self._face.frame(now, self._microphone.last(self._face.window))
            due = max(due + 1 / self.fps, time.monotonic() - start)


def _for(frames: Iterable[tuple[float, T]], seconds: float | None) -> Iterator[tuple[float, T]]:
    return iter(frames) if seconds is None else until(frames, seconds * 1000.0)
