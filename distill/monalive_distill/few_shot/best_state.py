"""The best state of a model while it is tuned to a person, as its checks see it."""

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
    """

    def __init__(self, model: nn.Module, distance: float) -> None:
        self._model = model
        self.checks = [(0, distance)]
        self.kept_step = 0
        self._weights = copy.deepcopy(model.state_dict())

    def take(self, step: int, distance: float) -> bool:
        """Takes in a check; whether it is the best so far, so that the weights as they are now are kept."""
        better = distance < min(known for _, known in self.checks)
        self.checks.append((step, distance))
        if better:
            self._weights, self.kept_step = copy.deepcopy(self._model.state_dict()), step
        return better

    def restore(self) -> None:
        """Gives the model the weights that were kept."""
        self._model.load_state_dict(self._weights)
