"""One call from photos and a motion's name or file to a written video: what `monalive animate` does."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from monalive.faces.driver_rule import DriverFace
from monalive.limits import LONGEST_SIDE, MAX_FACES, Model
from monalive.media.audio_track import Sound, sound_of
from monalive.media.cutout import Colour, colour_of
from monalive.media.image_io import load_image, open_picture
from monalive.media.regular_file import require_file
from monalive.motions.driver_takes import Reference, checked_reference
from monalive.motions.find_motion import find_motion, is_motion
from monalive.motions.motion_extraction import video_motion
from monalive.motions.speech_motion import SPEECH_FPS, speech_motion
from monalive.networks.runtimes import RuntimeOptions
from monalive.render.frame_timing import boomerang, repeat
from monalive.render.render import (
    FaceChoice,
    Output,
    RenderedFile,
    enroll_photos,
    render_image,
    render_motion,
    render_video,
)
from monalive.retargeting.retarget import RetargetOptions
from monalive.speech.voice import Voice
from monalive.threads import stage_threads
from monalive.trust.consent import Consent, require_consent_to_speech, stated_consent
from monalive.trust.disclosure import Disclosure

if TYPE_CHECKING:
    from monalive.animator import PhotoAnimator
    from monalive.motions.motion import Motion
    from monalive.player.driver_anchor import LiveReference

log = logging.getLogger(__name__)

# Formats that can hold an animation; several pictures in others (phones' depth maps, pages) are not one.
_ANIMATED_FORMATS = frozenset({"GIF", "PNG", "WEBP", "AVIF"})


@dataclass(frozen=True)
class AnimationRequest:
    """What to animate, with what, and where to.

    Attributes:
        photos: picture files; several of the same person help.
        output: a file or folder, see `video_sinks.open_sink`.
        motion: a built-in motion's name, a .motion file or a `Motion`; one of this, `driver` and `speech`.
        driver: a video or picture file of a face.
        speech: a file of recorded speech that moves the lips; its sound is in the result, where the
            file can hold sound. `disclosure` must state the consent.
        expression, seed: how a face looks while it speaks, see `Motion.from_speech`.
        face: "largest", a number from the left from 0, or "all".
        driver_face: which of several faces drives, see `PhotoAnimatorOptions`.
        max_faces: the most faces taken from a photo, see `PhotoAnimatorOptions`.
        retarget: what of the motion is taken over, and how.
        crop: write only the 256 x 256 picture of the face.
        size: longest side of the result in pixels at most; larger photos are made smaller. None keeps their size.
        seconds: length of the result; motions and speech repeat to fill it, a driver is cut.
        loops: how many times a motion, or the motion of a driver, is played.
        boomerang: play it to its end and back.
        pad_to_sound: hold the driver's last frame until its sound ends.
        fps: frames per second of the result; those of the motion by default.
        reference: what a driver's motion is counted from: "neutral", "first" or the number of a frame, see
            `Motion.with_reference`; None: "neutral" for a video, what its file says for a motion.
        bundle: models to use instead of those that come with the package.
        runtime: what the networks run on.
        network_every: 1, or 2 to spare every second frame's networks, see `PhotoAnimatorOptions`.
        model: "default", or "full" for full-size networks where people look, see `full_bundle`.
        disclosure: what the file says of itself: consent, badge, credentials; the rest is filled in.
        background: the colour behind a cut-out photo, a name, "#rrggbb" or three numbers; None: nothing where the
            format is transparent (webm, webp, gif, png), else white.
    """

    photos: Sequence[str | Path]
    output: str | Path
    motion: str | Path | Motion | None = None
    driver: str | Path | None = None
    speech: str | Path | None = None
    expression: str = "neutral"
    seed: int = 0
    face: FaceChoice = "largest"
    driver_face: DriverFace = "auto"
    max_faces: int = MAX_FACES
    retarget: RetargetOptions = field(default_factory=RetargetOptions)
    crop: bool = False
    size: int | None = LONGEST_SIDE
    seconds: float | None = None
    loops: int | None = None
    boomerang: bool = False
    pad_to_sound: bool = False
    fps: float | None = None
    reference: Reference | None = None
    bundle: str | Path | None = None
    runtime: RuntimeOptions = field(default_factory=RuntimeOptions)
    network_every: int = 1
    model: Model = "default"
    disclosure: Disclosure = field(default_factory=Disclosure)
    background: str | Colour | None = None


def animate(
    photo: str | Path | Sequence[str | Path],
    motion: str | Path | Motion,
    output: str | Path,
    *,
    consent: Consent | str | None = None,
    badge: bool | None = None,
    face: FaceChoice = "largest",
    seconds: float | None = None,
    fps: float | None = None,
    size: int | None = LONGEST_SIDE,
    model: Model = "default",
    progress: bool = False,
) -> RenderedFile:
    """Makes a video of a photo: `monalive.animate("photo.jpg", "smile", "smile.mp4")`.

    Whatever else `monalive animate` can do is said with an `AnimationRequest`.

    Args:
        photo: a picture file, or several of the same person.
        motion: a built-in motion's name, a .motion file, a `Motion`, or a video or picture of a face to follow; a
            video's sound is kept.
        output: .mp4, .mov, .webm, .gif, .webp, a folder for numbered PNG files, or .png/.jpg for a single frame.
        consent: why this face may be animated: "self", "given" or "artwork"; recorded in the file.
        badge: draw a visible "AI" in the lower right corner; None: if the motion speaks.
        face: "largest", a number from the left from 0, or "all".
        seconds: length of the result; motions repeat to fill it, a video is cut.
        fps: frames per second; those of the motion by default.
        size: longest side of the result in pixels at most; None keeps the photo's.
        model: "full" for full-size networks where people look, see `full_bundle`.
        progress: show a progress bar on standard error if that is a terminal.

    Returns:
        What was written and where.

    Raises:
        FileNotFoundError: a file does not exist.
        ValueError: anything else wrong with what is asked for; the message says what to do.
        OSError: the output cannot be written.
    """
    moves = is_motion(motion)
    request = AnimationRequest(
        photos=[photo] if isinstance(photo, str | Path) else list(photo),
        output=output,
        motion=motion if moves else None,
        driver=None if moves else cast("str | Path", motion),
        face=face,
        size=size,
        seconds=seconds,
        fps=fps,
        model=model,
        disclosure=Disclosure(stated_consent(consent), badge=badge),
    )
    return animate_photos(request, progress=progress)


def animate_photos(request: AnimationRequest, *, progress: bool = False) -> RenderedFile:
    """Animates and writes.

    Args:
        request: everything about it.
        progress: show a progress bar on standard error if that is a terminal.

    Raises:
        FileNotFoundError: a photo, driver, motion file or bundle does not exist.
        ValueError: anything else wrong with what is asked for; the message says what to do.
        OSError: the output cannot be written.
    """
    _check(request)
    background = None if request.background is None else colour_of(request.background)
    motion = image = None
    voice: Voice | None = None
    if request.speech is not None:
        voice, kind = Voice.read(request.speech), "speech"
        rate = SPEECH_FPS if request.fps is None else request.fps
        motion = speech_motion(voice, expression=request.expression, seed=request.seed, fps=rate)
    elif request.motion is not None:
        motion, kind = find_motion(request.motion), _motion_name(request.motion)
        if request.reference is not None:
            motion = motion.with_reference(request.reference)
    else:
        assert request.driver is not None
        image = load_image(request.driver, LONGEST_SIDE) if is_picture(request.driver) else None
        if image is not None and request.reference is not None:
            raise ValueError("a driver picture has only one frame; leave out the reference")
        kind = "a video" if image is None else "a picture"
        if request.loops or request.boomerang:
            if image is not None:
                raise ValueError("a picture does not move: loops are for videos and motions")
            motion = _motion_of(request, progress)
    sound = None
    cuts_ms: tuple[float, ...] = ()
    if motion is not None:
        if motion.speech:
            require_consent_to_speech(request.disclosure.consent)
        if voice is not None:
            sound = _sound_of_speech(voice, motion, request)
        elif request.driver is not None:
            sound = _sound_of(request, motion)
        cuts_ms = motion.cuts_ms  # each once, however often it is passed when the motion is repeated
        motion = boomerang(motion) if request.boomerang else motion
        motion = repeat(motion, loops=request.loops, seconds=request.seconds, fps=request.fps)
    mode = "VIDEO" if image is None else "IMAGE"
    threads, runtime = request.runtime.num_threads, request.runtime
    in_stages = image is None and threads > 1
    if in_stages:  # pasting takes longest: it may fill what the others leave free
        runtime = replace(runtime, num_threads=stage_threads(threads), paste_threads=threads)
    with create_animator(
        mode,
        request.retarget,
        request.bundle,
        runtime,
        request.size,
        driver_face=request.driver_face,
        max_faces=request.max_faces,
        network_every=request.network_every,
        model=request.model,
    ) as animator:
        portraits = enroll_photos(animator, request.photos, request.face, request.disclosure.consent)
        said = about_animation(request.disclosure, animator, request.photos, kind)
        output = Output(request.output, request.crop, progress, said, background, in_stages)
        if motion is not None:
            cuts_ms = tuple(time for time in cuts_ms if time <= motion.timestamps_ms[-1])
            return replace(render_motion(animator, portraits, motion, output, sound), cuts_ms=cuts_ms)
        length = {"fps": request.fps, "seconds": request.seconds}
        if image is not None:
            return render_image(animator, portraits, image, output, **length)
        assert request.driver is not None
        square = request.retarget.absolute
        return render_video(
            animator,
            portraits,
            request.driver,
            output,
            square_pixels=square,
            pad_to_sound=request.pad_to_sound,
            reference=request.reference,
            **length,
        )


def create_animator(
    running_mode: str,
    retarget: RetargetOptions,
    bundle: str | Path | None = None,
    runtime: RuntimeOptions | None = None,
    longest_side: int | None = LONGEST_SIDE,
    *,
    reference: LiveReference | None = None,
    driver_face: DriverFace = "auto",
    max_faces: int = MAX_FACES,
    network_every: int = 1,
    model: Model = "default",
) -> PhotoAnimator:
    """An animator for "IMAGE" or "VIDEO", with the package's own models unless a bundle is given; photos from files are
    made smaller than `longest_side`."""
    from monalive.animator import PhotoAnimator
    from monalive.options import PhotoAnimatorOptions, RunningMode

    options = PhotoAnimatorOptions(
        bundle_path=bundle,
        running_mode=RunningMode[running_mode],
        runtime=runtime or RuntimeOptions(),
        retarget=retarget,
        longest_side=longest_side,
        reference=reference,
        driver_face=driver_face,
        max_faces=max_faces,
        network_every=network_every,
        model=model,
    )
    return PhotoAnimator.create_from_options(options)


def is_picture(path: str | Path) -> bool:
    """Whether a file holds one still picture rather than a video or an animation; its content decides.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is a device or a pipe.
    """
    if Path(path).is_dir():
        return False
    require_file(Path(path), "driver")
    try:
        with open_picture(Path(path)) as image:
            return image.format not in _ANIMATED_FORMATS or getattr(image, "n_frames", 1) == 1
    except (OSError, ValueError, SyntaxError):
        return False


def about_animation(
    disclosure: Disclosure, animator: PhotoAnimator, photos: Sequence[str | Path], motion: str
) -> Disclosure:
    """A disclosure with what was animated by what.

    Args:
        disclosure: what the user chose to say.
        animator: whose networks are named.
        photos: files of the photos.
        motion: a built-in motion's name, or what kind of driver it was; no file names, which may name people.
    """
    return replace(disclosure, motion=motion, model=animator.bundle.about, photos=photos)


def _motion_of(request: AnimationRequest, progress: bool) -> Motion:
    """The motion of a driver's video, to be played more than once."""
    assert request.driver is not None
    reference = "neutral" if request.reference is None else request.reference
    return video_motion(request.driver, reference=reference, progress=progress, driver_face=request.driver_face)


def _sound_of(request: AnimationRequest, motion: Motion) -> Sound | None:
    """The driver's sound, which starts again when its motion does; backwards it is not played."""
    assert request.driver is not None
    sound = sound_of(Path(request.driver), motion.duration_ms / 1000)
    if sound is not None and request.boomerang:
        log.warning("the sound of %s is left out: a boomerang has no sound", request.driver)
        return None
    return sound


def _sound_of_speech(voice: Voice, motion: Motion, request: AnimationRequest) -> Sound:
    """What is said, heard from the first frame on; again where the motion is played again."""
    assert voice.path is not None
    length = motion.duration_ms / 1000
    again = (request.loops or 1) > 1 or (request.seconds or 0.0) > length
    return Sound(voice.path, voice.start_s, length if again else None)


def _motion_name(motion: str | Path | Motion) -> str:
    """Of a motion that comes with the package; other names may name a person."""
    from monalive.motions import builtin_motions

    if not isinstance(motion, str | Path):
        known = motion.name in builtin_motions.names() and motion is builtin_motions.load(motion.name)
        return motion.name if known else "a motion"
    return str(motion) if str(motion) in builtin_motions.names() else "a .motion file"


def _check(request: AnimationRequest) -> None:
    if sum(source is not None for source in (request.motion, request.driver, request.speech)) != 1:
        raise ValueError("give either a motion, a driver or speech")
    if request.speech is not None:
        require_consent_to_speech(request.disclosure.consent)
        if request.boomerang or request.reference is not None or request.retarget.absolute:
            raise ValueError("--boomerang, --reference and --absolute do not work with speech; leave them out")
    elif request.expression != "neutral" or request.seed:
        raise ValueError("an expression and a seed need speech; leave them out")
    if request.reference is not None:
        checked_reference(request.reference)
        if request.retarget.absolute:
            raise ValueError("absolute motion has no reference frame; leave out one of the two")
    if request.pad_to_sound and (request.driver is None or request.seconds or request.loops or request.boomerang):
        raise ValueError("--pad-to-sound needs a driver that is played once, to its end")
    output = os.path.realpath(request.output)  # links that lead in a circle stay as they are
    inputs = [*request.photos, request.driver, request.motion, request.speech, request.bundle]
    for source in inputs:
        if isinstance(source, str | Path) and os.path.realpath(source) == output:
            raise ValueError(f"the output {request.output} would replace an input of the same name; name another file")
