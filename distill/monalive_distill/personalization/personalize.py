"""A person's own lightweight generator, learned from their photos: as small and quick as the one it begins with."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from tqdm import tqdm

from monalive.portrait import PhotoOfPerson
from monalive_distill.few_shot.best_state import BestState
from monalive_distill.generator.lightweight_generator import LightweightGenerator
from monalive_distill.metrics.identity import FaceIdentity, cut_chips
from monalive_distill.metrics.lpips import LPIPS
from monalive_distill.personalization.person_task import Lesson, draw_part, face_side, person_pairs, prepare, together
from monalive_distill.training.checkpoint import ExponentialAverage
from monalive_distill.training.schedule import scheduled_learning_rate


@dataclass(frozen=True)
class Personalization:
    """How to learn a person.

    Attributes:
        steps, minutes: at most; whichever is reached first.
        learning_rate: after `warm_up_steps`; it falls along a cosine to `final_learning_rate`.
        average_decay: of the running average of the weights, which is what is checked and kept.
        pixel, identity: weights of the colours and of CSIM in the loss, beside LPIPS.
        check_every: steps between checks on pictures that are not trained on.
        seed: of all that is drawn.
    """

    steps: int = 600
    minutes: float = 6.0
    learning_rate: float = 3e-4
    final_learning_rate: float = 1e-5
    warm_up_steps: int = 20
    average_decay: float = 0.98
    pixel: float = 0.5
    identity: float = 1.0
    check_every: int = 100
    seed: int = 0


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

    The refinement network alone is trained (`person_lessons`); BatchNorm keeps everybody's statistics: a few photos of
    one person are no better ones. A state is kept if LPIPS and CSIM are both better than at the start.

    Args:
        generator: with weights.
        photos: 1 to 32, tracked.
        settings: how; None: the defaults.
        device: "cpu" or "cuda".
        clock: seconds that have passed since some moment.
    """
    settings = settings or Personalization()
    start, losses = clock(), []
    generator = generator.to(device).eval().requires_grad_(False)
    generator.autocast_dtype = torch.bfloat16
    network = generator.refine_net
    ruler = _Ruler(device)
    learned, checked, held_out = person_pairs(photos, np.random.default_rng((settings.seed, 0)))
    lessons = [prepare(generator, pair, surroundings=n % 2 == 0, device=device) for n, pair in enumerate(learned)]
    exams = [prepare(generator, pair, surroundings=False, device=device) for pair in checked]
    side = face_side(lessons)
    trained = list(network.requires_grad_().parameters())
    optimizer = torch.optim.Adam(trained, settings.learning_rate, (0.9, 0.99))
    average = ExponentialAverage(network, settings.average_decay)
    checks = [ruler.check(0, generator, exams)]
    best = BestState(network, 0.0)
    step = 0
    with tqdm(total=settings.steps, desc="personalizing", unit="step", disable=None) as bar:
        while step < settings.steps and (spent := clock() - start) < settings.minutes * 60:
            rng = np.random.default_rng((settings.seed, 1, step))
            # One look at a face, one anywhere.
            chosen = [lessons[int(i)] for i in rng.integers(len(lessons), size=2)]
            part = together([draw_part(rng, lesson, side, face=not n) for n, lesson in enumerate(chosen)])
            progress = max(step / settings.steps, spent / (settings.minutes * 60))
            for group in optimizer.param_groups:
                group["lr"] = scheduled_learning_rate(settings, step, progress)
            made = generator.paint(part.warped, part.movement).image
            with torch.autocast(made.device.type, torch.bfloat16):
                distance, likeness = ruler(made, part, faces=1)
            loss = distance + settings.pixel * (made - part.image).abs().mean()
            loss = loss + settings.identity * (1 - likeness)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            step += 1
            average.update(network, step)
            bar.update()
            losses.append(float(loss.detach()))
            if step % settings.check_every == 0:
                checks.append(_check_average(ruler, generator, average, exams, step, best, checks[0]))
    if checks[-1].step != step:
        checks.append(_check_average(ruler, generator, average, exams, step, best, checks[0]))
    best.restore()
    generator.requires_grad_(False).autocast_dtype = None
    return Personalized(step, best.kept_step, tuple(losses), tuple(checks), held_out)


class _Ruler:
    """LPIPS and CSIM, of parts while learning and of whole pictures when checking."""

    def __init__(self, device: str) -> None:
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
        return self._identity(chips).float()

    @torch.no_grad()
    def check(self, step: int, generator: LightweightGenerator, exams: Sequence[Lesson]) -> Check:
        """How good the generator is at lessons that it does not learn."""
        scores = [self(generator.paint(exam.warped, exam.movement).image, exam, faces=1) for exam in exams]
        distances, likenesses = zip(*scores, strict=True)
        return Check(step, float(torch.stack(distances).mean()), float(torch.stack(likenesses).mean()))


def _check_average(
    ruler: _Ruler,
    generator: LightweightGenerator,
    average: ExponentialAverage,
    exams: Sequence[Lesson],
    step: int,
    best: BestState,
    before: Check,
) -> Check:
    """Checks the averaged weights and keeps them if they are the best so far; the trained ones come back."""
    network = generator.refine_net
    trained = {name: value.clone() for name, value in network.state_dict().items()}
    network.load_state_dict(average.weights)
    check = ruler.check(step, generator, exams)
    gains = 1 - check.lpips / before.lpips, check.csim - before.csim
    # Both have to gain, or it is none; then LPIPS decides, for CSIM is the noisier of the two.
    best.take(step, -gains[0] if min(gains) > 0 else 0.0)
    network.load_state_dict(trained)
    return check
