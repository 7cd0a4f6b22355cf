"""Trains the lightweight generator: on people's clips, against an adversary, and where there is a teacher, on its
pictures."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from lightning_fabric import Fabric
from torch import nn

from monalive_distill.data.training_pairs import FaceSequence, PairSampler, TrainingGroup, load_sequences, to_tensors
from monalive_distill.distillation.adversary import Adversary
from monalive_distill.distillation.config import Stage, TrainingConfig
from monalive_distill.distillation.detail_crops import detail_crops
from monalive_distill.distillation.losses import ReconstructionLoss
from monalive_distill.distillation.teacher_frames import TaughtGroup, TeacherFrames
from monalive_distill.few_shot.model import FewShotModel
from monalive_distill.generator.lightweight_generator import build_generator
from monalive_distill.generator.photo_blend import blend, by_frame
from monalive_distill.metrics.lpips import LPIPS
from monalive_distill.training.checkpoint import load_average, read_record
from monalive_distill.training.compute import launch, minimize, to_channels_last
from monalive_distill.training.loop import train as run_training
from monalive_distill.training.record import describe_data
from monalive_distill.training.schedule import Schedule
from monalive_distill.training.steps import Moment, Outcome


def train(
    caches: list[Path],
    run: Path,
    minutes: float,
    config: TrainingConfig,
    device: str = "cpu",
    total_minutes: float | None = None,
    start_from: Path | None = None,
    teacher: FewShotModel | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Trains for `minutes`, going on from the checkpoint in `run` where there is one.

    Args:
        caches: folders made by `monalive-distill prepare` or `synthesize`.
        run: folder for what `training.loop` writes (rows of its sheets: photo, true frame, result, moved photo,
            painting, mask).
        minutes: time budget of this call.
        config: what to train and how.
        device: "cpu" or "cuda".
        total_minutes: length of the whole schedule (learning rate and stages), when this call is only a part of it.
        start_from: weights to begin with (`write_weights`, or a checkpoint) where `run` has none yet.
        teacher: with it, one step in `config.teacher_every` learns from its pictures (distillation).
        clock: seconds that have passed since some moment.

    Raises:
        FileNotFoundError: a cache or `start_from` is missing.
        ValueError: the checkpoint in `run` belongs to another variant, the caches hold nothing a teacher can move, or
            a frozen part does not exist.
    """
    sequences = load_sequences(*caches)
    training = LightweightTraining(launch(device), config, sequences, teacher)
    data = describe_data(caches, sequences)
    run_training(training, run, minutes, total_minutes=total_minutes, start_from=start_from, data=data, clock=clock)


class StepData(NamedTuple):
    """The data of a step."""

    stage: Stage
    group: TrainingGroup
    per_person: int  # photos in a row that show the same person
    taught: TaughtGroup | None  # where the teacher made the targets


class LightweightTraining:
    """See `training.loop.Training`.

    Args:
        fabric: where it computes.
        config: what to train and how.
        sequences: the data.
        teacher: the full-size model, or none.
    """

    def __init__(
        self, fabric: Fabric, config: TrainingConfig, sequences: list[FaceSequence], teacher: FewShotModel | None = None
    ) -> None:
        self.fabric, self.config, self.seed = fabric, config, config.seed
        torch.manual_seed(config.seed)
        self._sampler = PairSampler(sequences, config.augmentation, config.kind_weights, config.seed)
        self._teacher_frames = None
        if teacher is not None:
            teacher = teacher.to(fabric.device).eval()
            self._teacher_frames = TeacherFrames(teacher, sequences, config.augmentation, config.seed)
        self.model = build_generator(config.variant)
        to_channels_last(self.model, fabric.device)
        self._dtype = self.model.autocast_dtype = torch.bfloat16
        _freeze(self.model, config.frozen)
        optimizer = torch.optim.Adam(self.model.parameters(), config.learning_rate, betas=(0.9, 0.99))
        self._adversary = Adversary(fabric, config.adversary_learning_rate, self._dtype)
        self.models = {"generator": self.model, "discriminator": self._adversary.discriminator}
        self.optimizers = {"generator": optimizer, "discriminator": self._adversary.optimizer}
        self.schedules: dict[str, Schedule] = {"generator": config}
        self._loss = ReconstructionLoss(LPIPS("alex").to(fabric.device), config.losses)

    @property
    def facts(self) -> dict[str, object]:
        """See `Training`."""
        return {"variant": self.config.variant}

    def check_resumable(self, state: Path) -> None:
        """See `Training`."""
        variant = read_record(state)["variant"]
        if variant != self.config.variant:
            raise ValueError(f"{state} was trained as variant {variant!r}, not {self.config.variant!r}")

    def start_from(self, weights: Path) -> None:
        """See `Training`."""
        load_average(weights, self.model)

    def draw(self, moment: Moment) -> StepData:
        """A group of photos and targets, as large as the stage says."""
        config = self.config
        stage = next(s for s in config.stages if moment.progress <= s.until)
        if self._teacher_frames is not None and moment.step % config.teacher_every == config.teacher_every - 1:
            device = str(self.fabric.device)
            taught = self._teacher_frames.draw(moment.draw, stage.photos, stage.targets, device)
            return StepData(stage, taught.group, 1, taught)
        every = config.several_photos_every
        per_person = 2 if every and moment.step % every == 0 and stage.photos % 2 == 0 else 1
        group = self._sampler.draw(moment.draw, stage.photos, stage.targets, stage.size, per_person)
        return StepData(stage, group, per_person, None)

    def step(self, data: StepData, moment: Moment) -> Outcome:
        """The generator learns; then, in real frames late in the schedule, the adversary."""
        weights = self.config.losses
        photos, sources, images, targets, surroundings = to_tensors(data.group, str(self.fabric.device))
        out = self.model(photos, sources, targets, surroundings)
        value, terms = self._loss(out, images, sources, targets, self._dtype)
        parts: dict[str, torch.Tensor] = {}  # those that only some steps have
        if data.taught is not None and (distance := data.taught.flow_distance(out.flow)) is not None:
            parts["teacher_flow"] = weights.teacher_flow * distance
        if data.per_person > 1:
            pictures, confidence, true, points = (
                by_frame(x, data.per_person, data.stage.targets) for x in (out.image, out.confidence, images, targets)
            )
            blended = blend(pictures, confidence)
            parts["blend"] = weights.blend * self._loss.of_blend(blended, true[:, 0], points[:, 0], self._dtype)
        contested = moment.progress >= self.config.adversary_from and data.taught is None
        if contested:
            made, real = detail_crops(out.image, targets), detail_crops(images, targets)
            adversarial, matching = self._adversary.judge(made, real)
            parts["adversarial"] = adversarial * weights.adversarial
            parts["feature_matching"] = matching * weights.feature_matching
        loss = torch.stack([value, *parts.values()]).sum()
        minimize(self.fabric, loss, self.optimizers["generator"], clip_norm=1.0)
        told_apart = self._adversary.learn(made, real) if contested else 0.0

        def sheet() -> list[torch.Tensor]:
            shown = photos.repeat_interleave(data.stage.targets, 0), images, out.image, out.warped, out.painted
            return [*shown, out.mask.expand_as(out.image)]

        return Outcome({"size": data.stage.size, "loss": loss, **terms, **parts, "discriminator": told_apart}, sheet)


def _freeze(generator: nn.Module, parts: Sequence[str]) -> None:
    """Parts of a generator in training that stay as they are.

    Raises:
        ValueError: there is no such part.
    """
    known = dict(generator.named_children())
    for part in parts:
        if part not in known:
            raise ValueError(f"no part of the generator is called {part!r}; choose from {', '.join(known)}")
        known[part].eval().requires_grad_(False)
