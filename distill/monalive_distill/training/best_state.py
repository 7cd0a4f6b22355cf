"""The best state of a model while it is tuned, as its checks see it."""

from __future__ import annotations

import copy

from torch import nn


class BestState:
    """Keeps the weights of the check with the least distance.

    Args:
        model: what is tuned.
        distance: of the check before any step.

    Attributes:
        checks: (step, distance) of each check.
        kept_step: whose weights are kept.
        weights: those, as a state dict.
    """

    def __init__(self, model: nn.Module, distance: float) -> None:
        self._model = model
        self.checks = [(0, distance)]
        self.kept_step = 0
        self.weights = copy.deepcopy(model.state_dict())

    def take(self, step: int, distance: float) -> None:
        """Takes in a check; if it is the best so far, the weights as they are now are kept."""
        if distance < min(known for _, known in self.checks):
            self.weights, self.kept_step = copy.deepcopy(self._model.state_dict()), step
        self.checks.append((step, distance))
