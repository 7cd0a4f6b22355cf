"""Trains one of the tracker's networks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from lightning_fabric import Fabric
from torch import nn

from monalive_distill.data.training_pairs import FaceSequence
from monalive_distill.tracker.weights_file import start_network
from monalive_distill.training.compute import launch, minimize, to_channels_last
from monalive_distill.training.loop import train
from monalive_distill.training.one_network import OneNetworkTraining
from monalive_distill.training.record import describe_data
from monalive_distill.training.steps import Moment, Outcome


@dataclass(frozen=True)
class TrackerTrainingConfig:
    """Of any of the tracker's networks.

    Attributes:
        batch: samples per step (of one process).
        learning_rate: after `warm_up_steps`; it falls along a cosine to `final_learning_rate`.
        average_decay: of the running average of the weights, which are the ones to use.
        log_every: steps per row of `log.csv`.
    """

    batch: int = 64
    learning_rate: float = 2e-3
    final_learning_rate: float = 1e-5
    warm_up_steps: int = 100
    weight_decay: float = 1e-3
    average_decay: float = 0.998
    log_every: int = 50
    seed: int = 0


class Task(Protocol):
    """What one of the networks learns: its data and its loss."""

    @property
    def name(self) -> str:
        """Stands in the checkpoint; a run goes on only with the same."""

    @property
    def part(self) -> str:
        """What the network is called in a file of all the tracker's networks."""

    @property
    def network(self) -> nn.Module:
        """`inputs` to whatever the loss reads."""

    def draw(self, step: int, count: int) -> Any:
        """The batch of a step."""

    def inputs(self, batch: Any, device: torch.device) -> torch.Tensor:
        """What of a batch the network is given."""

    def loss(self, output: Any, batch: Any) -> tuple[torch.Tensor, Mapping[str, float]]:
        """The loss, and terms for the log."""

    def sheet(self, output: Any, batch: Any) -> Sequence[torch.Tensor]:
        """Rows of pictures (N, 3, H, W) in [0, 1] that show what the network makes of a batch; may be none."""


def train_task(
    task: Task,
    run: Path,
    minutes: float,
    config: TrackerTrainingConfig,
    *,
    caches: Sequence[Path] = (),
    sequences: Sequence[FaceSequence] = (),
    device: str = "cpu",
    total_minutes: float | None = None,
    start_from: Path | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Trains for `minutes`, going on from the checkpoint in `run` where there is one.

    Args:
        task: what.
        run: folder for what `training.loop` writes.
        minutes: time budget of this call.
        config: how.
        caches, sequences: the data, for the record.
        device: "cpu" or "cuda".
        total_minutes: length of the whole schedule, when this call is only a part of it.
        start_from: weights to begin with where `run` has none yet: a run's, or a file of all the tracker's networks.
        clock: seconds that have passed since some moment.

    Raises:
        FileNotFoundError: no such weights.
        ValueError: the checkpoint in `run`, or `start_from`, belongs to another network.
    """
    training = TrackerTraining(launch(device, "bf16-mixed"), config, task)
    data = describe_data(caches, sequences)
    train(training, run, minutes, total_minutes=total_minutes, start_from=start_from, data=data, clock=clock)


class TrackerTraining(OneNetworkTraining):
    """See `training.loop.Training`.

    Args:
        fabric: where it computes.
        config: how to train.
        task: what.
    """

    def __init__(self, fabric: Fabric, config: TrackerTrainingConfig, task: Task) -> None:
        self.config, self._task, self.model = config, task, task.network
        to_channels_last(self.model, fabric.device)
        super().__init__(fabric, config, task.name, self.model)

    def start_from(self, weights: Path) -> None:
        """See `Training`."""
        start_network(self.model, weights, self._task.part)

    def draw(self, moment: Moment) -> Any:
        """A batch of the task."""
        return self._task.draw(moment.draw, self.config.batch)

    def step(self, data: Any, moment: Moment) -> Outcome:
        """The network learns."""
        inputs = self._task.inputs(data, self.fabric.device)
        with self.fabric.autocast():
            output = self.model(inputs)
        loss, terms = self._task.loss(output, data)
        minimize(self.fabric, loss, self.optimizer, clip_norm=5.0)
        return Outcome({"loss": loss, **terms}, lambda: self._task.sheet(output, data))
