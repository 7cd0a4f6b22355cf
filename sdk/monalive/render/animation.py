"""One call from photos and a motion's name or file to a written video: what `monalive animate` does."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from monalive.media.image_io import load_image
from monalive.motions.find_motion import find_motion
from monalive.networks.runtimes import RuntimeOptions
from monalive.render.frame_timing import repeat
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
from monalive.trust.disclosure import Disclosure

if TYPE_CHECKING:
    from monalive.animator import PhotoAnimator

# Formats that can hold an animation; several pictures in others (phones' depth maps, pages) are not one.
_ANIMATED_FORMATS = frozenset({"GIF", "PNG", "WEBP", "AVIF"})


@dataclass(frozen=True)
class AnimationRequest:
    """What to animate, with what, and where to.

    Attributes:
        photos: picture files; several of the same person help.
        output: a file or folder, see `video_sinks.open_sink`.
        motion: a built-in motion's name or a .motion file; either this or `driver`.
        driver: a video or picture file of a face.
        face: "largest", a number from the left from 0, or "all".
        retarget: what of the motion is taken over, and how.
        crop: write only the 256 x 256 picture of the face.
        seconds: length of the result; motions repeat to fill it, a driver is cut.
        loops: how many times a motion is played.
        fps: frames per second of the result; those of the motion by default.
        bundle: models to use instead of those that come with the package.
        runtime: what the networks run on.
        disclosure: what the file says of itself: consent, badge, credentials; the rest is filled in.
    """

    photos: Sequence[str | Path]
    output: str | Path
    motion: str | Path | None = None
    driver: str | Path | None = None
    face: FaceChoice = "largest"
    retarget: RetargetOptions = field(default_factory=RetargetOptions)
    crop: bool = False
    seconds: float | None = None
    loops: int | None = None
    fps: float | None = None
    bundle: str | Path | None = None
    runtime: RuntimeOptions = field(default_factory=RuntimeOptions)
    disclosure: Disclosure = field(default_factory=Disclosure)


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
    motion = image = None
    if request.motion is not None:
        motion = repeat(find_motion(request.motion), loops=request.loops, seconds=request.seconds, fps=request.fps)
        kind = _motion_name(request.motion)
    else:
        assert request.driver is not None
        image = load_image(request.driver) if is_picture(request.driver) else None
        kind = "a video" if image is None else "a picture"
    mode = "VIDEO" if image is None else "IMAGE"
    with create_animator(mode, request.retarget, request.bundle, request.runtime) as animator:
        portraits = enroll_photos(animator, request.photos, request.face, request.disclosure.consent)
        said = about_animation(request.disclosure, animator, request.photos, kind)
        output = Output(request.output, request.crop, progress, said)
        if motion is not None:
            return render_motion(animator, portraits, motion, output)
        length = {"fps": request.fps, "seconds": request.seconds}
        if image is not None:
            return render_image(animator, portraits, image, output, **length)
        assert request.driver is not None
        return render_video(animator, portraits, request.driver, output, **length)


def create_animator(
    running_mode: str,
    retarget: RetargetOptions,
    bundle: str | Path | None = None,
    runtime: RuntimeOptions | None = None,
) -> PhotoAnimator:
    """An animator for "IMAGE" or "VIDEO", with the package's own models unless a bundle is given."""
    from monalive.animator import PhotoAnimator
    from monalive.options import PhotoAnimatorOptions, RunningMode

    options = PhotoAnimatorOptions(
        bundle_path=bundle,
        running_mode=RunningMode[running_mode],
        runtime=runtime or RuntimeOptions(),
        retarget=retarget,
    )
    return PhotoAnimator.create_from_options(options)


def is_picture(path: str | Path) -> bool:
    """Whether a file holds one still picture rather than a video or an animation; its content decides.

    Raises:
        FileNotFoundError: there is no such file.
    """
    if not Path(path).exists():
        raise FileNotFoundError(f"there is no driver at {path}")
    if Path(path).is_dir():
        return False
    try:
        with Image.open(path) as image:
            return image.format not in _ANIMATED_FORMATS or getattr(image, "n_frames", 1) == 1
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
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


def _motion_name(name: str | Path) -> str:
    """Of a motion that comes with the package; a file's name may name a person."""
    from monalive.motions import builtin_motions

    return str(name) if str(name) in builtin_motions.names() else "a .motion file"


def _check(request: AnimationRequest) -> None:
    if (request.motion is None) == (request.driver is None):
        raise ValueError("give either a motion or a driver")
    if request.loops is not None and request.driver is not None:
        raise ValueError("a driver is played once: loops are for motions")
    output = os.path.realpath(request.output)  # links that lead in a circle stay as they are
    inputs = [*request.photos, request.driver, request.motion, request.bundle]
    for source in inputs:
        if source is not None and os.path.realpath(source) == output:
            raise ValueError(f"the output {request.output} would replace an input of the same name; name another file")
