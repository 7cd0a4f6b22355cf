"""The tracker's lessons, by the names the command line knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from monalive_distill.tracker.blendshape_lesson import BlendshapeLesson
from monalive_distill.tracker.detector_lesson import DetectorLesson
from monalive_distill.tracker.landmark_lesson import LandmarkLesson
from monalive_distill.tracker.tracker_training import Lesson
from monalive_distill.training_pairs import FaceSequence

LESSONS: Final[Mapping[str, Callable[[Sequence[FaceSequence], int], Lesson]]] = {
    "blendshapes": BlendshapeLesson,
    "detector": DetectorLesson,
    "landmarks": LandmarkLesson,
}
