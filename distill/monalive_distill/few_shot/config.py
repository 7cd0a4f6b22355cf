"""What to meta-learn and how: the configuration of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from monalive_distill.data.augmentation import Augmentation
from monalive_distill.data.training_pairs import KIND_WEIGHTS
from monalive_distill.few_shot.losses import FewShotLossWeights
from monalive_distill.few_shot.warped_photo import WarpedPhoto
from monalive_distill.training.compute import Precision


@dataclass(frozen=True)
class FewShotConfig:
    """Defaults are the paper's where they do not depend on its size (4, "Implementation details").

    Attributes:
        variant: of `variants.json`.
        warped_photo: the generator also sees the first photo, moved by "geometry" or by the "lightweight" generator;
            "none" is the paper's model.
        lightweight: weights of the lightweight generator; None: those that ship.
        episodes: B, how many people a step (of one process).
        photos: K, how many photos of each.
        same_sequence: see `EpisodeSampler`.
        learning_rate: of embedder and generator, constant.
        discriminator_learning_rate: constant.
        discriminator_steps: steps of the discriminator per step of the others; the paper takes 2.
        average_decay: of the running average of the weights, which are the ones to use.
        perceptual_net: "vgg", or "alex" at a twentieth of the work: for a CPU.
        precision: "32-true" or "bf16-mixed" (Lightning Fabric's names).
        loaders: processes that prepare episodes ahead; 0: none, the training process does it.
        log_every: steps per row of `log.csv`.
    """

    variant: str = "base"
    warped_photo: WarpedPhoto = "lightweight"
    lightweight: str | None = None
    episodes: int = 4
    photos: int = 8
    same_sequence: float = 0.7
    learning_rate: float = 5e-5
    discriminator_learning_rate: float = 2e-4
    discriminator_steps: int = 1
    average_decay: float = 0.999
    perceptual_net: Literal["vgg", "alex"] = "vgg"
    precision: Precision = "32-true"
    loaders: int = 0
    log_every: int = 20
    seed: int = 0
    kind_weights: dict[str, float] = field(default_factory=lambda: dict(KIND_WEIGHTS))
    losses: FewShotLossWeights = field(default_factory=FewShotLossWeights)
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        for name in ("episodes", "photos", "discriminator_steps", "log_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if not 0 <= self.same_sequence <= 1:
            raise ValueError(f"same_sequence must be in [0, 1], not {self.same_sequence}")
