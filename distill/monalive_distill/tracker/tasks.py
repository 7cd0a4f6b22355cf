"""The tracker's tasks, by the names the command line knows; each is loaded when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from monalive_distill.data.training_pairs import FaceSequence
    from monalive_distill.tracker.train import Task

TASKS: Final = {
    "blendshapes": "blendshape_task:BlendshapeTask",
    "detector": "detector_task:DetectorTask",
    "landmarks": "landmark_task:LandmarkTask",
}


def load_task(name: str, sequences: Sequence[FaceSequence], seed: int) -> Task:
    """A task on these sequences; `name` is a key of `TASKS`."""
    module, _, kind = TASKS[name].partition(":")
    task: Task = getattr(importlib.import_module(f"monalive_distill.tracker.{module}"), kind)(sequences, seed)
    return task
