"""Trains one of the tracker's networks: a time budget, exact resume, a log, sheets of samples."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import torch
from torch import nn
from tqdm import tqdm

from monalive_distill.data.training_pairs import FaceSequence
from monalive_distill.training.checkpoint import (
    STATE_FILE,
    ExponentialAverage,
    load_average,
    read_record,
    restore_state,
    save_state,
)
from monalive_distill.training.curves import TrainingCurves
from monalive_distill.training.record import write_run_record
from monalive_distill.training.schedule import scheduled_learning_rate
from monalive_distill.training.sheets import write_sample_sheet

MODEL_NAME: Final = "tracker"  # of a file of all the tracker's networks
# Seconds between checkpoints, each with a sheet of samples.
SAVE_EVERY = 240.0
LOG_EVERY = 50  # steps per row of `log.csv`


@dataclass(frozen=True)
class TrackerTrainingConfig:
    """How to train."""

    batch: int = 64
    learning_rate: float = 2e-3
    final_learning_rate: float = 1e-5
    warm_up_steps: int = 100
    weight_decay: float = 1e-3
    average_decay: float = 0.998
    seed: int = 0


class Lesson(Protocol):
    """What is trained: a network, its data and its loss."""

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

    def inputs(self, batch: Any, device: str) -> torch.Tensor:
        """What of a batch the network is given."""

    def loss(self, output: Any, batch: Any) -> tuple[torch.Tensor, dict[str, float]]:
        """The loss, and terms for the log."""

    def sheet(self, output: Any, batch: Any) -> Sequence[torch.Tensor]:
        """Rows of pictures (N, 3, H, W) in [0, 1] that show what the network makes of a batch; may be none."""


def train_lesson(
    lesson: Lesson,
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
        lesson: what.
        run: folder for the checkpoint, `log.csv`, `record.json` and sheets.
        minutes: time budget of this call.
        config: how.
        caches, sequences: the data, for the record.
        device: "cpu" or "cuda".
        total_minutes: length of the whole schedule, when this call is only a part of it.
        start_from: weights to begin with where `run` has none yet: a run's, or a file of all the tracker's networks.
        clock: seconds that have passed since some moment.

    Raises:
        ValueError: the checkpoint in `run`, or `start_from`, belongs to another network.
    """
    run.mkdir(parents=True, exist_ok=True)
    network = lesson.network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if start_from is not None:
        start_network(network, start_from, lesson.part)
    optimizer = torch.optim.AdamW(network.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    average = ExponentialAverage(network, config.average_decay)
    models, optimizers = {"network": network}, {"network": optimizer}
    state = run / STATE_FILE
    step, spent = 0, 0.0
    if state.is_file():
        record = read_record(state)
        if record.get("model") != lesson.name:
            raise ValueError(f"{state} was trained as {record.get('model')!r}, not {lesson.name!r}")
        restore_state(state, models, optimizers, average)
        step, spent = int(str(record["step"])), float(str(record["seconds"]))
    write_run_record(run, config, caches, sequences, device=device, model=lesson.name)
    schedule = total_minutes * 60 if total_minutes else spent + minutes * 60
    start, begun, elapsed, next_save = clock(), spent, 0.0, SAVE_EVERY
    curves = TrainingCurves(run / "log.csv", LOG_EVERY)

    def save(seconds: float) -> None:
        facts = {"step": step, "seconds": seconds, "model": lesson.name, "config": asdict(config)}
        save_state(state, models, optimizers, average, facts)

    network.train()
    with tqdm(total=int(minutes * 60), unit="s", desc="training", disable=None) as bar:
        while (elapsed := clock() - start) < minutes * 60:
            spent = begun + elapsed
            for parameters in optimizer.param_groups:
                parameters["lr"] = scheduled_learning_rate(config, step, min(1.0, spent / schedule))
            batch = lesson.draw(step, config.batch)
            inputs = lesson.inputs(batch, device)
            with torch.autocast(torch.device(device).type, torch.bfloat16):
                output = network(inputs)
            value, terms = lesson.loss(output, batch)
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
            step += 1
            average.update(network, step)
            curves.add(step, spent, {"loss": float(value.detach()), **terms})
            bar.update(int(elapsed) - bar.n)
            if elapsed >= next_save:
                next_save = elapsed + SAVE_EVERY
                save(spent)
                rows = lesson.sheet(output, batch)
                if rows:
                    write_sample_sheet(run / f"step_{step:06d}.jpg", rows, columns=12)
    save(begun + elapsed)


def start_network(network: nn.Module, weights: Path, part: str) -> None:
    """Loads the averaged weights of a run of one network, or those of a part of a file of all of them.

    Raises:
        FileNotFoundError, ValueError: no such file, or another network's.
    """
    whole = read_record(weights).get("model") == MODEL_NAME
    load_average(weights, network, f"{part}." if whole else "")


def to_pictures(pictures: Any, device: str = "cpu") -> torch.Tensor:
    """(N, H, W, 3) uint8 to (N, 3, H, W) in [0, 1]."""
    return torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float() / 255
