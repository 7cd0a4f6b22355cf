"""One call from photos and a motion's name or file to a written video: what `monalive animate` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PIL import Image

from monalive.media.image_io import load_image
from monalive.networks.runtimes import RuntimeOptions
from monalive.render.frame_timing import repeat
from monalive.render.render import FaceChoice, RenderedFile, enroll_photos, render_image, render_motion, render_video
from monalive.retargeting.retarget import RetargetOptions
from monalive.trust.consent import Consent
from monalive.trust.credential import Credential
from monalive.trust.disclosure import Disclosure

if TYPE_CHECKING:
    from monalive.animator import PhotoAnimator
    from monalive.motions.motion import Motion

from monalive.motions.motion_extraction import MOTION_SUFFIX

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
        consent: why the face may be animated; recorded in the file.
        credentials: sign the file with Content Credentials. Without them nobody can check where it comes from.
        credential: what to sign with; None for this user's own, made on first use.
        badge: draw a visible "AI" in the corner.
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
    consent: Consent | None = None
    credentials: bool = True
    credential: Credential | None = None
    badge: bool = False


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
    if request.motion is not None:
        motion = repeat(find_motion(request.motion), loops=request.loops, seconds=request.seconds, fps=request.fps)
        with create_animator("VIDEO", request.retarget, request.bundle, request.runtime) as animator:
            portraits = enroll_photos(animator, request.photos, request.face, request.consent)
            said = disclosure_of(request, animator, _motion_name(request.motion))
            return render_motion(
                animator, portraits, motion, request.output, crop=request.crop, progress=progress, disclosure=said
            )

    assert request.driver is not None
    if is_picture(request.driver):
        image = load_image(request.driver)
        with create_animator("IMAGE", request.retarget, request.bundle, request.runtime) as animator:
            portraits = enroll_photos(animator, request.photos, request.face, request.consent)
            said = disclosure_of(request, animator, "a picture")
            return render_image(
                animator,
                portraits,
                image,
                request.output,
                fps=request.fps,
                seconds=request.seconds,
                crop=request.crop,
                disclosure=said,
            )
    with create_animator("VIDEO", request.retarget, request.bundle, request.runtime) as animator:
        portraits = enroll_photos(animator, request.photos, request.face, request.consent)
        return render_video(
            animator,
            portraits,
            request.driver,
            request.output,
            fps=request.fps,
            seconds=request.seconds,
            crop=request.crop,
            progress=progress,
            disclosure=disclosure_of(request, animator, "a video"),
        )


def create_animator(
    running_mode: str,
    retarget: RetargetOptions,
    bundle: str | Path | None = None,
    runtime: RuntimeOptions | None = None,
) -> PhotoAnimator:
    """An animator for "IMAGE" or "VIDEO", with the package's own models unless a bundle is given."""
    from monalive.animator import PhotoAnimator, PhotoAnimatorOptions, RunningMode

    on = runtime or RuntimeOptions()
    options = PhotoAnimatorOptions(
        bundle_path=bundle,
        running_mode=RunningMode[running_mode],
        num_threads=on.num_threads,
        runtime=on.runtime,
        delegate=on.delegate,
        retarget=retarget,
    )
    return PhotoAnimator.create_from_options(options)


def find_motion(name: str | Path) -> Motion:
    """A built-in motion by its name, or a motion from a .motion file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: there is no such name, or the file is not a motion.
    """
    from monalive.motions import builtin_motions
    from monalive.motions.motion import Motion

    if str(name) in builtin_motions.names():
        return builtin_motions.load(str(name))
    path = Path(name)
    if path.suffix.lower() == MOTION_SUFFIX or path.is_file():
        return Motion.load(path)
    raise ValueError(
        f"there is no motion {str(name)!r}: choose from {', '.join(builtin_motions.names())}, or name a .motion file"
    )


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


class SaidRequest(Protocol):
    """What requests of all kinds (`AnimationRequest`, `live.LiveRequest`) say about their output."""

    @property
    def photos(self) -> Sequence[str | Path]: ...
    @property
    def consent(self) -> Consent | None: ...
    @property
    def credentials(self) -> bool: ...
    @property
    def credential(self) -> Credential | None: ...
    @property
    def badge(self) -> bool: ...


def disclosure_of(request: SaidRequest, animator: PhotoAnimator, motion: str) -> Disclosure:
    """What the output of a request says of itself.

    Args:
        request: who is animated, and what the user chose to say.
        animator: whose networks are named.
        motion: a built-in motion's name, or what kind of driver it was; no file names, which may name people.
    """
    return Disclosure(
        consent=request.consent,
        motion=motion,
        model=animator.bundle.about,
        photos=request.photos,
        credentials=request.credentials,
        credential=request.credential,
        badge=request.badge,
    )


def _motion_name(name: str | Path) -> str:
    """Of a motion that comes with the package; a file's name may name a person."""
    from monalive.motions import builtin_motions

    return str(name) if str(name) in builtin_motions.names() else "a .motion file"


def _check(request: AnimationRequest) -> None:
    if (request.motion is None) == (request.driver is None):
        raise ValueError("give either a motion or a driver")
    if request.loops is not None and request.driver is not None:
        raise ValueError("a driver is played once: loops are for motions")
    output = Path(request.output).resolve()
    inputs = [*request.photos, request.driver, request.motion, request.bundle]
    for source in inputs:
        if source is not None and Path(source).resolve() == output:
            raise ValueError(f"the output {request.output} would replace an input of the same name; name another file")
