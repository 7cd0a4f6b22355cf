"""What trainings of a single network by a single optimizer have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import torch
from lightning_fabric import Fabric
from torch import nn

from monalive_distill.training.checkpoint import read_record
from monalive_distill.training.schedule import Schedule


class OneNetworkConfig(Schedule, Protocol):
    """A schedule, and the rest that this needs of a configuration."""

    @property
    def weight_decay(self) -> float:
        """Of AdamW."""

    @property
    def seed(self) -> int:
        """Of the data's order."""


class OneNetworkTraining:
    """The parts of `training.loop.Training` that do not say what is learnt: derive from it, and add the rest.

    Args:
        fabric: where it computes.
        config: how to train.
        name: of the network, in the checkpoint; a run goes on only with the same.
        model: the network, where it computes.
    """

    def __init__(self, fabric: Fabric, config: OneNetworkConfig, name: str, model: nn.Module) -> None:
        self.fabric, self.seed = fabric, config.seed
        self.optimizer = torch.optim.AdamW(model.parameters(), config.learning_rate, weight_decay=config.weight_decay)
        self.models = {"network": model}
        self.optimizers = {"network": self.optimizer}
        self.schedules: dict[str, Schedule] = {"network": config}
        self._name = name
        model.train()

    @property
    def facts(self) -> dict[str, object]:
        """See `Training`."""
        return {"model": self._name}

    def check_resumable(self, state: Path) -> None:
        """See `Training`."""
        name = read_record(state).get("model")
        if name != self._name:
            raise ValueError(f"{state} was trained as {name!r}, not {self._name!r}")
