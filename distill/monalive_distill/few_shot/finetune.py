"""Fine-tuning (3.2): the meta-learned model becomes one person's, from 1 to 32 photos."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import nn

from monalive_distill.data.training_pairs import UNKNOWN_SURROUNDINGS
from monalive_distill.few_shot.checkpoint import (
    load_discriminator,
    load_few_shot_model,
    read_few_shot_record,
    read_loss_weights,
)
from monalive_distill.few_shot.discriminator_step import BETAS, judge, learn
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
from monalive_distill.training.compute import launch, minimize, to_channels_last
from monalive_distill.training.schedule import Schedule
from monalive_distill.training.steps import Budget, Moment, Outcome
from monalive_distill.training.tuning import tune


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
    tuning = PersonTuning(launch(device, "bf16-mixed"), model, discriminator, photos, settings, weights)
    budget = Budget(settings.minutes, settings.steps, clock=clock)
    made = tune(tuning, budget, settings.check_every, patience=settings.patience, about="fine-tuning")
    losses = tuple(terms["perceptual"] + terms["face"] for terms in made.terms)
    result = FineTuned(made.steps, made.kept_step, losses, tuple(made.checks), tuning.expressions.held_out)
    return tuning.model.eval(), result


class PersonPairs(NamedTuple):
    """The data of a step."""

    sources: PersonPhotos
    targets: PersonPhotos
    surroundings: torch.Tensor | None  # (N, 3, 16, 16) from source to target; None: not measured


class PersonTuning:
    """See `training.tuning.Tuning`.

    Args:
        fabric: where it computes.
        model, discriminator: the meta-learned ones; they are taken over and changed.
        photos: of the person.
        settings: how to fine-tune.
        weights: of the losses.

    Attributes:
        expressions: what the checks compare.
    """

    def __init__(
        self,
        fabric: Fabric,
        model: FewShotModel,
        discriminator: ProjectionDiscriminator,
        photos: PersonPhotos,
        settings: FineTuning,
        weights: FewShotLossWeights,
    ) -> None:
        self.fabric, self.seed = fabric, settings.seed
        self._settings, self._weights, self._discriminator = settings, weights, discriminator
        model, photos = model.to(fabric.device).eval(), photos.to(fabric.device)
        perceptual = LPIPS(settings.perceptual_net).to(fabric.device)
        to_channels_last(discriminator, fabric.device)
        self._content = ContentLoss(perceptual, FaceFeatures().to(fabric.device))
        self.expressions = ExpressionCheck(photos, perceptual, model.size)
        with torch.no_grad():
            kept = self.expressions.kept
            embedding = model.embed(kept.images[None], kept.landmarks[None, ..., :2])
            self.model = FewShotPerson(model, photos, model.projection(embedding))
        discriminator.become_person(embedding)
        self._optimizer = torch.optim.Adam(self.model.parameters(), settings.learning_rate, BETAS)
        self._discriminator_optimizer = torch.optim.Adam(
            discriminator.parameters(), settings.discriminator_learning_rate, BETAS
        )
        self.models = {"person": self.model, "discriminator": discriminator}
        self.optimizers = {"person": self._optimizer, "discriminator": self._discriminator_optimizer}
        self.schedules: Mapping[str, Schedule] = {}

    def draw(self, moment: Moment) -> PersonPairs:
        """Photos to move, what to make of them, and now and then how the background moved."""
        rng = np.random.default_rng((self.seed, moment.step))
        settings, mover = self._settings, self.model.mover
        sources, targets = draw_pairs(rng, self.expressions.kept, settings.pictures, settings.augmentation)
        surroundings = None
        if mover and mover.sees_surroundings and rng.random() >= UNKNOWN_SURROUNDINGS:
            surroundings = measure_surroundings(*sources, *targets)
        return PersonPairs(sources, targets, surroundings)

    def step(self, data: PersonPairs, moment: Moment) -> Outcome:
        """The person's generator learns, then the discriminator."""
        true, landmarks = shrink(data.targets.images, self.model.size), data.targets.landmarks[..., :2]
        drawings = draw(landmarks, self.model.size)
        everyone = torch.zeros(len(true), dtype=torch.int64, device=true.device)
        with self.fabric.autocast():  # nearly twice as fast, on a CPU too
            made = self.model.train()(data.sources, landmarks, data.surroundings)
            seen = self._content(made, true, landmarks)
            judged = judge(self._discriminator, made, true, drawings, everyone)
        terms = generator_terms(self._weights, seen, judged, made, true)
        loss = torch.stack(list(terms.values())).sum()
        minimize(self.fabric, loss, self._optimizer)
        adversary = self.fabric, self._discriminator, self._discriminator_optimizer
        hinge = learn(*adversary, made, true, drawings, everyone)
        return Outcome({"loss": loss, **terms, "discriminator": hinge})

    def check(self, step: int, model: nn.Module) -> float:
        """Whether the pictures still follow the drawing."""
        return self.expressions.distance(model.eval())
