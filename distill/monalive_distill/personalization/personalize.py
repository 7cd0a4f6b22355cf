"""A person's own lightweight generator, learned from their photos: as small and quick as the one it begins with."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from lightning_fabric import Fabric
from torch import nn

from monalive.portrait import PhotoOfPerson
from monalive_distill.generator.lightweight_generator import LightweightGenerator
from monalive_distill.metrics.identity import FaceIdentity, cut_chips
from monalive_distill.metrics.lpips import LPIPS
from monalive_distill.personalization.person_task import Lesson, draw_part, face_side, person_pairs, prepare, together
from monalive_distill.personalization.settings import Personalization
from monalive_distill.training.average import running_average
from monalive_distill.training.compute import launch, minimize
from monalive_distill.training.schedule import Schedule
from monalive_distill.training.steps import Budget, Moment, Outcome
from monalive_distill.training.tuning import tune


@dataclass(frozen=True)
class Check:
    """How good the pictures are that are not trained on: means of LPIPS, and of CSIM in the face."""

    step: int
    lpips: float
    csim: float


@dataclass(frozen=True)
class Personalized:
    """What came out.

    Attributes:
        steps: how many were taken.
        kept_step: the one whose weights were kept; 0: none was better than everybody's.
        losses: of each step.
        checks: the first is before any step.
        held_out: how many photos were not trained on.
    """

    steps: int
    kept_step: int
    losses: tuple[float, ...]
    checks: tuple[Check, ...]
    held_out: int

    @property
    def kept(self) -> Check:
        """The check of what was kept."""
        return next(check for check in self.checks if check.step == self.kept_step)


def personalize(
    generator: LightweightGenerator,
    photos: Sequence[PhotoOfPerson],
    settings: Personalization | None = None,
    device: str = "cpu",
    clock: Callable[[], float] = time.monotonic,
) -> Personalized:
    """Learns a person; `generator` is changed, and never for the worse as far as the checks can tell.

    The refinement network alone is trained (`person_task`); BatchNorm keeps everybody's statistics: a few photos of
    one person are no better ones. A state is kept if LPIPS and CSIM are both better than at the start.

    Args:
        generator: with weights.
        photos: 1 to 32, tracked.
        settings: how; None: the defaults.
        device: "cpu" or "cuda".
        clock: seconds that have passed since some moment.
    """
    settings = settings or Personalization()
    budget = Budget(settings.minutes, settings.steps, clock=clock)
    tuning = RefinementTuning(launch(device, "bf16-mixed"), generator, photos, settings)
    average = running_average(generator, settings.average_decay)
    made = tune(tuning, budget, settings.check_every, average=average, about="personalizing")
    generator.requires_grad_(False).autocast_dtype = None
    losses = tuple(terms["loss"] for terms in made.terms)
    return Personalized(made.steps, made.kept_step, losses, tuple(tuning.checks), tuning.held_out)


class RefinementTuning:
    """See `training.tuning.Tuning`.

    Args:
        fabric: where it computes.
        generator: of which the refinement network is trained.
        photos: of the person.
        settings: how.

    Attributes:
        checks: what each check measured.
        held_out: how many photos are not trained on.
    """

    def __init__(
        self,
        fabric: Fabric,
        generator: LightweightGenerator,
        photos: Sequence[PhotoOfPerson],
        settings: Personalization,
    ) -> None:
        self.fabric, self.seed, self._settings = fabric, settings.seed, settings
        self.model = generator.to(fabric.device).eval().requires_grad_(False)
        generator.autocast_dtype = torch.bfloat16
        self._ruler = _Ruler(fabric.device)
        learned, checked, self.held_out = person_pairs(photos, np.random.default_rng((self.seed, 0)))
        self._lessons = [
            prepare(generator, pair, surroundings=n % 2 == 0, device=fabric.device) for n, pair in enumerate(learned)
        ]
        self._exams = [prepare(generator, pair, surroundings=False, device=fabric.device) for pair in checked]
        self._side = face_side(self._lessons)
        trained = generator.refine_net.requires_grad_().parameters()
        self._optimizer = torch.optim.Adam(trained, settings.learning_rate, (0.9, 0.99))
        self.models = {"generator": generator}
        self.optimizers = {"generator": self._optimizer}
        self.schedules: Mapping[str, Schedule] = {"generator": settings}
        self.checks: list[Check] = []

    def draw(self, moment: Moment) -> Lesson:
        """One look at a face, one anywhere."""
        rng = np.random.default_rng((self.seed, 1, moment.step))
        chosen = [self._lessons[int(i)] for i in rng.integers(len(self._lessons), size=2)]
        return together([draw_part(rng, lesson, self._side, face=not n) for n, lesson in enumerate(chosen)])

    def step(self, data: Lesson, moment: Moment) -> Outcome:
        """The refinement network learns."""
        made = self.model.paint(data.warped, data.movement).image
        with self.fabric.autocast():
            distance, likeness = self._ruler(made, data, faces=1)
        loss = distance + self._settings.pixel * (made - data.image).abs().mean()
        loss = loss + self._settings.identity * (1 - likeness)
        minimize(self.fabric, loss, self._optimizer, clip_norm=1.0)
        return Outcome({"loss": loss, "perceptual": distance, "identity": likeness})

    def check(self, step: int, model: nn.Module) -> float:
        """LPIPS, less what it was before; 0 where LPIPS or CSIM is no better than before."""
        assert isinstance(model, LightweightGenerator)
        self.checks.append(self._ruler.check(step, model, self._exams))
        before, now = self.checks[0], self.checks[-1]
        gains = 1 - now.lpips / before.lpips, now.csim - before.csim
        # Both have to gain, or it is none; then LPIPS decides, for CSIM is the noisier of the two.
        return -gains[0] if min(gains) > 0 else 0.0


class _Ruler:
    """LPIPS and CSIM, of parts while learning and of whole pictures when checking."""

    def __init__(self, device: torch.device) -> None:
        self._perceptual, self._identity = LPIPS("alex").to(device), FaceIdentity().to(device)

    def __call__(self, made: torch.Tensor, true: Lesson, faces: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean LPIPS, and mean CSIM of the first `faces` pictures."""
        points = true.landmarks[:faces] * made.shape[-1]
        with torch.no_grad():
            wanted = self._perceptual.features(true.image * 2 - 1)
            person = self._describe(true.image[:faces], points)
        distance = self._perceptual.distance(self._perceptual.features(made * 2 - 1), wanted)
        likeness = F.cosine_similarity(self._describe(made[:faces], points), person, 1)
        return distance.mean(), likeness.mean()

    def _describe(self, pictures: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
        with torch.autocast(pictures.device.type, enabled=False):
            chips = cut_chips(pictures, points)
        descriptors: torch.Tensor = self._identity(chips)
        return descriptors.float()

    @torch.no_grad()
    def check(self, step: int, generator: LightweightGenerator, exams: Sequence[Lesson]) -> Check:
        """How good the generator is at lessons that it does not learn."""
        scores = [self(generator.paint(exam.warped, exam.movement).image, exam, faces=1) for exam in exams]
        distances, likenesses = zip(*scores, strict=True)
        return Check(step, float(torch.stack(distances).mean()), float(torch.stack(likenesses).mean()))
