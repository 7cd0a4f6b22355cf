"""The loop that tunes: it stops by steps, minutes or patience, and keeps the state that a check found best."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from pass_clock import PassClock
from torch import nn
from toy_training import ToyTraining

from monalive_distill.training.average import running_average
from monalive_distill.training.steps import Budget
from monalive_distill.training.tuning import tune


class ToyTuning(ToyTraining):
    """Its checks measure what they are told; `seen` are the weights at each."""

    def __init__(self, distances: list[float]) -> None:
        super().__init__()
        self._distances: Iterator[float] = iter(distances)
        self.seen: list[torch.Tensor] = []

    def check(self, step: int, model: nn.Module) -> float:
        self.seen.append(next(model.parameters()).detach().clone())
        return next(self._distances)


def test_the_best_state_is_kept_and_the_last_is_checked_too() -> None:
    tuning = ToyTuning([5.0, 3.0, 4.0, 3.5])
    made = tune(tuning, Budget(10.0, 5, clock=PassClock()), check_every=2)
    assert made.steps == 5 and made.kept_step == 2 and len(made.terms) == 5 and "loss" in made.terms[0]
    assert made.checks == [(0, 5.0), (2, 3.0), (4, 4.0), (5, 3.5)]
    assert torch.equal(next(tuning.model.parameters()), tuning.seen[1])
    assert [moment.progress for moment in tuning.moments] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])


def test_it_stops_when_checks_get_no_better() -> None:
    made = tune(ToyTuning([0.5, 0.4, 0.41, 0.42, 0.1]), Budget(10.0, 40, clock=PassClock()), 1, patience=2)
    assert made.steps == 3 and made.kept_step == 1


def test_it_stops_when_time_is_up() -> None:
    made = tune(ToyTuning([0.5, 0.4]), Budget(3 / 60, 40, clock=PassClock()), 10)
    assert made.steps == 3 and made.checks == [(0, 0.5), (3, 0.4)]


def test_without_a_better_state_nothing_changes() -> None:
    tuning = ToyTuning([0.5, 0.6, 0.6])
    made = tune(tuning, Budget(10.0, 4, clock=PassClock()), 2)
    assert made.kept_step == 0 and torch.equal(next(tuning.model.parameters()), tuning.seen[0])


def test_averaged_weights_are_what_is_checked_and_kept() -> None:
    tuning = ToyTuning([0.5, 0.4])
    average = running_average(tuning.model, 0.9)
    tune(tuning, Budget(10.0, 3, clock=PassClock()), 3, average=average)
    kept = next(tuning.model.parameters())
    assert torch.equal(kept, tuning.seen[-1]) and torch.equal(kept, next(average.module.parameters()))
