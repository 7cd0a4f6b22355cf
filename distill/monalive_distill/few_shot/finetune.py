"""Fine-tuning (3.2): the meta-learned model becomes one person's, from 1 to 32 photos."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from monalive_distill.data.training_pairs import UNKNOWN_SURROUNDINGS
from monalive_distill.few_shot.best_state import BestState
from monalive_distill.few_shot.checkpoint import (
    load_discriminator,
    load_few_shot_model,
    read_few_shot_record,
    read_loss_weights,
)
from monalive_distill.few_shot.discriminator_step import judge, learn
from monalive_distill.few_shot.expression_check import ExpressionCheck
from monalive_distill.few_shot.face_features import FaceFeatures
from monalive_distill.few_shot.fine_tuning_settings import FineTuning
from monalive_distill.few_shot.losses import ContentLoss, FewShotLossWeights, generator_terms
from monalive_distill.few_shot.model import FewShotModel
from monalive_distill.few_shot.person import FewShotPerson, save_person
from monalive_distill.few_shot.person_photos import PersonPhotos, check_photo_count, track_photos
from monalive_distill.few_shot.photo_mover import measure_surroundings, shrink
from monalive_distill.few_shot.photo_pairs import draw_pairs
from monalive_distill.few_shot.pose_input import draw
from monalive_distill.few_shot.projection_discriminator import ProjectionDiscriminator
from monalive_distill.metrics.lpips import LPIPS


@dataclass(frozen=True)
class FineTuned:
    """What came out.

    Attributes:
        steps: how many were taken.
        kept_step: the one whose weights were kept.
        losses: the content loss (weighted) on the pictures of each step.
        checks: (step, distance) of each check of expression; the first is before any step.
        held_out: how many photos were not trained on.
    """

    steps: int
    kept_step: int
    losses: tuple[float, ...]
    checks: tuple[tuple[int, float], ...]
    held_out: int


def finetune(
    photos: Sequence[Path],
    base: Path,
    output: Path,
    settings: FineTuning | None = None,
    device: str = "cpu",
    variant: str | None = None,
    lightweight: Path | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> FineTuned:
    """Learns a person and writes `output`, which `load_person` reads.

    Args:
        photos: 1 to 32 picture files of the person.
        base: `state.safetensors` of a run of `train_few_shot`.
        output: the person's file (.ckpt); its folder must exist.
        settings: how; None: the defaults.
        device: "cpu" or "cuda".
        variant: what the base must be; None: anything.
        lightweight: as for `load_few_shot_model`.
        clock: seconds that have passed since some moment.

    Raises:
        FileNotFoundError: a photo, the base or the output's folder is missing.
        ValueError: too many photos or none, no face in one, or a base of another model or variant.
    """
    settings = settings or FineTuning()
    check_photo_count(len(photos))
    if not output.resolve().parent.is_dir():
        raise FileNotFoundError(f"cannot write {output}: there is no folder {output.parent}")
    record = read_few_shot_record(base, variant)
    model, discriminator = load_few_shot_model(base, variant, lightweight), load_discriminator(base)
    tracked = track_photos(photos, model.photo_size)
    person, result = finetune_person(model, discriminator, tracked, settings, read_loss_weights(base), device, clock)
    facts = {
        "variant": record["variant"],
        "base": hashlib.sha256(base.read_bytes()).hexdigest(),
        "base_step": record["step"],
        "settings": asdict(settings),
        "photos": len(photos),
        "kept_step": result.kept_step,
        "steps": result.steps,
        "checks": result.checks,
    }
    save_person(output, person.cpu(), facts)
    return result


def finetune_person(
    model: FewShotModel,
    discriminator: ProjectionDiscriminator,
    photos: PersonPhotos,
    settings: FineTuning,
    weights: FewShotLossWeights,
    device: str = "cpu",
    clock: Callable[[], float] = time.monotonic,
) -> tuple[FewShotPerson, FineTuned]:
    """Learns a person from tracked photos by the losses of `weights`; `model` and `discriminator` are taken over and
    changed."""
    model, discriminator, photos = model.to(device).eval(), discriminator.to(device), photos.to(device)
    perceptual = LPIPS(settings.perceptual_net).to(device)  # type: ignore[arg-type]
    discriminator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    content = ContentLoss(perceptual, FaceFeatures().to(device))
    check = ExpressionCheck(photos, perceptual, model.size)
    with torch.no_grad():
        embedding = model.embed(check.kept.images[None], check.kept.landmarks[None, ..., :2])
        person = FewShotPerson(model, photos, model.projection(embedding))
    discriminator.become_person(embedding)
    betas = (0.0, 0.999)
    optimizer = torch.optim.Adam(person.parameters(), settings.learning_rate, betas)
    discriminator_optimizer = torch.optim.Adam(discriminator.parameters(), settings.discriminator_learning_rate, betas)
    start, step, losses = clock(), 0, []
    best = BestState(person, check.distance(person.eval()))
    with tqdm(total=settings.steps, desc="fine-tuning", unit="step", disable=None) as bar:
        while step < settings.steps and clock() - start < settings.minutes * 60:
            rng = np.random.default_rng((settings.seed, step))
            sources, targets = draw_pairs(rng, check.kept, settings.pictures, settings.augmentation)
            true, landmarks = shrink(targets.images, person.size), targets.landmarks[..., :2]
            surroundings = None
            if person.mover and person.mover.sees_surroundings and rng.random() >= UNKNOWN_SURROUNDINGS:
                surroundings = measure_surroundings(*sources, *targets)
            drawings = draw(landmarks, person.size)
            everyone = torch.zeros(len(true), dtype=torch.int64, device=true.device)
            with torch.autocast(true.device.type, torch.bfloat16):  # nearly twice as fast, on a CPU too
                made = person.train()(sources, landmarks, surroundings)
                seen = content(made, true, landmarks)
                judged = judge(discriminator, made, true, drawings, everyone)
            terms = generator_terms(weights, seen, judged, made, true)
            loss = torch.stack(list(terms.values())).sum()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            with torch.autocast(true.device.type, torch.bfloat16):
                learn(discriminator, discriminator_optimizer, made, true, drawings, everyone)
            step += 1
            bar.update()
            losses.append(float((terms["perceptual"] + terms["face"]).detach()))
            if step % settings.check_every == 0 or step == settings.steps:
                better = best.take(step, check.distance(person.eval()))
                if not better and step - best.kept_step >= settings.patience * settings.check_every:
                    break
    best.restore()
    return person.eval(), FineTuned(step, best.kept_step, tuple(losses), tuple(best.checks), check.held_out)
