"""A training small enough to be looked through: a line is fitted, under noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch import nn

from monalive_distill.training.checkpoint import load_average, read_record
from monalive_distill.training.compute import launch, minimize
from monalive_distill.training.schedule import Schedule
from monalive_distill.training.steps import Moment, Outcome


@dataclass(frozen=True)
class ToyConfig:
    """Of `ToyTraining`."""

    learning_rate: float = 0.1
    final_learning_rate: float = 0.01
    warm_up_steps: int = 2
    average_decay: float = 0.9
    log_every: int = 2
    seed: int = 3


class ToyTraining:
    """Learns y = 2 x, with noise that a step draws from torch; `moments` are those of its steps."""

    def __init__(self, config: ToyConfig | None = None) -> None:
        self.fabric: Fabric = launch("cpu")
        self.config = config or ToyConfig()
        self.seed = self.config.seed
        torch.manual_seed(self.seed)
        self.model: nn.Module = nn.Sequential(nn.BatchNorm1d(1), nn.Linear(1, 1))
        self.other = nn.Linear(1, 1)
        self.models: Mapping[str, nn.Module] = {"line": self.model, "other": self.other}
        self.optimizers: Mapping[str, torch.optim.Optimizer] = {
            "line": torch.optim.Adam(self.model.parameters(), self.config.learning_rate),
            "other": torch.optim.Adam(self.other.parameters(), 0.5),
        }
        self.schedules: Mapping[str, Schedule] = {"line": self.config}
        self.moments: list[Moment] = []
        self.rates: list[tuple[float, float]] = []

    @property
    def facts(self) -> dict[str, object]:
        return {"model": "toy"}

    def check_resumable(self, state: Path) -> None:
        if read_record(state)["model"] != "toy":
            raise ValueError("another model")

    def start_from(self, weights: Path) -> None:
        load_average(weights, self.model)

    def draw(self, moment: Moment) -> torch.Tensor:
        return torch.linspace(-1, 1, 4)[:, None] * (1 + moment.draw)

    def step(self, data: torch.Tensor, moment: Moment) -> Outcome:
        self.moments.append(moment)
        self.rates.append((self._rate("line"), self._rate("other")))
        loss = (self.model(data) - 2 * data + torch.randn(4, 1)).square().mean()
        minimize(self.fabric, loss, self.optimizers["line"], clip_norm=1.0)
        return Outcome({"loss": loss, "half": 0.5}, lambda: [torch.zeros(2, 3, 8, 8)])

    def _rate(self, name: str) -> float:
        return float(self.optimizers[name].param_groups[0]["lr"])
