"""Expressions of a driver and of what methods make of them, in the frames of a clip that show most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from monalive.faces.tracker import FaceTracker
from monalive_distill.evaluation.clips import chosen_pictures, face_crop, spread_frames
from monalive_distill.evaluation.face_readings import MEASURES, READINGS, FaceReader, Readings, column
from monalive_distill.metrics.expressions import EXPRESSION_GROUPS
from monalive_distill.metrics.reach import Reach, measure_peaks, measure_reach

# Of every so many frames one is looked at for blinks; peaks of two blinks are at least so many frames apart.
LOOKED_AT: Final = 2
APART: Final = 12
BLINK, PEAK_OF_BLINK = "blink", "blink's peak"
# A blink that counts closes the eyes by so much more than frame 0's.
A_BLINK: Final = 0.25


@dataclass(frozen=True)
class Expressions:
    """Readings of a driver's frames and of what was made of them, each as the change since frame 0, or the photo.

    Attributes:
        truth: (T, 14) of the driver's frames, as MediaPipe finds it in the pictures; frame 0 is left out.
        tracked: the same as the tracker that drives finds it.
        asked: method -> of the landmarks it asked its networks for, where it says.
        seen: method -> of its pictures; NaN where no face was found.
    """

    truth: Readings
    tracked: Readings
    asked: Mapping[str, Readings]
    seen: Mapping[str, Readings]


@dataclass(frozen=True)
class Stages:
    """How much of a measure is left stage by stage: slopes on the driver's truth.

    Attributes:
        tracked: as the tracker reads it.
        asked: as asked of the portrait; None where the method does not say.
        seen: in the picture.
    """

    tracked: float
    asked: float | None
    seen: float


def expressive_frames(path: Path, tracker: FaceTracker, reader: FaceReader, count: int) -> list[int]:
    """Numbers of `count` frames spread evenly over a video besides the first, and of the peaks of its two strongest
    blinks.

    Args:
        path: the video.
        tracker: it follows the face; whatever it followed before is forgotten.
        reader: it knows a blink.
        count: 0 for none at all.

    Raises:
        ValueError: not a readable video, fewer than two frames, or no face in the first.
    """
    if count == 0:
        return []
    spread: list[int] = []

    def look_at(total: int) -> range:
        spread.extend(spread_frames(total, count)[1:])
        return range(0, total, LOOKED_AT)

    tracker.reset()
    blinks: dict[int, float] = {}
    for number, _, image in chosen_pictures(path, look_at, lambda frame: face_crop(frame, tracker)):
        faces = tracker.track(image)
        if faces and number:
            blinks[number] = float(reader(faces[0].landmarks)[column(BLINK)])
    tracker.reset()
    return sorted({*spread, *blink_peaks(blinks)})


def measured_reach(clips: Mapping[str, Expressions]) -> dict[str, dict[str, Reach]]:
    """How much of each expression arrives.

    Args:
        clips: by name.

    Returns:
        Method -> group of blendshapes -> reach; the blink's peak comes after the blink. Groups that the truth moves in
        no clip are left out.
    """
    reached: dict[str, dict[str, Reach]] = {}
    for method in _methods(clips):
        pairs = {name: (clip.truth, clip.seen[method]) for name, clip in clips.items() if method in clip.seen}
        found: dict[str, Reach | None] = {}
        for name in EXPRESSION_GROUPS:
            found[name] = measure_reach(_changes(name, pairs), READINGS[name])
            if name == BLINK:
                found[PEAK_OF_BLINK] = measure_peaks(_changes(name, pairs), A_BLINK)
        reached[method] = {name: reach for name, reach in found.items() if reach is not None}
    return reached


def measured_stages(clips: Mapping[str, Expressions]) -> dict[str, dict[str, Stages]]:
    """Method -> measure on the landmarks -> what is left of it at each stage; see `measured_reach`."""
    stages: dict[str, dict[str, Stages]] = {}
    for method in _methods(clips):
        chosen = {name: clip for name, clip in clips.items() if method in clip.seen}
        stages[method] = {}
        for name in MEASURES:
            tracked = _slope(name, {key: (clip.truth, clip.tracked) for key, clip in chosen.items()})
            asking = {key: clip for key, clip in chosen.items() if method in clip.asked}
            asked = _slope(name, {key: (clip.truth, clip.asked[method]) for key, clip in asking.items()})
            seen = _slope(name, {key: (clip.truth, clip.seen[method]) for key, clip in chosen.items()})
            if tracked is not None and seen is not None:
                stages[method][name] = Stages(tracked, asked, seen)
    return stages


def _slope(name: str, pairs: Mapping[str, tuple[Readings, Readings]]) -> float | None:
    reach = measure_reach(_changes(name, pairs), READINGS[name])
    return None if reach is None else reach.slope


def _changes(name: str, pairs: Mapping[str, tuple[Readings, Readings]]) -> dict[str, tuple[Readings, Readings]]:
    """One of the readings, of truth and result."""
    at = column(name)
    return {clip: (truth[:, at], result[:, at]) for clip, (truth, result) in pairs.items()}


def _methods(clips: Mapping[str, Expressions]) -> list[str]:
    return list(dict.fromkeys(method for clip in clips.values() for method in clip.seen))


def blink_peaks(blinks: Mapping[int, float]) -> list[int]:
    """The frame of the highest value, and that of the highest one further away than `APART`."""
    peaks: list[int] = []
    for number in sorted(blinks, key=lambda number: -blinks[number]):
        if all(abs(number - peak) > APART for peak in peaks):
            peaks.append(number)
        if len(peaks) == 2:
            break
    return peaks
