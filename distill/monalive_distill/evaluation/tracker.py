"""Our tracker against MediaPipe's: on clips and pictures, on a still under noise, lost and found, and in speed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from monalive.bundle import Bundle
from monalive.faces.crop import SquareCrop
from monalive.faces.expressions import load_expressions
from monalive.faces.tracker import FaceTracker
from monalive.faces.tracker_interface import TrackerNetworks
from monalive.faces.tracker_networks import load_tracker_networks
from monalive.media.image_io import load_image
from monalive.networks.runtimes import RuntimeOptions
from monalive.packaged_assets import sample_portrait_path
from monalive.retargeting.retarget_networks import RetargetNetworks, RetargetStream
from monalive_distill.evaluation.clips import EVALUATION_SIZE, clip_crop, spread_pictures
from monalive_distill.evaluation.image_mode import compare_image_mode
from monalive_distill.evaluation.tracker_measures import FrameMeasure, blendshape_groups, measure_frame, worst_tenth
from monalive_distill.mediapipe_tracker.networks import mediapipe_tracker
from monalive_distill.tracker.landmark_samples import mirror_points

FRAME_MS = 40.0
NOISE = 5.0  # standard deviation, of 255
NOISY_FRAMES, SETTLED_AFTER = 50, 10
BLANK_FRAMES, FRAMES_TO_FIND = 5, 6
TIMED_FRAMES = 60


@dataclass
class TrackerComparison:
    """What was found.

    Attributes:
        frames: measures of the frames in which both found a face.
        itself: measures of the teacher in the mirrored frames against the teacher in the frames.
        teacher_found, both_found: how many frames.
        missed: where the teacher found a face and ours did not.
        by_clip: mean percent of each clip.
        teacher_scores: the teacher's blendshapes in those frames, (52,) each.
    """

    frames: list[FrameMeasure] = field(default_factory=list)
    itself: list[FrameMeasure] = field(default_factory=list)
    teacher_found: int = 0
    both_found: int = 0
    missed: list[str] = field(default_factory=list)
    by_clip: dict[str, float] = field(default_factory=dict)
    teacher_scores: list[NDArray[np.float32]] = field(default_factory=list)

    def add(
        self,
        image: NDArray[np.uint8],
        ours: FaceTracker,
        teacher: FaceTracker,
        name: str,
        attributes: tuple[str, ...] = (),
    ) -> FrameMeasure | None:
        """Takes in a picture; its measure where both find a face."""
        wanted, found = teacher.detect(image, largest_only=True), ours.detect(image, largest_only=True)
        self.teacher_found += bool(wanted)
        if not wanted:
            return None
        if not found:
            self.missed.append(name)
            return None
        self.both_found += 1
        measure = measure_frame(found[0].landmarks, wanted[0].landmarks, image)
        ours_scores, scores = found[0].blendshapes, wanted[0].blendshapes
        if ours_scores is not None and scores is not None:
            measure = replace(measure, blendshapes=np.abs(ours_scores - scores))
            self.teacher_scores.append(scores)
        measure = replace(measure, attributes=attributes)
        self.frames.append(measure)
        mirrored = teacher.detect(np.ascontiguousarray(image[:, ::-1]), largest_only=True)
        if mirrored:
            itself = measure_frame(_mirrored(mirrored[0].landmarks, image.shape[1]), wanted[0].landmarks, image)
            self.itself.append(replace(itself, attributes=attributes))
        return measure

    def summary(self) -> dict[str, Any]:
        """JSON-serialisable."""
        return {
            "frames": self.teacher_found,
            "found_share": self.both_found / max(1, self.teacher_found),
            "missed": self.missed,
            **_distances(self.frames),
            "mediapipe_mirrored": _distances(self.itself) if self.itself else {},
            "blendshapes": self._blendshapes(),
            "by_clip": self.by_clip,
        }

    def _blendshapes(self) -> dict[str, dict[str, float]]:
        """By group: mean error of a score, and the teacher's standard deviation over the frames, to compare with."""
        errors = [frame.blendshapes for frame in self.frames if frame.blendshapes is not None]
        if not errors:
            return {}
        mean, spread = np.mean(errors, axis=0), np.std(self.teacher_scores, axis=0)
        return {
            name: {"mean_error": float(mean[indices].mean()), "spread": float(spread[indices].mean())}
            for name, indices in blendshape_groups().items()
        }


def evaluate_tracker(
    clips: Sequence[Path],
    portraits: Sequence[Path],
    bundle: Path | None = None,
    *,
    attributes: Mapping[str, tuple[str, ...]] | None = None,
    frame_count: int = 12,
    progress: bool = False,
) -> dict[str, Any]:
    """All of it, JSON-serialisable. Both trackers settle on new faces; speed is on two threads, both in one run.

    Args:
        clips: video files, one face in each.
        portraits: pictures in which a face is to be found.
        bundle: the tracker's networks; None for those that ship.
        attributes: slices that clips belong to, by name (`read_clip_attributes`).
        frame_count: frames per clip besides the first.
        progress: shows a progress bar.

    Raises:
        ValueError, OSError: a file cannot be read, or no clip shows a face.
    """
    with (
        FaceTracker(_own_networks(bundle), settle=True, output_blendshapes=True) as ours,
        mediapipe_tracker(num_threads=2, settle=True, output_blendshapes=True) as teacher,
    ):
        trackers = {"monalive": ours, "mediapipe": teacher}
        comparison = compare_on_clips(clips, ours, teacher, frame_count, attributes or {}, progress=progress)
        if not comparison.frames:
            raise ValueError("there is no frame in which both trackers find a face")
        still = _sample_still()
        results = {
            "clips": comparison.summary(),
            "pictures": compare_on_pictures(portraits, ours, teacher),
            "jitter_px": {name: jitter(still, tracker) for name, tracker in trackers.items()},
            "frames_until_found": {name: frames_until_found(still, tracker) for name, tracker in trackers.items()},
            "image_mode": compare_image_mode(clips, lambda frame: _crop(frame, teacher), bundle, progress=progress),
        }
    with (
        FaceTracker(_own_networks(bundle), settle=True) as ours,
        mediapipe_tracker(num_threads=2, settle=True) as teacher,
    ):
        return results | {"speed": compare_speed(still, {"monalive": ours, "mediapipe": teacher})}


def _own_networks(bundle: Path | None) -> TrackerNetworks:
    return load_tracker_networks(Bundle.load(bundle), RuntimeOptions(num_threads=2))


def compare_on_clips(
    paths: Sequence[Path],
    ours: FaceTracker,
    teacher: FaceTracker,
    frame_count: int,
    attributes: Mapping[str, tuple[str, ...]],
    *,
    progress: bool = False,
) -> TrackerComparison:
    """Frames spread over each clip, cut as the evaluation cuts them, each a still of its own.

    Raises:
        ValueError, OSError: a clip cannot be read.
    """
    comparison = TrackerComparison()
    for path in tqdm(paths, desc="clips", disable=not progress):
        before = len(comparison.frames)
        for number, _, image in spread_pictures(path, frame_count, lambda frame: _crop(frame, teacher)):
            comparison.add(image, ours, teacher, f"{path.stem} frame {number}", attributes.get(path.stem, ()))
        added = comparison.frames[before:]
        if added:
            comparison.by_clip[path.stem] = float(np.mean([frame.percent for frame in added]))
    return comparison


def compare_on_pictures(
    paths: Sequence[Path], ours: FaceTracker, teacher: FaceTracker
) -> dict[str, dict[str, float | bool | None]]:
    """By picture: whether each finds a face, and how far apart they are."""
    found: dict[str, dict[str, float | bool | None]] = {}
    for path in paths:
        image = load_image(path)
        comparison = TrackerComparison()
        measure = comparison.add(image, ours, teacher, path.stem)
        found[path.stem] = {
            "mediapipe": comparison.teacher_found > 0,
            "monalive": bool(ours.detect(image)) if measure is None else True,
            "percent": None if measure is None else measure.percent,
        }
    return found


def jitter(image: NDArray[np.uint8], tracker: FaceTracker, seed: int = 0) -> dict[str, float]:
    """How much landmarks of a still move under noise, in pixels of the picture: root mean square about their means.

    Returns:
        "raw", and "smoothed" by the player's filter for whole landmarks.

    Raises:
        ValueError: no face is followed through the noise.
    """
    rng = np.random.default_rng(seed)
    tracker.reset()
    side = float(max(image.shape[:2]))
    square = {"driver_crop": np.array([[0.0, 0.0, side]], np.float32)}
    smooth = RetargetStream(RetargetNetworks().absolute, square, smooth=True)
    raw, smoothed = [], []
    for number in range(NOISY_FRAMES):
        noisy = np.clip(image + rng.normal(0, NOISE, image.shape), 0, 255).astype(np.uint8)
        faces = tracker.track(noisy)
        if not faces:
            raise ValueError(f"the face was lost in frame {number} of a still under noise")
        raw.append(faces[0].landmarks.astype(np.float64))
        smoothed.append(smooth(faces[0].landmarks, number * FRAME_MS).astype(np.float64) * side)
    tracker.reset()
    return {"raw": _spread(raw), "smoothed": _spread(smoothed)}


def frames_until_found(image: NDArray[np.uint8], tracker: FaceTracker) -> int | None:
    """A face that disappears for some frames: in which frame after its return it is found, from 1; None: not at all."""
    tracker.reset()
    blank = np.full_like(image, 90)
    tracker.track(image)
    for _ in range(BLANK_FRAMES):
        if tracker.track(blank):
            return None  # found where there is nothing
    for number in range(1, FRAMES_TO_FIND + 1):
        if tracker.track(image):
            tracker.reset()
            return number
    tracker.reset()
    return None


def compare_speed(
    image: NDArray[np.uint8], trackers: Mapping[str, FaceTracker], repeats: int = TIMED_FRAMES
) -> dict[str, dict[str, float]]:
    """Median milliseconds of following a face for a frame, and of finding it anew; the trackers take turns."""
    followed: dict[str, list[float]] = {name: [] for name in trackers}
    found: dict[str, list[float]] = {name: [] for name in trackers}
    for tracker in trackers.values():
        tracker.reset()
        tracker.track(image)
    for _ in range(repeats):
        for name, tracker in trackers.items():
            for times, call in ((followed[name], tracker.track), (found[name], tracker.detect)):
                start = time.perf_counter()
                call(image)
                times.append((time.perf_counter() - start) * 1000)
    return {
        name: {"follow_ms": statistics.median(followed[name]), "find_ms": statistics.median(found[name])}
        for name in trackers
    }


def _distances(frames: Sequence[FrameMeasure]) -> dict[str, Any]:
    """Means over frames, of which there is at least one."""
    percent = np.array([frame.percent for frame in frames])
    slices: dict[str, list[float]] = {}
    for frame in frames:
        for name in frame.slices:
            slices.setdefault(name, []).append(frame.percent)
    openness = np.stack([frame.openness for frame in frames]).mean(axis=0)
    return {
        "mean_percent": float(percent.mean()),
        "median_percent": float(np.median(percent)),
        "worst_tenth_percent": worst_tenth(percent),
        "regions": {name: float(np.mean([frame.regions[name] for frame in frames])) for name in frames[0].regions},
        "openness_error": dict(zip(("right_eye", "left_eye", "mouth"), openness.tolist(), strict=True)),
        "slices": {
            name: {"frames": len(values), "mean_percent": float(np.mean(values))}
            for name, values in sorted(slices.items())
        },
    }


def _mirrored(landmarks: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Landmarks (478, 3) of a mirrored picture so wide, as they lie in the picture itself."""
    unit = np.asarray(landmarks / width, np.float32)
    return mirror_points(unit, load_expressions().mirror) * np.float32(width)


def _sample_still() -> NDArray[np.uint8]:
    """The packaged sample portrait at the evaluation's size: of nobody who exists."""
    image = load_image(sample_portrait_path())
    side = min(image.shape[:2])
    return SquareCrop((image.shape[1] - side) / 2, 0.0, float(side)).extract(image, EVALUATION_SIZE)


def _spread(landmarks: list[NDArray[np.float64]]) -> float:
    settled = np.stack(landmarks[SETTLED_AFTER:])[..., :2]  # (T, 478, 2)
    return float(np.sqrt(((settled - settled.mean(axis=0)) ** 2).sum(axis=-1).mean()))


def _crop(frame: NDArray[np.uint8], teacher: FaceTracker) -> SquareCrop:
    """As the evaluation cuts a clip; without a face its middle, since here it matters who finds one."""
    height, width = frame.shape[:2]
    middle = SquareCrop((width - min(height, width)) / 2, 0.0, float(min(height, width)))
    return clip_crop(frame, teacher) or middle
