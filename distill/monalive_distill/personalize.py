"""A person's own lightweight generator, learned from their photos: as small and quick as the one it begins with."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from tqdm import tqdm

from monalive_distill.augment import Augmentation
from monalive_distill.few_shot.best_state import BestState
from monalive_distill.few_shot.expression_check import ExpressionCheck
from monalive_distill.few_shot.face_features import FaceFeatures
from monalive_distill.few_shot.few_shot_losses import feature_distance
from monalive_distill.few_shot.person_photos import PersonPhotos
from monalive_distill.few_shot.photo_mover import measure_surroundings, no_surroundings
from monalive_distill.few_shot.photo_pairs import PERSON_AUGMENTATION, draw_pairs
from monalive_distill.lightweight_generator import LightweightGenerator
from monalive_distill.losses import LossWeights, ReconstructionLoss
from monalive_distill.lpips import LPIPS
from monalive_distill.training_pairs import UNKNOWN_SURROUNDINGS

PHOTO_SIZE = 256


@dataclass(frozen=True)
class Personalization:
    """How to learn a person.

    Attributes:
        steps, minutes: at most; whichever is reached first.
        pictures: per step.
        learning_rate: at the start; it falls to nothing along a cosine.
        networks: of the generator that are trained; the others stay everybody's.
        others: how often another photo is moved, see `draw_pairs`.
        face: weight of the face network's features in the loss.
        check_every: steps between checks on pictures that are not trained on (`expression_check`).
        patience: checks without a better one after which it stops.
        losses: those of the lightweight generator, with less weight on pixels: alone, without an adversary, they blur.
        augmentation: of each picture of a step.
        seed: of all that is drawn.
    """

    steps: int = 240
    minutes: float = 5.0
    pictures: int = 3
    learning_rate: float = 5e-4
    networks: tuple[str, ...] = ("appearance_encoder", "refine_net")
    others: float = 0.8
    face: float = 0.2
    check_every: int = 20
    patience: int = 5
    losses: LossWeights = field(default_factory=lambda: LossWeights(pixel=0.3, perceptual=3.0, painted=0.1))
    augmentation: Augmentation = PERSON_AUGMENTATION
    seed: int = 0


@dataclass(frozen=True)
class Personalized:
    """What came out.

    Attributes:
        steps: how many were taken.
        kept_step: the one whose weights were kept; 0: none was better than everybody's.
        losses: of each step.
        checks: (step, LPIPS) of each check; the first is before any step.
        held_out: how many photos were not trained on.
    """

    steps: int
    kept_step: int
    losses: tuple[float, ...]
    checks: tuple[tuple[int, float], ...]
    held_out: int


def personalize(
    generator: LightweightGenerator,
    photos: PersonPhotos,
    settings: Personalization | None = None,
    device: str = "cpu",
    clock: Callable[[], float] = time.monotonic,
) -> Personalized:
    """Learns a person; `generator` is changed, and never for the worse as far as the check can tell.

    BatchNorm keeps everybody's statistics: a few photos of one person are no better ones.

    Args:
        generator: with weights.
        photos: 1 to 32, of `PHOTO_SIZE`.
        settings: how; None: the defaults.
        device: "cpu" or "cuda".
        clock: seconds that have passed since some moment.
    """
    settings = settings or Personalization()
    generator, photos = generator.to(device).eval(), photos.to(device)
    generator.autocast_dtype = torch.bfloat16
    generator.requires_grad_(False)
    trained = [p for name in settings.networks for p in getattr(generator, name).requires_grad_().parameters()]
    perceptual, faces = LPIPS("alex").to(device), FaceFeatures().to(device)
    reconstruction = ReconstructionLoss(perceptual, settings.losses)
    check = ExpressionCheck(photos, perceptual, PHOTO_SIZE, any_source=True)

    def draw_person(sources: PersonPhotos, landmarks: torch.Tensor) -> torch.Tensor:
        unseen = no_surroundings(len(landmarks), landmarks.device)
        return generator(sources.images, sources.landmarks[..., :2], landmarks, unseen).image

    optimizer = torch.optim.Adam(trained, settings.learning_rate, (0.9, 0.99))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, settings.steps)
    start, step, losses = clock(), 0, []
    best = BestState(generator, check.distance(draw_person))
    with tqdm(total=settings.steps, desc="personalizing", unit="step", disable=None) as bar:
        while step < settings.steps and clock() - start < settings.minutes * 60:
            rng = np.random.default_rng((settings.seed, step))
            sources, targets = draw_pairs(rng, check.kept, settings.pictures, settings.augmentation, settings.others)
            if rng.random() < UNKNOWN_SURROUNDINGS:
                around = no_surroundings(settings.pictures, device)
            else:
                around = measure_surroundings(*sources, *targets)
            before, wanted = sources.landmarks[..., :2], targets.landmarks[..., :2]
            out = generator(sources.images, before, wanted, around)
            loss, _ = reconstruction(out, targets.images, before, wanted, generator.autocast_dtype)
            with torch.autocast(loss.device.type, torch.bfloat16):
                with torch.no_grad():
                    true = faces(targets.images, wanted)
                loss = loss + settings.face * feature_distance(faces(out.image, wanted), true)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            schedule.step()
            step += 1
            bar.update()
            losses.append(float(loss.detach()))
            if step % settings.check_every == 0 or step == settings.steps:
                better = best.take(step, check.distance(draw_person))
                if not better and step - best.kept_step >= settings.patience * settings.check_every:
                    break
    best.restore()
    generator.autocast_dtype = None
    return Personalized(step, best.kept_step, tuple(losses), tuple(best.checks), check.held_out)
