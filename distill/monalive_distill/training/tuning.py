"""The loop of models that are tuned to one person's photos: minutes or steps, checks, and the best state is kept.

It takes the same steps as `loop`, but leaves no run's folder: few photos are learned by heart soon, so a run is short,
never goes on later, and ends with the state that checks on other pictures found best, not with the last one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import nn
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from monalive_distill.training.best_state import BestState
from monalive_distill.training.steps import Budget, Learner, take_steps


class Tuning(Learner, Protocol):
    """What is tuned."""

    def check(self, step: int, model: nn.Module) -> float:
        """How far the pictures of a model are, after so many steps, from those that are not trained on: less is better.

        `model` is the learner's model, or a copy of it with averaged weights.
        """


@dataclass(frozen=True)
class Tuned:
    """What came out.

    Attributes:
        steps: how many were taken.
        kept_step: the one whose weights were kept.
        terms: of the loss, of each step.
        checks: (step, distance) of each check; the first is before any step.
    """

    steps: int
    kept_step: int
    terms: Sequence[dict[str, float]]
    checks: Sequence[tuple[int, float]]


def tune(
    tuning: Tuning,
    budget: Budget,
    check_every: int,
    *,
    average: AveragedModel | None = None,
    patience: int | None = None,
    about: str = "tuning",
) -> Tuned:
    """Trains until the budget is spent, and gives the model the weights that a check found best.

    Args:
        tuning: what; its model is changed.
        budget: how long; its steps are the progress bar's.
        check_every: steps between checks; the last state is checked too.
        average: of the model's weights: what is checked and kept; None: the weights as they are.
        patience: checks without a better one after which it stops; None: it does not.
        about: what the progress bar says.
    """
    checked = tuning.model if average is None else average.module
    best = BestState(checked, tuning.check(0, checked))
    step, terms = 0, []
    with tqdm(total=budget.steps, desc=about, unit="step", disable=None) as bar:
        for moment, outcome in take_steps(tuning, budget, average):
            step = moment.step + 1
            bar.update()
            terms.append(outcome.values())
            if step % check_every == 0:
                best.take(step, tuning.check(step, checked))
                if patience is not None and step - best.kept_step >= patience * check_every:
                    break
    if best.checks[-1][0] != step:
        best.take(step, tuning.check(step, checked))
    tuning.model.load_state_dict(best.weights)
    return Tuned(step, best.kept_step, terms, best.checks)
