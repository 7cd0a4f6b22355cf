"""From photos and a motion to a file: frames go to a sink one by one, so that length costs no memory."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from monalive.faces.crop import NETWORK_SIZE
from monalive.media.audio_track import Sound, sound_end_s
from monalive.media.cutout import Colour
from monalive.media.video_io import DEFAULT_FPS, VideoReader
from monalive.media.video_sinks import can_be_transparent, can_hold_sound, open_sink
from monalive.progress import with_progress
from monalive.render.frame_timing import at_rate, hold, until
from monalive.trust.consent import Consent
from monalive.trust.disclosure import Disclosure

if TYPE_CHECKING:
    from monalive.animator import PhotoAnimator
    from monalive.motions.driver_takes import Reference
    from monalive.motions.motion import Motion
    from monalive.portrait import Portrait
    from monalive.result import AnimatedFrame

log = logging.getLogger(__name__)
FaceChoice = Literal["largest", "all"] | int


@dataclass(frozen=True)
class RenderedFile:
    """What was written.

    Attributes:
        path: the file or folder.
        frames: number of frames in it.
        still_frames: how many of them, at the start, show the unmoved photo because the driver showed no face
            yet.
        cuts_ms: when there are cuts in the driver, where the motion restarts.
        credentials: the file beside it with its Content Credentials, where the format cannot hold them (webm).
    """

    path: Path
    frames: int
    still_frames: int = 0
    cuts_ms: tuple[float, ...] = ()
    credentials: Path | None = None


@dataclass(frozen=True)
class Output:
    """Where frames go, and how.

    Attributes:
        path: a file or folder, see `video_sinks.open_sink`.
        crop: write the 256 x 256 picture of the face instead of the whole photo; for one portrait.
        progress: show a progress bar on standard error if that is a terminal.
        disclosure: what the file says of itself; where the face is and the consent stated for it are filled in.
        background: the colour behind a cut-out photo; None: nothing where the format is transparent, else white.
        in_stages: make the frames in threads of their own, ahead of what is written, see
            `PhotoAnimator.play_video`.
    """

    path: str | Path
    crop: bool = False
    progress: bool = False
    disclosure: Disclosure = field(default_factory=Disclosure)
    background: Colour | None = None
    in_stages: bool = False

    def of(self, portraits: Sequence[Portrait]) -> Output:
        """The same, with a disclosure that says what the portraits know.

        Raises:
            ValueError: there are none, or the crop is asked for of several.
        """
        if not portraits:
            raise ValueError("there is no portrait to animate")
        if self.crop and len(portraits) > 1:
            raise ValueError("the crop shows one face; choose one instead of all")
        return replace(self, disclosure=about_portraits(self.disclosure, portraits, self.crop))

    def picture(self, frame: AnimatedFrame) -> NDArray[np.uint8]:
        """What is written of a frame: (H, W, 3) RGB, or (H, W, 4) RGBA where it is to stay cut out."""
        whole = frame.rgba
        if whole is not None and self.background is not None:
            shown = frame.on(self.background)
            return frame.crop.extract(shown, NETWORK_SIZE) if self.crop else shown
        if whole is not None and can_be_transparent(self.path):
            return frame.crop.extract(whole, NETWORK_SIZE) if self.crop else whole
        return frame.crop_image if self.crop else frame.image

    def say_background(self, frame: AnimatedFrame) -> None:
        """What is behind a cut-out photo where nobody chose it, or that a background was chosen for another one."""
        if frame.rgba is None and self.background is not None:
            log.warning("the photo is not a cut-out, so the background colour has no effect")
        if frame.rgba is not None and self.background is None and not can_be_transparent(self.path):
            log.warning(
                "the photo is cut out and %s cannot be: its background is white; --background sets another colour, "
                ".webm, .webp, .gif, .png and folders keep it transparent",
                Path(self.path).name,
            )


def enroll_photos(
    animator: PhotoAnimator,
    photos: Sequence[str | Path],
    face: FaceChoice = "largest",
    consent: Consent | None = None,
) -> list[Portrait]:
    """The portraits to animate: one, from one photo or several of the same person, or all faces of one photo.

    Args:
        animator: made for any running mode.
        photos: picture files, at least one.
        face: "largest", a number counted from the left from 0, or "all" for every face of a single photo.
        consent: why these faces may be animated.

    Raises:
        ValueError: no photos, "all" with several photos, or no such face.
        FileNotFoundError: a photo does not exist.
    """
    if not photos:
        raise ValueError("there is no photo to animate: name at least one")
    if face != "all":
        return [animator.enroll([Path(photo) for photo in photos], face=face, consent=consent)]
    if len(photos) > 1:
        raise ValueError("all faces can be animated in one photo at a time: name only one")
    return list(animator.enroll_all(Path(photos[0]), consent=consent))


def render_motion(
    animator: PhotoAnimator,
    portraits: Sequence[Portrait],
    motion: Motion,
    output: Output,
    sound: Sound | None = None,
) -> RenderedFile:
    """Plays a motion on portraits of one photo and writes the frames.

    Args:
        animator: it made the portraits.
        portraits: one, or several of the same photo.
        motion: lengthened beforehand with `frame_timing.repeat` if need be.
        output: where to.
        sound: what is heard with it, where the file can hold sound.

    Raises:
        ValueError, OSError: what is wrong with the output; the crop of several portraits.
    """
    output = output.of(portraits)
    if motion.speech:
        output = replace(output, disclosure=replace(output.disclosure, speech=True))
    with closing(animator.play(_who(portraits), motion, in_stages=output.in_stages)) as played:
        frames = zip(played, motion.timestamps_ms.tolist(), strict=True)
        return _write(frames, output, motion.fps, sound=sound, total=len(motion.timestamps_ms))


def render_video(
    animator: PhotoAnimator,
    portraits: Sequence[Portrait],
    driver: str | Path,
    output: Output,
    *,
    fps: float | None = None,
    seconds: float | None = None,
    square_pixels: bool = False,
    pad_to_sound: bool = False,
    reference: Reference | None = None,
) -> RenderedFile:
    """Lets a video drive portraits of one photo; it is read, followed, animated and written frame by frame.

    One frame of the result for each frame of the driver, at its time, with its sound where the file can hold
    it. Until the driver first shows a face the photo stays unmoved; when the face leaves, the last pose is
    held. After a cut in the driver the motion restarts.

    Args:
        animator: made for `RunningMode.VIDEO`; it made the portraits.
        portraits, output: as for `render_motion`.
        driver: a video file.
        fps: write at this constant rate instead; frames of the driver are left out or shown longer.
        seconds: end after so much of the driver.
        pad_to_sound: where the sound is longer than the pictures, hold the last one until it ends.
        square_pixels: see `VideoReader`; it matters where the shape of the driver's face is taken over.
        reference: what the motion is counted from, see `PhotoAnimator.play_video`; frames are counted at the rate asked
            for.

    Raises:
        FileNotFoundError: there is no such video.
        ValueError: it is not a video, shows no face from start to end, has no such reference, or is wrong for the
            output.
        OSError: the output cannot be written.
    """
    output = output.of(portraits)
    with VideoReader(driver, square_pixels=square_pixels) as beginning:
        animator.choose_driver(beginning)
    with VideoReader(driver, square_pixels=square_pixels) as reader:
        source: Iterable[tuple[float, NDArray[np.uint8]]] = reader
        length = reader.duration_s
        if seconds is not None:
            source, length = (
                until(source, seconds * 1000.0),
                seconds if length is None else min(seconds, length),
            )
        if pad_to_sound:
            sound_end = sound_end_s(reader.path) if reader.has_audio else None
            if sound_end is None:
                raise ValueError(f"{driver} has no sound to pad to; leave --pad-to-sound out")
            end = sound_end - reader.start_s
            source, length = hold(source, end * 1000.0, reader.fps), max(end, length or 0.0)
        total = None if length is None else max(1, round(length * (fps or reader.fps)))
        if fps is not None:
            source = at_rate(source, fps)
        sound = Sound(reader.path, reader.start_s) if reader.has_audio else None
        with closing(animator.play_video(_who(portraits), source, reference, in_stages=output.in_stages)) as frames:
            return _write(_driven(frames, driver), output, fps or reader.fps, sound=sound, total=total)


def render_image(
    animator: PhotoAnimator,
    portraits: Sequence[Portrait],
    driver: NDArray[np.uint8],
    output: Output,
    *,
    fps: float | None = None,
    seconds: float | None = None,
) -> RenderedFile:
    """Gives portraits the pose and expression of a picture; one frame, or `seconds` of it.

    Args:
        animator: made for `RunningMode.IMAGE`; it made the portraits.
        driver: (H, W, 3) uint8 RGB.
        portraits, output, fps, seconds: as for `render_video`.

    Raises:
        ValueError: the driver shows no face, or is wrong for the output.
        OSError: the output cannot be written.
    """
    output = output.of(portraits)
    rate = fps or DEFAULT_FPS
    count = 1 if seconds is None else max(1, round(seconds * rate))
    frame = animator.animate(_who(portraits), driver)
    return _write(((frame, index * 1000.0 / rate) for index in range(count)), output, rate)


def about_portraits(disclosure: Disclosure, portraits: Sequence[Portrait], crop: bool = False) -> Disclosure:
    """A disclosure with what the portraits know: where in the frame they are, and the consent stated for them."""
    if disclosure.consent is None:
        disclosure = replace(disclosure, consent=portraits[0].consent)
    return disclosure if crop else replace(disclosure, regions=[portrait.crop for portrait in portraits])


def _who(portraits: Sequence[Portrait]) -> Portrait | Sequence[Portrait]:
    return portraits[0] if len(portraits) == 1 else portraits


def _driven(frames: Iterator[AnimatedFrame], driver: str | Path) -> Iterator[tuple[AnimatedFrame, float]]:
    """The frames with their times.

    Raises:
        ValueError: at their end, if the video `driver` showed no face in any.
    """
    count = found = 0
    for count, frame in enumerate(frames, 1):  # noqa: B007
        found += frame.driver_found
        yield frame, frame.timestamp_ms
    if count and not found:
        raise ValueError(f"no face was found in {driver}; use a video that shows one from the front, well lit")


def _write(
    frames: Iterator[tuple[AnimatedFrame, float]],
    output: Output,
    fps: float,
    *,
    sound: Sound | None = None,
    total: int | None = None,
) -> RenderedFile:
    first = next(frames, None)
    if first is None:
        raise ValueError(f"{output.path} was not written: there are no frames to write")
    path, (height, width, channels) = Path(output.path), output.picture(first[0]).shape
    output.say_background(first[0])
    heard = sound if can_hold_sound(output.path) else None
    still, cuts = 0, []
    with open_sink(
        *(output.path, fps, (width, height), heard),
        disclosure=output.disclosure,
        transparent=channels == 4,
    ) as sink:
        written = itertools.chain([first], frames)
        for frame, time in with_progress(written, total, path.name, shown=output.progress):
            still += still == sink.frames_written and not frame.driver_found
            if frame.cut:
                cuts.append(time)
            sink.write(output.picture(frame), time)
    return RenderedFile(path, sink.frames_written, still, tuple(cuts), sink.credentials_path)
