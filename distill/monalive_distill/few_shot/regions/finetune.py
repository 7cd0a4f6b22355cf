"""Fine-tuning (3.2): a region's expert becomes one person's, from their photos' crops.

Each photo is made from the others. AdaIN's parameters become free, and begin as the embedder finds them.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import nn

from monalive_distill.few_shot.expression_check import HOLD_OUT_FROM, hold_out
from monalive_distill.few_shot.regions.candidates import Candidates, CropMover
from monalive_distill.few_shot.regions.episodes import Episode, RegionEpisodes, stacked, taken
from monalive_distill.few_shot.regions.losses import ExpertLoss, ExpertLossWeights
from monalive_distill.few_shot.regions.network import ExpertResult, RegionExpert
from monalive_distill.regions.samples import RegionSequence, SharedLook
from monalive_distill.training.compute import launch, minimize
from monalive_distill.training.schedule import Schedule
from monalive_distill.training.steps import Budget, Moment, Outcome
from monalive_distill.training.tuning import Tuned, tune


@dataclass(frozen=True)
class ExpertFineTuning:
    """How to fine-tune.

    Attributes:
        steps, minutes: at most; whichever is reached first.
        pictures: frames wanted per step.
        photos: so many photos for each, where there are as many others.
        learning_rate: constant.
        check_every: steps between checks on photos that are held out (from four photos on), else on all.
        patience: checks without a better one after which it stops.
        losses: weights of the loss's terms; no critic takes part.
        seed: of all that is drawn.
    """

    steps: int = 60
    minutes: float = 3.0
    pictures: int = 4
    photos: int = 7
    learning_rate: float = 1e-4
    check_every: int = 10
    patience: int = 3
    losses: ExpertLossWeights = field(default_factory=ExpertLossWeights)
    seed: int = 0


class PersonPhotos(NamedTuple):
    """A person's photos, each with the frames of `sequence` that they are."""

    sequence: RegionSequence
    frames: tuple[int, ...]


class PersonExpert(nn.Module):
    """An expert whose AdaIN parameters are one person's."""

    def __init__(self, expert: RegionExpert, parameters: torch.Tensor) -> None:
        super().__init__()
        self.expert = expert
        self.adain = nn.Parameter(parameters.detach().clone())

    def forward(self, candidates: Candidates) -> ExpertResult:
        """Pictures of that person."""
        result: ExpertResult = self.expert(candidates, self.adain)
        return result


def finetune_expert(
    mover: CropMover, expert: RegionExpert, photos: PersonPhotos, settings: ExpertFineTuning, device: str = "cpu"
) -> tuple[PersonExpert, Tuned]:
    """Learns a person; `expert` stays as it is. From one photo there is little to learn: see `ExpertTuning`.

    Raises:
        ValueError: no photos.
    """
    tuning = ExpertTuning(launch(device), mover, copy.deepcopy(expert), photos, settings)
    budget = Budget(settings.minutes, settings.steps)
    made = tune(tuning, budget, settings.check_every, patience=settings.patience, about="fine-tuning")
    return tuning.model.eval(), made


class ExpertTuning:
    """See `training.tuning.Tuning`.

    A single photo is made from itself, laid a little differently; that teaches its colours, no expression.

    Args:
        fabric: where it computes.
        mover, expert: the meta-learned ones; the expert is changed.
        photos: of the person, at least one.
        settings: how to fine-tune.
    """

    def __init__(
        self,
        fabric: Fabric,
        mover: CropMover,
        expert: RegionExpert,
        photos: PersonPhotos,
        settings: ExpertFineTuning,
    ) -> None:
        if not photos.frames:
            raise ValueError("give at least one photo")
        self.fabric, self.seed = fabric, settings.seed
        self._mover, self._settings, self._sequence = mover, settings, photos.sequence
        self._loss = ExpertLoss(mover.region, settings.losses, fabric.device)
        held = [photos.frames[i] for i in hold_out(len(photos.frames))] if len(photos.frames) >= HOLD_OUT_FROM else []
        self._kept = [frame for frame in photos.frames if frame not in held]
        plain = SharedLook.none(mover.region)
        rng = np.random.default_rng(settings.seed)
        self._checked = stacked(
            [self._episode(plain, frame, rng, settings.photos) for frame in (held or self._kept)]
        ).to(fabric.device)
        expert = expert.to(fabric.device).eval()
        with torch.no_grad():
            identity = expert(self._candidates(self._checked)).identity.mean(0, keepdim=True)
            self.model = PersonExpert(expert, expert.projection(identity))
        tuned = [self.model.adain, *expert.generator.parameters()]
        self.models: dict[str, nn.Module] = {"person": self.model}
        self.optimizers: dict[str, torch.optim.Optimizer] = {
            "person": torch.optim.Adam(tuned, settings.learning_rate, betas=(0.5, 0.99), fused=True)
        }
        self.schedules: Mapping[str, Schedule] = {}

    def draw(self, moment: Moment) -> RegionEpisodes:
        """Photos as frames wanted, and others to make them of."""
        rng = np.random.default_rng((self.seed, moment.step))
        settings, region = self._settings, self._mover.region
        count = int(rng.integers(1, min(settings.photos, max(1, len(self._kept) - 1)) + 1))
        episodes = []
        for _ in range(settings.pictures):
            look = SharedLook.draw(rng, region, None)  # colours are this person's
            episodes.append(self._episode(look, int(rng.choice(self._kept)), rng, count))
        return stacked(episodes).to(self.fabric.device)

    def step(self, data: RegionEpisodes, moment: Moment) -> Outcome:
        """The person's generator learns; BatchNorm's statistics stay everybody's."""
        expert = self.model.eval().expert
        loss, terms = self._loss(self.model(self._candidates(data)), data, expert.autocast_dtype)
        minimize(self.fabric, loss, self.optimizers["person"], clip_norm=1.0)
        return Outcome({"loss": loss, **terms})

    @torch.no_grad()
    def check(self, step: int, model: nn.Module) -> float:
        """LPIPS of the photos that are held out."""
        result = model.eval()(self._candidates(self._checked))
        return float(self._loss.perceptual(result.image, self._checked.image, None).mean())

    def _candidates(self, episodes: RegionEpisodes) -> Candidates:
        return self._mover(episodes.photos, episodes.sources, episodes.target)

    def _episode(self, look: SharedLook, target: int, rng: np.random.Generator, count: int) -> Episode:
        """One frame, then `count` others, the same ones again where there are fewer."""
        others = [frame for frame in self._kept if frame != target] or [target]
        chosen = [others[i % len(others)] for i in rng.permutation(max(len(others), count))[:count]]
        return taken(look, [(self._sequence, frame) for frame in (target, *chosen)], rng)
