"""What every training repeats: draw, learn, average the weights, until the budget is spent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import nn
from torch.optim.swa_utils import AveragedModel

from monalive_distill.training.compute import average_batch_statistics
from monalive_distill.training.schedule import Schedule, scheduled_learning_rate, set_learning_rate


@dataclass(frozen=True)
class Moment:
    """Where a run is when a step begins.

    Attributes:
        step: from 0, over all calls that trained this run.
        draw: like `step`, but another one on every process: what seeds the step's data.
        progress: of the schedule, in [0, 1].
        seconds: trained so far, over all calls.
        elapsed: seconds of this call.
    """

    step: int
    draw: int
    progress: float
    seconds: float
    elapsed: float


@dataclass(frozen=True)
class Outcome:
    """What a step says of itself.

    Attributes:
        terms: of the loss, by name, for the curves; "loss" is the sum that the progress bar shows.
        sheet: makes rows of pictures (N, 3, H, H) in [0, 1] that show what the model makes of the step's data; called
            now and then.
    """

    terms: Mapping[str, torch.Tensor | float]
    sheet: Callable[[], Sequence[torch.Tensor]] = tuple

    def values(self) -> dict[str, float]:
        """The terms as numbers."""
        return {name: float(torch.as_tensor(term).detach()) for name, term in self.terms.items()}


class Learner(Protocol):
    """A model that learns, where its data comes from, and a step."""

    @property
    def fabric(self) -> Fabric:
        """Device, precision and processes."""

    @property
    def seed(self) -> int:
        """Of all that a step draws."""

    @property
    def model(self) -> nn.Module:
        """What is trained for, the one whose weights are averaged."""

    @property
    def models(self) -> Mapping[str, nn.Module]:
        """All that learn, by name: `model`, and an adversary for example."""

    @property
    def optimizers(self) -> Mapping[str, torch.optim.Optimizer]:
        """By name."""

    @property
    def schedules(self) -> Mapping[str, Schedule]:
        """Of the learning rates of those optimizers whose rate is not constant."""

    def draw(self, moment: Moment) -> Any:
        """The data of a step."""

    def step(self, data: Any, moment: Moment) -> Outcome:
        """Learns from the data: losses, and `minimize` for each optimizer."""


class Budget:
    """How much a call may do: minutes, steps, or whichever is reached first. Its clock starts when it is made.

    Args:
        minutes: at most.
        steps: at most, over all calls; None: any number.
        begun: seconds trained before this call.
        total_minutes: length of the whole schedule, when this call is only a part of it.
        clock: seconds that have passed since some moment.
    """

    def __init__(
        self,
        minutes: float,
        steps: int | None = None,
        *,
        begun: float = 0.0,
        total_minutes: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.seconds, self.steps, self.begun, self.elapsed = minutes * 60, steps, begun, 0.0
        self._schedule = total_minutes * 60 if total_minutes else begun + self.seconds
        self._clock, self._start = clock, clock()

    def next_moment(self, step: int, fabric: Fabric) -> Moment | None:
        """When `step` begins, the same on all processes; None: the budget is spent."""
        if self.steps is not None and step >= self.steps:
            return None
        # Clocks differ, the learning rate must not.
        self.elapsed = fabric.broadcast(self._clock() - self._start)
        if self.elapsed >= self.seconds:
            return None
        seconds = self.begun + self.elapsed
        progress = max(step / self.steps if self.steps else 0.0, min(1.0, seconds / self._schedule))
        return Moment(step, step * fabric.world_size + fabric.global_rank, progress, seconds, self.elapsed)


def take_steps(
    learner: Learner, budget: Budget, average: AveragedModel | None = None, first: int = 0
) -> Iterator[tuple[Moment, Outcome]]:
    """Trains until the budget is spent; after each step says when it began and what came out.

    Args:
        learner: what.
        budget: how long.
        average: of the learner's model, which takes in the weights after each step.
        first: the number of the first step.
    """
    fabric, step = learner.fabric, first
    while (moment := budget.next_moment(step, fabric)) is not None:
        for name, schedule in learner.schedules.items():
            set_learning_rate(learner.optimizers[name], scheduled_learning_rate(schedule, step, moment.progress))
        # Whatever a step draws from torch is drawn again where a run is interrupted and goes on.
        torch.manual_seed(int(np.random.SeedSequence((learner.seed, moment.draw)).generate_state(1)[0]))
        outcome = learner.step(learner.draw(moment), moment)
        average_batch_statistics(fabric, learner.models.values())
        if average is not None:
            average.update_parameters(learner.model)
        step += 1
        yield moment, outcome
