"""What an expert makes of people it never saw, from 1 photo and from several, beside the lightweight network.

Photos come from the first two thirds of a clip, frames wanted from its last quarter: the ones that ask most of the
first photo. That is one as people have them (eyes open, lips closed), the further ones lie anywhere. More photos hold
the fewer ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from monalive_distill.few_shot.regions.candidates import Candidates, CropMover
from monalive_distill.few_shot.regions.finetune import ExpertFineTuning, PersonPhotos, finetune_expert
from monalive_distill.few_shot.regions.losses import magnified
from monalive_distill.few_shot.regions.network import RegionExpert, read_finely
from monalive_distill.metrics.lpips import LPIPS
from monalive_distill.regions.measure import middle_sharpness, usual_frame
from monalive_distill.regions.readings import CropReader
from monalive_distill.regions.regions import Region
from monalive_distill.regions.samples import RegionSequence, cut

LEAST_FRAMES: Final = 30
LIGHTWEIGHT, LIGHTWEIGHT_CUBIC, EXPERT, FINE_TUNED = "lightweight", "lightweight, cubic", "expert", "expert, fine-tuned"


class Trial(NamedTuple):
    """Frames of one clip: photos, and frames wanted of them."""

    sequence: RegionSequence
    photos: list[int]
    targets: list[int]


@dataclass(frozen=True)
class TrialResult:
    """What one method made of a trial.

    Attributes:
        trial: the photos and the frames wanted.
        method: one of the above.
        shots: T, of how many photos.
        lpips: (N,) of each frame wanted; whole crops, magnified.
        sharpness: (N,) mean absolute Laplacian of the middle, result over truth.
        read: (N, 3) measures as MediaPipe reads them in the result; None: not read.
        pictures: (N, 3, H, W) in [0, 1].
    """

    trial: Trial
    method: str
    shots: int
    lpips: NDArray[np.float64]
    sharpness: NDArray[np.float64]
    read: NDArray[np.float32] | None
    pictures: torch.Tensor


def trials(region: Region, sequences: Sequence[RegionSequence], most_photos: int, targets: int) -> list[Trial]:
    """One of each clip that has at least `LEAST_FRAMES` frames."""
    usable = [sequence for sequence in sequences if len(sequence.frames) >= LEAST_FRAMES]
    return [_trial(region, sequence, most_photos, targets) for sequence in usable]


def evaluate_trial(
    trial: Trial,
    mover: CropMover,
    expert: RegionExpert,
    shots: Sequence[int],
    lpips: LPIPS,
    reader: CropReader | None = None,
    fine_tuning: ExpertFineTuning | None = None,
) -> list[TrialResult]:
    """Measures the lightweight network and the expert for each number of photos.

    With several photos the lightweight network gets the one whose landmarks are nearest to those wanted. Its pictures
    are measured as it gives them and as the SDK lays them, with the photo's pixels read by a cubic.

    Args:
        trial: what is asked.
        mover, expert: see `load_expert`.
        shots: numbers of photos.
        lpips: the measure.
        reader: also reads lids, irises and lips of the results; None: they are not read.
        fine_tuning: also fine-tunes the expert on the photos of each number; None: not.
    """
    photos, sources = crops(mover.region, trial.sequence, trial.photos)
    wanted, targets = crops(mover.region, trial.sequence, trial.targets)
    expected, truth = lpips.features(magnified(wanted)), _sharpness(wanted)
    results = []
    for count in shots:
        candidates = mover(_for_each(photos[:count], len(targets)), _for_each(sources[:count], len(targets)), targets)
        with torch.no_grad():
            made = {
                LIGHTWEIGHT: _nearest(candidates, candidates.images),
                LIGHTWEIGHT_CUBIC: _nearest(candidates, _read_by_cubic(candidates)),
                EXPERT: expert(candidates).image,
            }
        if fine_tuning is not None:
            own = PersonPhotos(trial.sequence, tuple(trial.photos[:count]))
            person, _ = finetune_expert(mover, expert, own, fine_tuning)
            with torch.no_grad():
                made[FINE_TUNED] = person(candidates).image
        made = {method: image.float().clamp(0, 1) for method, image in made.items()}
        read = _read(reader, trial, list(made.values()))
        for (method, image), measures in zip(made.items(), read, strict=True):
            distance = lpips.distance(lpips.features(magnified(image)), expected).double().numpy()
            sharpness = _sharpness(image) / np.maximum(truth, 1e-3)
            results.append(TrialResult(trial, method, count, distance, sharpness, measures, image))
    return results


def crops(region: Region, sequence: RegionSequence, indices: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures (N, 3, H, W) in [0, 1] and landmarks (N, 478, 2) in their pixels of some frames."""
    pictures, points = zip(*(cut(sequence, index, region) for index in indices), strict=True)
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2), torch.from_numpy(np.stack(points))


def _trial(region: Region, sequence: RegionSequence, most_photos: int, targets: int) -> Trial:
    count = len(sequence.frames)
    pool, late = count * 2 // 3, range(count - max(1, count // 4), count)
    first = usual_frame(region, sequence.measures[:pool])
    measures = sequence.measures / (sequence.measures.std(0) + 1e-3)
    chosen: list[int] = []
    for _ in range(min(targets, len(late))):
        left = [i for i in late if i not in chosen]
        apart = [min(float(np.abs(measures[i] - measures[j]).sum()) for j in (first, *chosen)) for i in left]
        chosen.append(left[int(np.argmax(apart))])
    return Trial(sequence, _spread(first, pool, most_photos), chosen)


def _spread(first: int, pool: int, count: int) -> list[int]:
    """`first`, then frames of the pool, each in the middle of the widest gap between those before."""
    chosen = [first]
    while len(chosen) < min(count, pool):
        edges = sorted([-1, *chosen, pool])
        before, after = max(pairwise(edges), key=lambda gap: gap[1] - gap[0])
        chosen.append((before + after) // 2)
    return chosen


def _for_each(x: torch.Tensor, count: int) -> torch.Tensor:
    """The same photos for each frame wanted."""
    return x.unsqueeze(0).expand(count, *[-1] * x.dim())


def _read_by_cubic(candidates: Candidates) -> torch.Tensor:
    moved = read_finely(candidates.photos, candidates.flows)
    return candidates.painted + candidates.masks * (moved - candidates.painted)


def _nearest(candidates: Candidates, images: torch.Tensor) -> torch.Tensor:
    return images[torch.arange(len(images)), candidates.distances.argmin(1)]


def _read(
    reader: CropReader | None, trial: Trial, images: Sequence[torch.Tensor]
) -> Sequence[NDArray[np.float32] | None]:
    if reader is None:
        return [None] * len(images)
    return list(reader.read(trial.sequence, trial.targets, [_arrays(image) for image in images]))


def _sharpness(images: torch.Tensor) -> NDArray[np.float64]:
    return np.array([middle_sharpness(image) for image in _arrays(images)])


def _arrays(images: torch.Tensor) -> list[NDArray[np.float32]]:
    return [np.ascontiguousarray(image) for image in images.permute(0, 2, 3, 1).numpy()]
