"""Meta-learning (3.1): a time budget, exact resume, CPU or GPUs, and a record of what was done.

Several processes: `torchrun --nproc-per-node N -m monalive_distill train-few-shot ...`; Lightning Fabric finds them,
averages their gradients and sets precision and device.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from monalive_distill.data.training_pairs import load_sequences
from monalive_distill.few_shot.checkpoint import MODEL_NAME, begin_with, read_few_shot_record
from monalive_distill.few_shot.config import FewShotConfig
from monalive_distill.few_shot.discriminator_step import judge, learn
from monalive_distill.few_shot.episodes import Episodes, EpisodeSampler
from monalive_distill.few_shot.face_features import FaceFeatures
from monalive_distill.few_shot.losses import ContentLoss, generator_terms, match_loss
from monalive_distill.few_shot.model import (
    FewShotModel,
    build_discriminator,
    build_few_shot_model,
)
from monalive_distill.few_shot.photo_mover import shrink
from monalive_distill.few_shot.pose_input import draw
from monalive_distill.few_shot.projection_discriminator import ProjectionDiscriminator
from monalive_distill.metrics.lpips import LPIPS
from monalive_distill.training.checkpoint import STATE_FILE, ExponentialAverage, restore_state, save_state
from monalive_distill.training.curves import TrainingCurves
from monalive_distill.training.record import write_run_record
from monalive_distill.training.sheets import write_sample_sheet

# Seconds between checkpoints; sheets of sample results come half as often.
SAVE_EVERY = 240.0
BETAS = (0.0, 0.999)


def train_few_shot(
    caches: list[Path],
    run: Path,
    minutes: float,
    config: FewShotConfig,
    device: str = "cpu",
    start_from: Path | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[FewShotModel, ProjectionDiscriminator]:
    """Trains for `minutes`, going on from the checkpoint in `run` where there is one.

    Args:
        caches: folders made by `monalive-distill prepare` or `synthesize`.
        run: folder for the checkpoint, `log.csv`, `record.json` and sheets of sample results (rows: photo, photo moved
            to the wanted pose, true frame, result).
        minutes: time budget of this call.
        config: what to train and how.
        device: "cpu" or "cuda".
        start_from: `state.safetensors` of a run with other people, to begin with where `run` has no checkpoint yet.
        clock: seconds that have passed since some moment.

    Returns:
        The networks as they are after the last step; the averaged weights, the ones to use, are in the checkpoint.

    Raises:
        FileNotFoundError: a cache or `start_from` is missing.
        ValueError: the checkpoint in `run` belongs to another variant, or to other people; `start_from` to another
            variant, or it holds no discriminator.
    """
    sequences = load_sequences(*caches)
    fabric = _launch(device, config.precision)
    torch.manual_seed(config.seed)
    lightweight = Path(config.lightweight) if config.lightweight else None
    model = build_few_shot_model(config.variant, config.warped_photo, lightweight)
    sampler = EpisodeSampler(
        sequences,
        config.augmentation,
        config.kind_weights,
        config.seed,
        episodes=config.episodes,
        photos=config.photos,
        size=model.size,
        photo_size=model.photo_size,
        surroundings=model.mover is not None and model.mover.sees_surroundings,
        same_sequence=config.same_sequence,
    )
    state = run / STATE_FILE
    if state.is_file():
        record = read_few_shot_record(state, config.variant, config.warped_photo)
        if record["people"] != list(sampler.people):
            raise ValueError(f"{state} was trained on other people than are in {', '.join(map(str, caches))}")
    discriminator = build_discriminator(config.variant, len(sampler.people))
    if start_from is not None and not state.is_file():
        begin_with(start_from, config.variant, config.warped_photo, model, discriminator)
    perceptual_net = LPIPS(config.perceptual_net)
    # Faster so; in the generator the instance norm would undo it.
    for network in (model.embedder, discriminator, perceptual_net):
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.Adam(model.parameters(), config.learning_rate, BETAS)
    discriminator_optimizer = torch.optim.Adam(discriminator.parameters(), config.discriminator_learning_rate, BETAS)
    # The wrapped ones average gradients over the processes; the plain ones are the same networks.
    wrapped_model, wrapped_optimizer = fabric.setup(model, optimizer)
    wrapped_discriminator, wrapped_discriminator_optimizer = fabric.setup(discriminator, discriminator_optimizer)
    content = ContentLoss(perceptual_net.to(fabric.device), FaceFeatures().to(fabric.device))
    average = ExponentialAverage(model, config.average_decay)
    models: dict[str, nn.Module] = {"model": model, "discriminator": discriminator}
    optimizers = {"model": optimizer, "discriminator": discriminator_optimizer}
    step, begun = 0, 0.0
    if state.is_file():
        restore_state(state, models, optimizers, average)
        step, begun = int(record["step"]), float(record["seconds"])
    if fabric.is_global_zero:
        run.mkdir(parents=True, exist_ok=True)
        write_run_record(run, config, caches, sequences, device=device, processes=fabric.world_size)

    def save(seconds: float) -> None:
        facts: dict[str, object] = {"model": MODEL_NAME, "variant": config.variant, "warped_photo": config.warped_photo}
        facts["lightweight"] = model.mover.fingerprint if model.mover else None
        facts |= {"step": step, "seconds": seconds, "people": sampler.people, "config": asdict(config)}
        save_state(state, models, optimizers, average, facts)

    curves = TrainingCurves(run / "log.csv", config.log_every)
    weights = config.losses
    batches = iter(_batches(sampler, fabric, config.loaders, step))
    start, elapsed = clock(), 0.0
    next_save = next_sheet = SAVE_EVERY
    model.train()
    discriminator.train()
    with tqdm(total=int(minutes * 60), unit="s", disable=None if fabric.is_global_zero else True) as bar:
        while (elapsed := fabric.broadcast(clock() - start)) < minutes * 60:
            photos, photo_landmarks, true, landmarks, people, surroundings = to_tensors(next(batches), fabric.device)
            drawings = draw(landmarks, model.size)
            made = wrapped_model(photos, photo_landmarks, landmarks, surroundings)
            with fabric.autocast():
                seen = content(made.images, true, landmarks)
                judged = judge(discriminator, made.images, true, drawings, people)
            terms = generator_terms(weights, seen, judged, made.images, true)
            terms["match"] = match_loss(made.embeddings, discriminator.columns[people]) * weights.match
            loss = torch.stack(list(terms.values())).sum()
            wrapped_optimizer.zero_grad(set_to_none=True)
            fabric.backward(loss)
            wrapped_optimizer.step()
            for _ in range(config.discriminator_steps):
                hinge = learn(
                    wrapped_discriminator,
                    wrapped_discriminator_optimizer,
                    made.images,
                    true,
                    drawings,
                    people,
                    fabric.backward,
                )
            step += 1
            average.update(model, step)
            if not fabric.is_global_zero:
                continue
            values = {name: float(value.detach()) for name, value in terms.items()}
            curves.add(step, begun + elapsed, {"loss": float(loss.detach()), **values, "discriminator": hinge})
            bar.update(int(elapsed) - bar.n)
            if step % 20 == 10:
                bar.set_postfix_str(f"step {step} loss {curves.latest('loss'):.3f}")
            if elapsed >= next_save:
                next_save = elapsed + SAVE_EVERY
                save(begun + elapsed)
            if elapsed >= next_sheet:
                next_sheet = elapsed + 2 * SAVE_EVERY
                rows = (shrink(photos[:, 0], model.size), made.moved, true, made.images)
                write_sample_sheet(run / f"step_{step:06d}.jpg", [row for row in rows if row is not None])
    if fabric.is_global_zero:
        save(begun + elapsed)
    fabric.barrier()  # nobody leaves (or reads the checkpoint) before it is written
    return model, discriminator


def to_tensors(episodes: Episodes, device: torch.device) -> tuple[torch.Tensor, ...]:
    """`Episodes` on a device in the order of its fields, pictures as (..., 3, size, size)."""

    def move(x: Any) -> torch.Tensor:
        return torch.as_tensor(x).to(device, non_blocking=True)

    return (
        move(episodes.photos).movedim(-1, -3),
        move(episodes.photo_landmarks),
        move(episodes.images).movedim(-1, -3),
        move(episodes.landmarks),
        move(episodes.people),
        move(episodes.surroundings).movedim(-1, -3),
    )


def _launch(device: str, precision: Any) -> Fabric:
    """Fabric for this process, alone or one of those torchrun started."""
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    here = int(os.environ.get("LOCAL_WORLD_SIZE", str(processes)))
    fabric = Fabric(
        accelerator="cuda" if device.startswith("cuda") else "cpu",
        devices=here,
        num_nodes=processes // here,
        strategy="ddp" if processes > 1 else "auto",
        precision=precision,
    )
    fabric.launch()
    return fabric


def _batches(sampler: EpisodeSampler, fabric: Fabric, loaders: int, step: int) -> DataLoader[Episodes]:
    """The episodes of this process from `step` on, without end."""
    mine = count(step * fabric.world_size + fabric.global_rank, fabric.world_size)
    return DataLoader(
        sampler,
        batch_size=None,
        sampler=mine,  # type: ignore[arg-type]
        num_workers=loaders,
        persistent_workers=loaders > 0,
        pin_memory=fabric.device.type == "cuda",
    )
