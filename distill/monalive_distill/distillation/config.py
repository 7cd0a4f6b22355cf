"""What to train and how: the configuration of a training of the lightweight generator."""

from __future__ import annotations

from dataclasses import dataclass, field

from monalive_distill.data.augmentation import Augmentation
from monalive_distill.data.training_pairs import KIND_WEIGHTS
from monalive_distill.distillation.losses import LossWeights


@dataclass(frozen=True)
class Stage:
    """A part of the run: up to which share of the time budget, at which size, with how many pictures a step."""

    until: float
    size: int
    photos: int
    targets: int


@dataclass(frozen=True)
class TrainingConfig:
    """Of the lightweight generator.

    Attributes:
        variant: of `generator/variants.json`.
        learning_rate: of the generator, after `warm_up_steps`; it falls along a cosine to `final_learning_rate`.
        average_decay: of the running average of the weights, which are the ones to use.
        adversary_from: share of the schedule after which the adversary plays along; 1: never.
        adversary_learning_rate: constant.
        several_photos_every: steps; in one of so many each person has two photos, blended; 0: never.
        teacher_every: steps; one of so many learns from the teacher's pictures where there is a teacher.
        frozen: parts of the generator that stay as they are, their BatchNorm statistics too.
        log_every: steps per row of `log.csv`.
        kind_weights: see `drawing_weights`.
    """

    variant: str = "default"
    learning_rate: float = 1e-3
    final_learning_rate: float = 2e-5
    warm_up_steps: int = 150
    average_decay: float = 0.998
    adversary_from: float = 0.6
    adversary_learning_rate: float = 2e-4
    several_photos_every: int = 3
    teacher_every: int = 4
    frozen: tuple[str, ...] = ()
    log_every: int = 50
    seed: int = 0
    kind_weights: dict[str, float] = field(default_factory=lambda: dict(KIND_WEIGHTS))
    stages: tuple[Stage, ...] = (Stage(0.45, 128, 8, 3), Stage(1.0, 256, 4, 3))
    losses: LossWeights = field(default_factory=LossWeights)
    augmentation: Augmentation = field(default_factory=Augmentation)
