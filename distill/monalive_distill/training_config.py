"""What to train and how: the configuration of a training run, and the JSON file it can be read from."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from monalive_distill.augment import Augmentation
from monalive_distill.losses import LossWeights


@dataclass(frozen=True)
class Stage:
    """A part of the run: up to which share of the time budget, at which size, with how many pictures a step."""

    until: float
    size: int
    photos: int
    targets: int


@dataclass(frozen=True)
class TrainingConfig:
    variant: str = "default"
    learning_rate: float = 1e-3
    final_learning_rate: float = 2e-5
    warm_up_steps: int = 150
    average_decay: float = 0.998
    adversary_from: float = 0.6  # share of the schedule after which the adversary plays along; 1: never
    adversary_learning_rate: float = 2e-4
    seed: int = 0
    kind_weights: dict[str, float] = field(
        default_factory=lambda: {"clip": 0.7, "stills": 0.08, "synthetic": 0.22}
    )
    stages: tuple[Stage, ...] = (Stage(0.45, 128, 8, 3), Stage(1.0, 256, 4, 3))
    losses: LossWeights = field(default_factory=LossWeights)
    augmentation: Augmentation = field(default_factory=Augmentation)


def read_config(path: Path) -> TrainingConfig:
    """A configuration from a JSON file that names what differs from the defaults, as `record.json` spells it.

    Raises:
        FileNotFoundError: no such file.
        ValueError: it is not JSON, or names something that does not exist.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no configuration file {path}")
    try:
        values: dict[str, Any] = json.loads(path.read_text())
        known = {entry.name for entry in fields(TrainingConfig)}
        if unknown := sorted(set(values) - known):
            raise ValueError(f"it names {', '.join(unknown)}; there are {', '.join(sorted(known))}")
        if "stages" in values:
            values["stages"] = tuple(Stage(**stage) for stage in values["stages"])
        for name, kind in (("losses", LossWeights), ("augmentation", Augmentation)):
            if name in values:
                values[name] = kind(**values[name])
        return TrainingConfig(**values)
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is not a training configuration: {error}") from error
