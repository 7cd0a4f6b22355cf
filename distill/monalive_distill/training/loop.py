"""The training loop: every model that is trained from a cache of faces is trained here.

A training brings a model, a data source and a step (`Training`); the loop brings the rest, and fills the run's folder:

    state.safetensors    the checkpoint: every few minutes, and at the end; the run goes on from it exactly
    log.csv              curves of the loss's terms
    step_001234.jpg      sheets of samples
    record.json          configuration, data, code and machine

What comes before and after each step (budget, learning rates, average of the weights) is in `steps`; devices, precision
and processes are in `compute`. The smallest training to take as a pattern is `tracker.train.TrackerTraining`. Models
that are tuned to one person's photos, without a run's folder, take the same steps in `tuning`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Protocol

from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from monalive_distill.training.average import running_average
from monalive_distill.training.checkpoint import STATE_FILE, read_record, restore_state, save_state
from monalive_distill.training.curves import TrainingCurves
from monalive_distill.training.record import write_run_record
from monalive_distill.training.sheets import write_sample_sheet
from monalive_distill.training.steps import Budget, Learner, take_steps

# Seconds between checkpoints; sheets of samples come half as often.
SAVE_EVERY = 240.0


class RunConfig(Protocol):
    """A dataclass that says what to train and how; what the loop reads of it."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def average_decay(self) -> float:
        """Of the running average of the weights."""

    @property
    def log_every(self) -> int:
        """Steps per row of `log.csv`."""


class Training(Learner, Protocol):
    """What the loop trains."""

    @property
    def config(self) -> RunConfig:
        """Stands in the record and in every checkpoint."""

    @property
    def facts(self) -> dict[str, object]:
        """What else they say, JSON-serialisable: which model it is."""

    def check_resumable(self, state: Path) -> None:
        """Raises ValueError where a checkpoint belongs to another training."""

    def start_from(self, weights: Path) -> None:
        """Loads weights to begin with; raises FileNotFoundError or ValueError where there are none for this model."""


def train(
    training: Training,
    run: Path,
    minutes: float,
    *,
    total_minutes: float | None = None,
    start_from: Path | None = None,
    data: Mapping[str, object] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Trains for `minutes`, going on from the checkpoint in `run` where there is one.

    Args:
        training: what.
        run: the folder.
        minutes: time budget of this call.
        total_minutes: length of the whole schedule, when this call is only a part of it.
        start_from: weights to begin with where `run` has no checkpoint yet.
        data: what the record says of the data (`describe_data`).
        clock: seconds that have passed since some moment.

    Raises:
        FileNotFoundError: no such weights.
        ValueError: the checkpoint or the weights belong to another training.
    """
    fabric, config, state = training.fabric, training.config, run / STATE_FILE
    step, begun, resumes = 0, 0.0, state.is_file()
    if resumes:
        training.check_resumable(state)
        record = read_record(state)
        step, begun = int(str(record["step"])), float(str(record["seconds"]))
    elif start_from is not None:
        training.start_from(start_from)
    average = running_average(training.model, config.average_decay, step)
    if resumes:
        restore_state(state, training.models, training.optimizers, average.module)
    if fabric.is_global_zero:
        run.mkdir(parents=True, exist_ok=True)
        machine = {"device": fabric.device.type, "processes": fabric.world_size}
        write_run_record(run, {**training.facts, "config": asdict(config), **(data or {}), **machine})
    curves = TrainingCurves(run / "log.csv", config.log_every)
    budget = Budget(minutes, begun=begun, total_minutes=total_minutes, clock=clock)
    next_save = next_sheet = SAVE_EVERY
    hidden = None if fabric.is_global_zero else True
    with tqdm(total=int(budget.seconds), unit="s", desc="training", disable=hidden) as bar:
        for moment, outcome in take_steps(training, budget, average, step):
            step = moment.step + 1
            if not fabric.is_global_zero:
                continue
            curves.add(step, moment.seconds, outcome.values())
            bar.update(int(moment.elapsed) - bar.n)
            if step % 20 == 0:
                bar.set_postfix_str(f"step {step} loss {curves.latest('loss'):.3f}")
            if moment.elapsed >= next_save:
                next_save = moment.elapsed + SAVE_EVERY
                _save(state, training, average, step, moment.seconds)
            if moment.elapsed >= next_sheet:
                next_sheet = moment.elapsed + 2 * SAVE_EVERY
                write_sample_sheet(run / f"step_{step:06d}.jpg", outcome.sheet())
    if fabric.is_global_zero:
        _save(state, training, average, step, begun + budget.elapsed)
    fabric.barrier()  # nobody leaves, or reads the checkpoint, before it is written


def _save(state: Path, training: Training, average: AveragedModel, step: int, seconds: float) -> None:
    record = {**training.facts, "step": step, "seconds": seconds, "config": asdict(training.config)}
    save_state(state, training.models, training.optimizers, average.module, record)
