"""The tracker's lessons, by the names the command line knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from monalive_distill.data.training_pairs import FaceSequence
from monalive_distill.tracker.blendshape_task import BlendshapeLesson
from monalive_distill.tracker.detector_task import DetectorLesson
from monalive_distill.tracker.landmark_task import LandmarkLesson
from monalive_distill.tracker.train import Lesson

LESSONS: Final[Mapping[str, Callable[[Sequence[FaceSequence], int], Lesson]]] = {
    "blendshapes": BlendshapeLesson,
    "detector": DetectorLesson,
    "landmarks": LandmarkLesson,
}
