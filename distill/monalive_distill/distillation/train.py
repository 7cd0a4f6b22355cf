"""Trains the lightweight generator: a time budget, exact resume, CPU or GPU, and a record of what was done."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from torch import nn
from tqdm import tqdm

from monalive_distill.data.training_pairs import PairSampler, load_sequences, to_tensors
from monalive_distill.distillation.adversary import Adversary
from monalive_distill.distillation.config import TrainingConfig
from monalive_distill.distillation.detail_crops import detail_crops
from monalive_distill.distillation.losses import ReconstructionLoss
from monalive_distill.distillation.teacher_frames import TeacherFrames
from monalive_distill.few_shot.model import FewShotModel
from monalive_distill.generator.lightweight_generator import build_generator
from monalive_distill.generator.photo_blend import blend, by_frame
from monalive_distill.metrics.lpips import LPIPS
from monalive_distill.training.checkpoint import (
    STATE_FILE,
    ExponentialAverage,
    load_average,
    read_record,
    restore_state,
    save_state,
)
from monalive_distill.training.curves import TrainingCurves
from monalive_distill.training.processes import Processes
from monalive_distill.training.record import write_run_record
from monalive_distill.training.schedule import scheduled_learning_rate
from monalive_distill.training.sheets import write_sample_sheet

# Seconds between checkpoints; sheets of sample results come half as often.
SAVE_EVERY = 240.0
LOG_EVERY = 50  # steps per row of `log.csv`


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
        run: folder for the checkpoint, `log.csv`, `record.json` and sheets of sample results (rows: photo, true
            frame, result, moved photo, painting, mask).
        minutes: time budget of this call.
        config: what to train and how.
        device: "cpu" or "cuda".
        total_minutes: length of the whole schedule (learning rate and stages), when this call is only a part of it.
        start_from: weights to begin with (`write_weights`, or a checkpoint) where `run` has none yet.
        teacher: with it, one step in `config.teacher_every` learns from its pictures (distillation).
        clock: seconds that have passed since some moment.

    Raises:
        FileNotFoundError: a cache is missing.
        ValueError: the checkpoint in `run` belongs to another variant, the caches hold nothing a teacher can move, or
            a frozen part does not exist.
    """
    run.mkdir(parents=True, exist_ok=True)
    processes = Processes(device)
    torch.manual_seed(config.seed)
    sequences = load_sequences(*caches)
    sampler = PairSampler(sequences, config.augmentation, config.kind_weights, config.seed)
    lessons = None
    if teacher is not None:
        lessons = TeacherFrames(teacher.to(device).eval(), sequences, config.augmentation, config.seed)
    generator = build_generator(config.variant).to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    generator.autocast_dtype = torch.bfloat16
    _freeze(generator, config.frozen)
    optimizer = torch.optim.Adam(generator.parameters(), config.learning_rate, betas=(0.9, 0.99))
    if start_from is not None:
        load_average(start_from, generator)
    adversary = Adversary(device, config.adversary_learning_rate, generator.autocast_dtype)
    models = {"generator": generator, "discriminator": adversary.discriminator}
    optimizers = {"generator": optimizer, "discriminator": adversary.optimizer}
    average = ExponentialAverage(generator, config.average_decay)
    state = run / STATE_FILE
    step, spent = 0, 0.0
    if state.is_file():
        record = read_record(state)
        if record["variant"] != config.variant:
            raise ValueError(f"{state} was trained as variant {record['variant']!r}, not {config.variant!r}")
        restore_state(state, models, optimizers, average)
        step, spent = int(str(record["step"])), float(str(record["seconds"]))
    if processes.is_first:
        write_run_record(run, config, caches, sequences, device=device, processes=processes.count)
    loss = ReconstructionLoss(LPIPS("alex").to(device), config.losses)
    schedule = (total_minutes * 60) if total_minutes else spent + minutes * 60
    start, begun, elapsed = clock(), spent, 0.0
    next_save = next_sheet = SAVE_EVERY
    curves = TrainingCurves(run / "log.csv", LOG_EVERY)
    with tqdm(total=int(minutes * 60), unit="s", desc="training", disable=None if processes.is_first else True) as bar:
        while (elapsed := processes.agree(clock() - start)) < minutes * 60:
            spent = begun + elapsed
            progress = min(1.0, spent / schedule)
            stage = next(s for s in config.stages if progress <= s.until)
            drawn = step * processes.count + processes.rank
            taught = lessons is not None and step % config.teacher_every == config.teacher_every - 1
            per_person = 1 if taught else _photos_per_person(config, step, stage.photos)
            lesson = None
            if lessons is not None and taught:
                lesson = lessons.draw(drawn, stage.photos, stage.targets, device)
                group = lesson.group
            else:
                group = sampler.draw(drawn, stage.photos, stage.targets, stage.size, per_person)
            photos, sources, images, targets, surroundings = to_tensors(group, device)
            for parameters in optimizer.param_groups:
                parameters["lr"] = scheduled_learning_rate(config, step, progress)
            out = generator(photos, sources, targets, surroundings)
            value, terms = loss(out, images, sources, targets, generator.autocast_dtype)
            parts: dict[str, torch.Tensor] = {}  # those that only some steps have
            if lesson is not None and (distance := lesson.flow_distance(out.flow)) is not None:
                parts["teacher_flow"] = config.losses.teacher_flow * distance
            if per_person > 1:
                pictures, confidence, true, points = (
                    by_frame(x, per_person, stage.targets) for x in (out.image, out.confidence, images, targets)
                )
                blended = blend(pictures, confidence)
                parts["blend"] = config.losses.blend * loss.of_blend(
                    blended, true[:, 0], points[:, 0], generator.autocast_dtype
                )
            contested = progress >= config.adversary_from and not taught
            if contested:
                made, real = detail_crops(out.image, targets), detail_crops(images, targets)
                adversarial, matching = adversary.judge(made, real)
                parts["adversarial"] = adversarial * config.losses.adversarial
                parts["feature_matching"] = matching * config.losses.feature_matching
            value = torch.stack([value, *parts.values()]).sum()
            terms |= {name: float(part.detach()) for name, part in parts.items()}
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            processes.average_gradients(generator)
            torch.nn.utils.clip_grad_norm_(generator.parameters(), 1.0)
            optimizer.step()
            terms["discriminator"] = adversary.learn(made, real, processes) if contested else 0.0
            step += 1
            average.update(generator, step)
            if not processes.is_first:
                continue
            curves.add(step, spent, {"size": stage.size, "loss": float(value.detach()), **terms})
            bar.update(int(elapsed) - bar.n)
            if step % 20 == 0:
                bar.set_postfix_str(f"step {step} {stage.size}px loss {curves.latest('loss'):.3f}")
            if elapsed >= next_save:
                next_save = elapsed + SAVE_EVERY
                _save(state, models, optimizers, average, step, spent, config)
            if elapsed >= next_sheet:
                next_sheet = elapsed + 2 * SAVE_EVERY
                shown = photos.repeat_interleave(stage.targets, 0), images, out.image, out.warped, out.painted
                write_sample_sheet(run / f"step_{step:06d}.jpg", [*shown, out.mask.expand_as(out.image)], columns=12)
    if processes.is_first:
        _save(state, models, optimizers, average, step, begun + elapsed, config)


def _freeze(generator: nn.Module, parts: Sequence[str]) -> None:
    """Parts of a generator in training that stay as they are.

    Raises:
        ValueError: there is no such part.
    """
    known = dict(generator.named_children())
    for part in parts:
        if part not in known:
            raise ValueError(f"no part of the generator is called {part!r}; there are {', '.join(known)}")
        known[part].eval().requires_grad_(False)


def _photos_per_person(config: TrainingConfig, step: int, photos: int) -> int:
    every = config.several_photos_every
    return 2 if every and step % every == 0 and photos % 2 == 0 else 1


def _save(
    state: Path,
    models: Mapping[str, nn.Module],
    optimizers: Mapping[str, torch.optim.Optimizer],
    average: ExponentialAverage,
    step: int,
    seconds: float,
    config: TrainingConfig,
) -> None:
    record = {"step": step, "seconds": seconds, "variant": config.variant, "config": asdict(config)}
    save_state(state, models, optimizers, average, record)
