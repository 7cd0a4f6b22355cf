"""Quality of a reenactment, measured on clips.

Self-reenactment: frame 0 of a clip is the photo, other frames of the same clip drive it, and what comes out
is compared with those very frames. Cross-reenactment: another clip drives the photo by how its face changes
since its own first frame; no true frame exists, so identity is compared with the photo, movement with the
driver.

Everything works on a `Reenactor`, any function from a photo and a motion to pictures, so that the product, its
geometry prior and the unmoved photo are measured on the same frames by the same code. A motion holds landmarks and
coarse flow, no pixels: a reenactor never sees the frames it is to make.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from monalive.faces.tracker import FaceTracker
from monalive.motions.motion import Motion
from monalive_distill.evaluation.clips import Clip, read_clip
from monalive_distill.metrics.frame_scores import Observation, Ruler, Scores, compare_with_driver, mean_scores
from monalive_distill.metrics.identity import csim

Image = NDArray[np.uint8]
Landmarks = NDArray[np.float32]
UNMOVED = "unmoved"


class Reenactor(Protocol):
    """Anything that moves a photo."""

    def __call__(self, photo: Image, photo_landmarks: Landmarks, driver: Motion, *, absolute: bool) -> Iterable[Image]:
        """One picture of the photo's size for each driver frame, the driver's first frame included.

        Args:
            photo: (H, W, 3) uint8 RGB.
            photo_landmarks: (478, 3) float32 pixels of the photo.
            driver: of frames as large as the photo.
            absolute: take on the driver's landmarks as they are; otherwise their change since the first.
        """
        ...


def hold_still(photo: Image, photo_landmarks: Landmarks, driver: Motion, *, absolute: bool) -> Iterable[Image]:
    """The baseline that does nothing: the photo itself for every frame."""
    return [photo] * len(driver)


@dataclass(frozen=True)
class ClipResult:
    """What was measured on one clip.

    Attributes:
        name: the clip whose first frame is the photo.
        driver: the clip that drives; the same in self-reenactment.
        frames: numbers, in the driver's video, of the frames measured.
        without_face: driver frames left out because no face was found in them.
        scores: method -> metric -> mean over the frames.
        per_frame: method -> the scores of each frame.
    """

    name: str
    driver: str
    frames: tuple[int, ...]
    without_face: int
    scores: dict[str, Scores]
    per_frame: dict[str, list[Scores]]


@dataclass(frozen=True)
class ClipPictures:
    """The pictures behind a `ClipResult`, for contact sheets.

    Attributes:
        photo: what was animated.
        driver_first: the driver's first frame: the photo itself in self-reenactment.
        targets: the driver's frames that were measured.
        outputs: method -> its pictures for those frames.
    """

    photo: Image
    driver_first: Image
    targets: list[Image]
    outputs: dict[str, list[Image]]


@dataclass(frozen=True)
class Evaluation:
    """All results.

    Attributes:
        own, cross: results of self- and cross-reenactment, in the order of the clips.
        skipped: (clip, reason) of clips that could not be used.
        csim_other_people: mean CSIM between the photos of different clips: what a wrong person scores; None
            for one clip.
    """

    own: list[ClipResult]
    cross: list[ClipResult]
    skipped: list[tuple[str, str]]
    csim_other_people: float | None


def self_reenactment(clip: Clip, methods: Mapping[str, Reenactor], ruler: Ruler) -> tuple[ClipResult, ClipPictures]:
    """Every method's pictures of a clip, driven by the clip's own frames, against those frames."""
    photo = ruler.observe(clip.images[0], clip.measured[0])
    targets = [ruler.observe(i, p) for i, p in zip(clip.images[1:], clip.measured[1:], strict=True)]
    per_frame: dict[str, list[Scores]] = {}
    outputs: dict[str, list[Image]] = {}
    for name, method in methods.items():
        outputs[name] = _run(method, clip, clip, absolute=True)
        seen = [_observe(ruler, image, photo) for image in outputs[name]]
        per_frame[name] = [ruler.compare(o, t) for o, t in zip(seen, targets, strict=True)]
    scores = {name: mean_scores(frames) for name, frames in per_frame.items()}
    result = ClipResult(clip.name, clip.name, clip.frames[1:], clip.without_face, scores, per_frame)
    return result, ClipPictures(clip.images[0], clip.images[0], clip.images[1:], outputs)


def cross_reenactment(
    clip: Clip, driver: Clip, methods: Mapping[str, Reenactor], ruler: Ruler
) -> tuple[ClipResult, ClipPictures]:
    """Every method's pictures of a clip's photo, driven by how another clip's face changes: `CROSS_METRICS`.

    CSIM is between output and photo. Turning, eyelids and mouth are compared as changes since the photo and
    since the driver's first frame.
    """
    photo = ruler.observe(clip.images[0], clip.measured[0], perceptual=False)
    per_frame: dict[str, list[Scores]] = {}
    outputs: dict[str, list[Image]] = {}
    for name, method in methods.items():
        outputs[name] = _run(method, clip, driver, absolute=False)
        seen = [_observe(ruler, image, photo) for image in outputs[name]]
        per_frame[name] = [
            compare_with_driver(o, photo, points, driver.measured[0])
            for o, points in zip(seen, driver.measured[1:], strict=True)
        ]
    scores = {name: mean_scores(frames) for name, frames in per_frame.items()}
    result = ClipResult(clip.name, driver.name, driver.frames[1:], driver.without_face, scores, per_frame)
    return result, ClipPictures(clip.images[0], driver.images[0], driver.images[1:], outputs)


def evaluate(
    paths: Sequence[Path],
    methods: Mapping[str, Reenactor],
    tracker: FaceTracker,
    *,
    measurer: FaceTracker | None = None,
    frame_count: int = 12,
    with_vgg: bool = False,
    with_cross: bool = True,
    only_self: Collection[str] = (),
    on_result: Callable[[str, ClipResult, ClipPictures], None] | None = None,
    progress: bool = False,
) -> Evaluation:
    """Measures methods on clips. Clips that cannot be used are named in the result and do not stop the
    others.

    In cross-reenactment each clip is driven by the one half the list further on, so pairs depend on the
    list alone.

    Args:
        paths: video files.
        methods: name -> reenactor; the unmoved photo is added to them under `UNMOVED`.
        tracker: finds the faces that drive.
        measurer: finds the faces that are compared; None: the same tracker.
        frame_count: frames per clip, besides frame 0.
        with_vgg: also LPIPS with VGG16 (slow).
        with_cross: also cross-reenactment.
        only_self: names of methods that are left out of cross-reenactment.
        on_result: called with "self" or "cross", the result and its pictures, as soon as a clip is done;
            the pictures are not kept.
        progress: shows a progress bar on stderr.

    Raises:
        ValueError: not one clip could be used; the message says why.
    """
    if frame_count < 1:
        raise ValueError(f"the number of frames must be at least 1, not {frame_count}")
    methods = {**methods, UNMOVED: hold_still}
    ruler = Ruler(measurer or tracker, with_vgg=with_vgg)
    own: list[ClipResult] = []
    cross: list[ClipResult] = []
    skipped: list[tuple[str, str]] = []
    photos: list[tuple[Path, Clip]] = []
    descriptors: list[NDArray[np.float32]] = []
    for path in tqdm(paths, desc="self-reenactment", unit="clip", disable=not progress):
        try:
            clip = read_clip(path, tracker, frame_count, measurer)
            result, pictures = self_reenactment(clip, methods, ruler)
        except (ValueError, OSError) as error:
            skipped.append((path.name, str(error)))
            continue
        own.append(result)
        photos.append((path, clip.photo()))
        descriptors.append(_descriptor(ruler, clip))
        if on_result:
            on_result("self", result, pictures)
    if not own:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in skipped[:3])
        raise ValueError(f"none of the {len(paths)} clips could be used: {reasons}")
    if with_cross and len(photos) > 1:
        in_cross = {name: method for name, method in methods.items() if name not in only_self}
        bar = tqdm(photos, desc="cross-reenactment", unit="clip", disable=not progress)
        for i, (path, photo) in enumerate(bar):
            driver_path = photos[(i + len(photos) // 2) % len(photos)][0]
            try:
                # Read again, not kept: the frames of all clips together are much larger than those of one.
                driver = read_clip(driver_path, tracker, frame_count, measurer)
                result, pictures = cross_reenactment(photo, driver, in_cross, ruler)
            except (ValueError, OSError) as error:
                skipped.append((f"{path.name} driven by {driver_path.name}", str(error)))
                continue
            cross.append(result)
            if on_result:
                on_result("cross", result, pictures)
    others = [csim(a, b) for a, b in combinations(descriptors, 2)]
    return Evaluation(own, cross, skipped, float(np.mean(others)) if others else None)


def mean_of_clips(results: Sequence[ClipResult]) -> dict[str, Scores]:
    """Method -> metric -> mean over clips, each clip counting once however many of its frames could be
    measured.
    """
    methods = dict.fromkeys(method for result in results for method in result.scores)
    return {m: mean_scores([result.scores[m] for result in results if m in result.scores]) for m in methods}


def _run(method: Reenactor, clip: Clip, driver: Clip, *, absolute: bool) -> list[Image]:
    """A method's pictures for all driver frames but the first."""
    photo, points = clip.images[0], clip.landmarks[0]
    images = list(method(photo, points, driver.motion(), absolute=absolute))
    if len(images) != len(driver.landmarks) or any(image.shape != photo.shape for image in images):
        raise RuntimeError("a reenactor must give one picture of the photo's size for each driver frame")
    return images[1:]


def _observe(ruler: Ruler, image: Image, photo: Observation) -> Observation:
    """What is seen in an output, with features for LPIPS only if the photo has them."""
    return photo if image is photo.image else ruler.observe(image, perceptual=bool(photo.taps))


def _descriptor(ruler: Ruler, clip: Clip) -> NDArray[np.float32]:
    descriptor = ruler.observe(clip.images[0], clip.landmarks[0], perceptual=False).descriptor
    assert descriptor is not None  # its landmarks were given
    return descriptor
