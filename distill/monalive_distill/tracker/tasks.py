"""The tracker's lessons, by the names the command line knows; each is loaded when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from monalive_distill.data.training_pairs import FaceSequence
    from monalive_distill.tracker.train import Lesson

LESSONS: Final = {
    "blendshapes": "blendshape_task:BlendshapeLesson",
    "detector": "detector_task:DetectorLesson",
    "landmarks": "landmark_task:LandmarkLesson",
}


def load_lesson(name: str, sequences: Sequence[FaceSequence], seed: int) -> Lesson:
    """A lesson on these sequences; `name` is a key of `LESSONS`."""
    module, _, kind = LESSONS[name].partition(":")
    lesson: Lesson = getattr(importlib.import_module(f"monalive_distill.tracker.{module}"), kind)(sequences, seed)
    return lesson
