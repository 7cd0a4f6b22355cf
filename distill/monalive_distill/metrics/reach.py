"""Reach: how much of what a driver's face does arrives in a result.

Both sides are changes of one number since frame 0, frame by frame: 1 is all of it, 0 is a photo that does not move.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Changes = NDArray[np.float32]  # (frames,), NaN where it could not be read

# A peak's frames: those where the truth comes to so much of the clip's highest value.
PEAK_SHARE: Final = 0.9


@dataclass(frozen=True)
class Reach:
    """Of one number over many clips.

    Attributes:
        slope: of the result's change on the truth's, through the origin, over the frames of all clips together.
        correlation: of the two over the same frames; None for peaks, or where one of them never changes.
        clip_mean: mean of the clips' own slopes: each counts once, however much it moves.
        worst_tenth: mean slope of the tenth of the clips (at least one) where least arrives.
        worst_clip: the clip where least arrives.
        clips: so many clips move it; others are left out.
    """

    slope: float
    correlation: float | None
    clip_mean: float
    worst_tenth: float
    worst_clip: str
    clips: int


def measure_reach(clips: Mapping[str, tuple[Changes, Changes]], moves: float) -> Reach | None:
    """Reach over clips.

    Args:
        clips: name -> (truth, result), changes since frame 0.
        moves: a clip counts where the truth changes by at least so much in one of its frames.

    Returns:
        None where no clip counts.
    """
    readable = {name: _readable(*clip) for name, clip in clips.items()}
    counted = {name: clip for name, clip in readable.items() if len(clip[0]) and np.abs(clip[0]).max() >= moves}
    if not counted:
        return None
    truth, result = (np.concatenate(side).astype(np.float64) for side in zip(*counted.values(), strict=True))
    varies = len(truth) > 2 and min(truth.std(), result.std()) > 1e-6
    correlation = float(np.corrcoef(truth, result)[0, 1]) if varies else None
    slopes = {name: _slope(*clip) for name, clip in counted.items()}
    return _reach(_slope(truth, result), correlation, slopes)


def measure_peaks(clips: Mapping[str, tuple[Changes, Changes]], moves: float) -> Reach | None:
    """What arrives of the highest peak of each clip: the result's mean over the truth's, in the frames where the truth
    comes within a tenth of its highest value. The mean over clips, each counting once.

    Args:
        clips: name -> (truth, result), changes since frame 0.
        moves: a clip counts where the truth rises by at least so much.

    Returns:
        None where no clip counts.
    """
    shares = {}
    for name, clip in clips.items():
        truth, result = _readable(*clip)
        if len(truth) and truth.max() >= moves:
            peak = truth >= PEAK_SHARE * truth.max()
            shares[name] = float(result[peak].mean() / truth[peak].mean())
    return _reach(None, None, shares) if shares else None


def _reach(slope: float | None, correlation: float | None, by_clip: Mapping[str, float]) -> Reach:
    """Without a slope over all frames, the mean of the clips is it."""
    order = sorted(by_clip, key=lambda name: by_clip[name])
    slopes = [by_clip[name] for name in order]
    mean, worst_tenth = float(np.mean(slopes)), float(np.mean(slopes[: max(1, len(slopes) // 10)]))
    return Reach(mean if slope is None else slope, correlation, mean, worst_tenth, order[0], len(order))


def _readable(truth: Changes, result: Changes) -> tuple[Changes, Changes]:
    both = np.isfinite(truth) & np.isfinite(result)
    return truth[both], result[both]


def _slope(truth: NDArray[np.floating], result: NDArray[np.floating]) -> float:
    return float((truth * result).sum() / (truth * truth).sum())
