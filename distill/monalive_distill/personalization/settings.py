"""How to learn a person; apart from `personalize`, so that the command line shows it without torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Personalization:
    """How to learn a person.

    Attributes:
        steps, minutes: at most; whichever is reached first.
        learning_rate: after `warm_up_steps`; it falls along a cosine to `final_learning_rate`.
        average_decay: of the running average of the weights, which is what is checked and kept.
        pixel, identity: weights of the colours and of CSIM in the loss, beside LPIPS.
        check_every: steps between checks on pictures that are not trained on.
        seed: of all that is drawn.
    """

    steps: int = 600
    minutes: float = 6.0
    learning_rate: float = 3e-4
    final_learning_rate: float = 1e-5
    warm_up_steps: int = 20
    average_decay: float = 0.98
    pixel: float = 0.5
    identity: float = 1.0
    check_every: int = 100
    seed: int = 0
