"""What expert to train and how."""

from __future__ import annotations

from dataclasses import dataclass, field

from monalive_distill.data.augmentation import Augmentation
from monalive_distill.few_shot.regions.losses import ExpertLossWeights
from monalive_distill.few_shot.regions.network import ExpertSizes


@dataclass(frozen=True)
class ExpertConfig:
    """How a region's expert is trained.

    Attributes:
        region: "eye" or "mouth".
        sizes: channels at a half, a quarter, an eighth and a sixteenth of the crop's size, and the number of residual
            blocks.
        photos: the numbers of photos that a step may give of each person.
        pictures: how many pictures a step holds: the frames wanted and all photos.
        learning_rate, final_learning_rate, warm_up_steps: see `scheduled_learning_rate`.
        average_decay: of the averaged weights.
        losses: weights of the loss's terms.
        discriminator_learning_rate: of the projection discriminator, constant.
        critic_pictures: how many of a step's frames critic and discriminator see at most.
        augmentation: shared by the pictures of an episode; only its colours are used.
        bfloat16: whether the networks compute in it; geometry never does.
        log_every: steps per row of the curves.
        seed: of the weights and episodes.
    """

    region: str = "mouth"
    sizes: tuple[int, ...] = tuple(ExpertSizes())
    photos: tuple[int, ...] = (1, 1, 2, 4, 8)
    pictures: int = 40
    learning_rate: float = 1e-3
    final_learning_rate: float = 2e-5
    warm_up_steps: int = 100
    average_decay: float = 0.998
    losses: ExpertLossWeights = field(default_factory=ExpertLossWeights)
    discriminator_learning_rate: float = 2e-4
    critic_pictures: int = 6
    augmentation: Augmentation = field(default_factory=lambda: Augmentation(colour=0.05, grey=0.03, gamma=0.2))
    bfloat16: bool = True
    log_every: int = 50
    seed: int = 0

    def __post_init__(self) -> None:
        if len(self.sizes) != len(ExpertSizes._fields) or min(self.sizes) < 1:
            raise ValueError(f"sizes must be {len(ExpertSizes._fields)} numbers from 1 on, not {list(self.sizes)}")
        if not self.photos or min(self.photos) < 1:
            raise ValueError(f"photos must be numbers from 1 on, not {list(self.photos)}")
        for name in ("pictures", "critic_pictures", "log_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
