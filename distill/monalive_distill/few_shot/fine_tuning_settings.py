"""How to fine-tune the few-shot model; apart from `finetune`, so that the command line shows it without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from monalive_distill.data.augmentation import Augmentation

# Of each picture; no mirror, no colours: they are this person's.
PERSON_AUGMENTATION = Augmentation(6.0, 0.1, 0.03, flip=0.0, grey=0.0, colour=0.0, blur=0.0)


@dataclass(frozen=True)
class FineTuning:
    """How to fine-tune.

    Attributes:
        steps, minutes: at most; whichever is reached first.
        pictures: per step.
        learning_rate, discriminator_learning_rate: constant.
        check_every: steps between checks of expression (`expression_check`).
        patience: checks without a better one after which it stops.
        perceptual_net: "vgg" or "alex", of the content loss and of the check.
        augmentation: of each picture of a step.
        seed: of all that is drawn.
    """

    steps: int = 400
    minutes: float = 5.0
    pictures: int = 4
    learning_rate: float = 5e-5
    discriminator_learning_rate: float = 2e-4
    check_every: int = 20
    patience: int = 4
    perceptual_net: Literal["vgg", "alex"] = "alex"
    augmentation: Augmentation = PERSON_AUGMENTATION
    seed: int = 0
