"""Reenactment: photos moved by methods, measured on clips.

In self-reenactment a clip's first frame is the photo and its other frames drive: they are what the results are compared
with. In cross-reenactment another clip drives.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from monalive.faces.tracker import FaceTracker
from monalive_distill.evaluation.clips import Clip, read_clip
from monalive_distill.evaluation.expressions import Expressions, expressive_frames
from monalive_distill.evaluation.face_readings import gaze_error
from monalive_distill.evaluation.judges import Judges, Watched
from monalive_distill.evaluation.moved_photo import UNMOVED, Image, Landmarks, ReenactmentMethod, hold_still
from monalive_distill.evaluation.teeth import teeth_motion
from monalive_distill.metrics.frame_scores import Observation, Scores, compare_with_driver, mean_scores
from monalive_distill.metrics.identity import csim

# How motion is taken over: by a clip's own photo both ways, by another's relatively.
ABSOLUTE, RELATIVE, CROSS = "absolute", "relative", "cross"
TRUTH = "truth"


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
        expressions: `ABSOLUTE` and `RELATIVE` in self-reenactment, `CROSS` in cross-reenactment -> what faces did, in
            these frames and in further ones.
        teeth: method, or `TRUTH` -> how upper lip and upper teeth moved in self-reenactment, (N, 2), see
            `teeth_motion`.
    """

    name: str
    driver: str
    frames: tuple[int, ...]
    without_face: int
    scores: dict[str, Scores]
    per_frame: dict[str, list[Scores]]
    expressions: dict[str, Expressions] = field(default_factory=dict)
    teeth: dict[str, NDArray[np.float32]] = field(default_factory=dict)


@dataclass(frozen=True)
class ClipPictures:
    """The pictures behind a `ClipResult`, for contact sheets.

    Attributes:
        photo: what was animated.
        photo_landmarks: (478, 3) of it.
        driver_first: the driver's first frame: the photo itself in self-reenactment.
        targets: the driver's frames that were measured.
        landmarks: (478, 3) of each of them.
        outputs: method -> its pictures for those frames.
    """

    photo: Image
    photo_landmarks: Landmarks
    driver_first: Image
    targets: list[Image]
    landmarks: list[Landmarks]
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


def self_reenactment(
    clip: Clip, methods: Mapping[str, ReenactmentMethod], judges: Judges, pictures_only: Collection[str] = ()
) -> tuple[ClipResult, ClipPictures]:
    """Every method's pictures of a clip, driven by the clip's own frames, against those frames.

    Pictures are scored in absolute transfer; what faces do is read in absolute and in relative transfer, but not of the
    methods in `pictures_only`.
    """
    photo = judges.scorer.observe(clip.images[0], clip.measured[0])
    true = [
        judges.regions.look(judges.scorer.observe(clip.images[i], clip.measured[i]), clip.measured[i])
        for i in clip.scored
    ]
    looking = [judges.reader(target.landmarks) for target in true]
    watched, expressions = _watch_all(methods, clip, clip, judges, photo, pictures_only, absolute=True)
    per_frame: dict[str, list[Scores]] = {}
    for name, one in watched.items():
        per_frame[name] = [
            judges.scorer.compare(output, target.seen)
            | judges.regions.compare(output, target, clip.measured[0])
            | {"gaze_error": gaze_error(judges.reader(output.landmarks), gaze)}
            for output, target, gaze in zip(one.observed, true, looking, strict=True)
        ]
    read = {name: method for name, method in methods.items() if name not in pictures_only}
    relative = {
        name: judges.watch(method, clip, clip, photo, absolute=False, score=False) for name, method in read.items()
    }
    teeth = {TRUTH: teeth_motion(clip.images[1:], list(clip.measured[1:]))}
    teeth |= {name: teeth_motion(watched[name].images, watched[name].landmarks) for name in read if name != UNMOVED}
    result = _result(clip, clip, per_frame, {ABSOLUTE: expressions, RELATIVE: judges.expressions(clip, relative)})
    return replace(result, teeth=teeth), _pictures(clip, clip, watched)


def cross_reenactment(
    clip: Clip,
    driver: Clip,
    methods: Mapping[str, ReenactmentMethod],
    judges: Judges,
    pictures_only: Collection[str] = (),
) -> tuple[ClipResult, ClipPictures]:
    """Every method's pictures of a clip's photo, driven by how another clip's face changes: `CROSS_METRICS`.

    CSIM is between output and photo. Turning, eyelids and mouth are compared as changes since the photo and
    since the driver's first frame.
    """
    photo = judges.scorer.observe(clip.images[0], clip.measured[0], perceptual=False)
    watched, expressions = _watch_all(methods, clip, driver, judges, photo, pictures_only, absolute=False)
    per_frame = {
        name: [
            compare_with_driver(output, photo, driver.measured[i], driver.measured[0])
            for output, i in zip(one.observed, driver.scored, strict=True)
        ]
        for name, one in watched.items()
    }
    return _result(clip, driver, per_frame, {CROSS: expressions}), _pictures(clip, driver, watched)


def evaluate(
    paths: Sequence[Path],
    methods: Mapping[str, ReenactmentMethod],
    tracker: FaceTracker,
    *,
    measurer: FaceTracker | None = None,
    frame_count: int = 12,
    expression_frames: int = 24,
    with_vgg: bool = False,
    with_cross: bool = True,
    only_self: Collection[str] = (),
    pictures_only: Collection[str] = (),
    on_result: Callable[[str, ClipResult, ClipPictures], None] | None = None,
    progress: bool = False,
) -> Evaluation:
    """Measures methods on clips. Clips that cannot be used are named in the result and do not stop the
    others.

    In cross-reenactment each clip is driven by the one half the list further on, so pairs depend on the
    list alone.

    Args:
        paths: video files.
        methods: by name; the unmoved photo is added to them under `UNMOVED`.
        tracker: finds the faces that drive.
        measurer: finds the faces that are compared; None: the same tracker.
        frame_count: frames per clip whose pictures are scored, besides frame 0.
        expression_frames: further frames per clip in which faces are read, and two peaks of blinks; 0 for none.
        with_vgg: also LPIPS with VGG16 (slow).
        with_cross: also cross-reenactment.
        only_self: names of methods that are left out of cross-reenactment.
        pictures_only: names of methods whose pictures are scored, but whose faces are not read for expressions.
        on_result: called with "self" or "cross", the result and its pictures, as soon as a clip is done;
            the pictures are not kept.
        progress: shows a progress bar on stderr.

    Raises:
        ValueError: not one clip could be used; the message says why.
    """
    if frame_count < 1:
        raise ValueError(f"the number of frames must be at least 1, not {frame_count}")
    if expression_frames < 0:
        raise ValueError(f"the number of expression frames must not be negative, but is {expression_frames}")
    methods = {**methods, UNMOVED: hold_still}
    judges = Judges(measurer or tracker, with_vgg=with_vgg)
    own: list[ClipResult] = []
    cross: list[ClipResult] = []
    skipped: list[tuple[str, str]] = []
    photos: list[tuple[Path, Clip, list[int]]] = []
    descriptors: list[NDArray[np.float32]] = []
    for path in tqdm(paths, desc="self-reenactment", unit="clip", disable=not progress):
        try:
            further = expressive_frames(path, measurer or tracker, judges.reader, expression_frames)
            clip = read_clip(path, tracker, frame_count, measurer, further)
            result, pictures = self_reenactment(clip, methods, judges, pictures_only)
        except (ValueError, OSError) as error:
            skipped.append((path.name, str(error)))
            continue
        own.append(result)
        photos.append((path, clip.photo(), further))
        descriptors.append(_descriptor(judges, clip))
        if on_result:
            on_result("self", result, pictures)
    if not own:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in skipped[:3])
        raise ValueError(f"none of the {len(paths)} clips could be used: {reasons}")
    if with_cross and len(photos) > 1:
        in_cross = {name: method for name, method in methods.items() if name not in only_self}
        bar = tqdm(photos, desc="cross-reenactment", unit="clip", disable=not progress)
        for i, (path, photo, _) in enumerate(bar):
            driver_path, _, further = photos[(i + len(photos) // 2) % len(photos)]
            try:
                # Read again, not kept: the frames of all clips together are much larger than those of one.
                driver = read_clip(driver_path, tracker, frame_count, measurer, further)
                result, pictures = cross_reenactment(photo, driver, in_cross, judges, pictures_only)
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


def _watch_all(
    methods: Mapping[str, ReenactmentMethod],
    clip: Clip,
    driver: Clip,
    judges: Judges,
    photo: Observation,
    pictures_only: Collection[str],
    *,
    absolute: bool,
) -> tuple[dict[str, Watched], Expressions]:
    """Every method at work, and what the faces of all but those in `pictures_only` do."""
    watched, read = {}, {}
    for name, method in methods.items():
        if name in pictures_only:
            drives = driver.without_expression_frames()
            watched[name] = judges.watch(method, clip, drives, photo, absolute=absolute, score=True)
        else:
            watched[name] = read[name] = judges.watch(method, clip, driver, photo, absolute=absolute, score=True)
    return watched, judges.expressions(driver, read)


def _result(
    clip: Clip, driver: Clip, per_frame: dict[str, list[Scores]], expressions: dict[str, Expressions]
) -> ClipResult:
    frames = tuple(driver.frames[i] for i in driver.scored)
    scores = {name: mean_scores(of_frames) for name, of_frames in per_frame.items()}
    return ClipResult(clip.name, driver.name, frames, driver.without_face, scores, per_frame, expressions)


def _pictures(clip: Clip, driver: Clip, watched: Mapping[str, Watched]) -> ClipPictures:
    return ClipPictures(
        clip.images[0],
        clip.measured[0],
        driver.images[0],
        [driver.images[i] for i in driver.scored],
        [driver.measured[i] for i in driver.scored],
        {name: [seen.image for seen in one.observed] for name, one in watched.items()},
    )


def _descriptor(judges: Judges, clip: Clip) -> NDArray[np.float32]:
    descriptor = judges.scorer.observe(clip.images[0], clip.landmarks[0], perceptual=False).descriptor
    assert descriptor is not None  # its landmarks were given
    return descriptor
