"""What an expert makes of people it never saw, from 1 photo and from several, beside the lightweight network.

Photos come from the first two thirds of a clip, frames wanted from its last quarter: the ones that ask most of the
photos. The first photo is one as people have them (eyes open, lips closed), the further ones lie anywhere. More photos
hold the fewer ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from monalive_distill.few_shot.regions.candidates import Candidates, PhotoMover
from monalive_distill.few_shot.regions.losses import magnified
from monalive_distill.few_shot.regions.network import RegionExpert, read_finely
from monalive_distill.metrics.lpips import LPIPS
from monalive_distill.regions.measure import middle_sharpness, usual_frame
from monalive_distill.regions.regions import Region
from monalive_distill.regions.samples import RegionSequence, cut

LEAST_FRAMES = 30
LIGHTWEIGHT, LIGHTWEIGHT_CUBIC, EXPERT = "lightweight", "lightweight, cubic", "expert"


class Trial(NamedTuple):
    """Photos of one person, and frames wanted of them."""

    sequence: RegionSequence
    photos: list[int]
    targets: list[int]


@dataclass(frozen=True)
class TrialResult:
    """What one method made of a trial.

    Attributes:
        name: of the sequence.
        method: one of the above.
        shots: T, of how many photos.
        lpips: of each frame wanted.
        sharpness: mean absolute Laplacian of the middle, result over truth.
        pictures: (N, 3, H, W) in [0, 1].
    """

    name: str
    method: str
    shots: int
    lpips: NDArray[np.float64]
    sharpness: NDArray[np.float64]
    pictures: torch.Tensor


def trials(region: Region, sequences: Sequence[RegionSequence], most_photos: int, targets: int) -> list[Trial]:
    """One of each clip that is long enough."""
    long_enough = [sequence for sequence in sequences if len(sequence.frames) >= LEAST_FRAMES]
    return [_trial(region, sequence, most_photos, targets) for sequence in long_enough]


@torch.no_grad()
def evaluate_trial(
    trial: Trial, mover: PhotoMover, expert: RegionExpert | None, shots: Sequence[int], lpips: LPIPS
) -> list[TrialResult]:
    """Measures the lightweight network and the expert for each number of photos.

    With several photos the lightweight network gets the one whose landmarks are nearest to those wanted.
    """
    region = mover.region
    photos, sources = _crops(region, trial.sequence, trial.photos)
    wanted, targets = _crops(region, trial.sequence, trial.targets)
    expected = lpips.features(magnified(wanted))
    results = []
    for count in shots:
        given = [x[:count].unsqueeze(0).expand(len(targets), *[-1] * x.dim()) for x in (photos, sources)]
        candidates = mover(given[0], given[1], targets)
        made: dict[str, Callable[[], torch.Tensor]] = {
            LIGHTWEIGHT: lambda c=candidates: _nearest(c, c.images),
            LIGHTWEIGHT_CUBIC: lambda c=candidates: _nearest(c, _read_by_cubic(c)),
        }
        if expert is not None:
            made[EXPERT] = lambda c=candidates: expert(c).image
        for method, make in made.items():
            image = make().float().clamp(0, 1)
            distance = lpips.distance(lpips.features(magnified(image)), expected)
            sharp = _sharpness(image) / np.maximum(_sharpness(wanted), 1e-3)
            results.append(
                TrialResult(
                    trial.sequence.name, method, count, distance.double().numpy(), sharp, image
                )
            )
    return results


def _trial(region: Region, sequence: RegionSequence, most_photos: int, targets: int) -> Trial:
    count = len(sequence.frames)
    pool, late = count * 2 // 3, range(count - count // 4, count)
    first = usual_frame(region, sequence.measures[:pool])
    spread = sequence.measures.std(0) + 1e-3
    chosen: list[int] = []
    seen = [sequence.measures[first] / spread]
    for _ in range(min(targets, len(late))):
        away = [min(float(np.abs(sequence.measures[i] / spread - m).sum()) for m in seen) for i in late]
        chosen.append(late[int(np.argmax(away))])
        seen.append(sequence.measures[chosen[-1]] / spread)
    return Trial(sequence, _spread(first, pool, most_photos), chosen)


def _spread(first: int, pool: int, count: int) -> list[int]:
    """`first`, then frames of the pool, each in the middle of the widest gap between those before."""
    chosen = [first]
    while len(chosen) < min(count, pool):
        edges = sorted([-1, *chosen, pool])
        gaps = [(after - before, before) for before, after in zip(edges[:-1], edges[1:], strict=True)]
        width, before = max(gaps, key=lambda gap: (gap[0], -gap[1]))
        chosen.append(before + width // 2)
    return chosen


def _crops(region: Region, sequence: RegionSequence, indices: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures (N, 3, H, W) and landmarks (N, 478, 2)."""
    pictures, points = zip(*(cut(sequence, index, region) for index in indices), strict=True)
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2), torch.from_numpy(np.stack(points))


def _sharpness(images: torch.Tensor) -> NDArray[np.float64]:
    return np.array([middle_sharpness(np.ascontiguousarray(image)) for image in images.permute(0, 2, 3, 1).numpy()])


def _read_by_cubic(candidates: Candidates) -> torch.Tensor:
    """The lightweight network's pictures as the SDK lays them: the photo's pixels read by a cubic."""
    moved = read_finely(candidates.photos, candidates.flows)
    return candidates.painted + candidates.masks * (moved - candidates.painted)


def _nearest(candidates: Candidates, images: torch.Tensor) -> torch.Tensor:
    return images[torch.arange(len(images)), candidates.distances.argmin(1)]
