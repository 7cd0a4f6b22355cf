"""The schedule of the learning rate: a short warm-up, then a cosine."""

from __future__ import annotations

import math
from typing import Protocol

import torch


class Schedule(Protocol):
    """A configuration that says how the learning rate goes."""

    @property
    def learning_rate(self) -> float: ...

    @property
    def final_learning_rate(self) -> float: ...

    @property
    def warm_up_steps(self) -> int: ...


def scheduled_learning_rate(schedule: Schedule, step: int, progress: float) -> float:
    """The learning rate of a step, from 0, at `progress` [0, 1] of the schedule."""
    low, high = schedule.final_learning_rate, schedule.learning_rate
    cosine = low + (high - low) * 0.5 * (1 + math.cos(math.pi * progress))
    return cosine * min(1.0, (step + 1) / schedule.warm_up_steps)


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Gives all of an optimizer's weights one learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate
