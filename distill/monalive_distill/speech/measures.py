"""How well a mouth follows the measured one: numbers over the frames of clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive_distill.speech.mouth_basis import lip_opening, mouth_basis
from monalive_distill.speech.phones import BILABIALS
from monalive_distill.speech.tracks import Track

Array = NDArray[np.floating]
# Lips nearer than this are shut, to the eye: some 1.4 mm where the outer corners of the eyes are 95 mm apart.
CLOSED: Final = 0.015
# Lips farther apart than this are open.
OPEN: Final = 0.05
# A closure may come so much too early or too late, seconds.
WITHIN_S: Final = 0.08
_LAGS_S: Final = np.arange(-0.2, 0.2001, 0.01)


@dataclass(frozen=True)
class SpeechScores:
    """Of one method on some clips.

    Attributes:
        jaw_correlation, lips_correlation: mean over clips; 0 where a mouth does not move.
        jaw_error, lips_error: mean absolute, in hundredths of the distance between the outer corners of the eyes.
        closures: share of the measured closures on p, b and m where the lips shut within 80 ms; None without phones.
        false_closures: share of frames with open lips that the method shuts.
        offset_ms: by which the mouth is late (negative: early), where jaw and lips correlate best; None where it does
            not move.
        reach: slope of the lips' opening on the measured one: 1 opens as far.
        clips, bilabials: how many were measured.
    """

    jaw_correlation: float
    lips_correlation: float
    jaw_error: float
    lips_error: float
    closures: float | None
    false_closures: float
    offset_ms: float | None
    reach: float
    clips: int
    bilabials: int


def openings(coefficients: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Jaw and lips (T,) of coefficients (T, 14)."""
    basis = mouth_basis()
    return np.asarray(coefficients @ basis.jaw, np.float64), lip_opening(coefficients @ basis.gaps)


def speech_scores(tracks: Sequence[Track], made: Sequence[Array]) -> SpeechScores:
    """Scores of a method's coefficients.

    Args:
        tracks: what was measured.
        made: (T, 14) for each.
    """
    pairs = [openings(coefficients) for coefficients in made]
    hits, bilabials = 0, 0
    for track, (_, lips) in zip(tracks, pairs, strict=True):
        found = closures(track)
        bilabials += len(found)
        hits += sum(bool((lips[np.abs(track.times_s - moment) <= WITHIN_S] < CLOSED).any()) for moment in found)
    measured_lips = np.concatenate([track.lips for track in tracks])
    made_lips = np.concatenate([lips for _, lips in pairs])
    opened = measured_lips > OPEN
    return SpeechScores(
        jaw_correlation=float(np.mean([correlation(jaw, t.jaw) for t, (jaw, _) in zip(tracks, pairs, strict=True)])),
        lips_correlation=float(
            np.mean([correlation(lips, t.lips) for t, (_, lips) in zip(tracks, pairs, strict=True)])
        ),
        jaw_error=100
        * float(np.mean(np.concatenate([np.abs(jaw - t.jaw) for t, (jaw, _) in zip(tracks, pairs, strict=True)]))),
        lips_error=100 * float(np.mean(np.abs(made_lips - measured_lips))),
        closures=hits / bilabials if bilabials else None,
        false_closures=float(np.mean(made_lips[opened] < CLOSED)) if opened.any() else 0.0,
        offset_ms=offset_ms(tracks, pairs),
        reach=float(np.polyfit(measured_lips, made_lips, 1)[0]),
        clips=len(tracks),
        bilabials=bilabials,
    )


def closures(track: Track) -> list[float]:
    """When the measured lips are shut for a bilabial, seconds: of its frames and those within 80 ms, the most shut.

    Bilabials for which they do not shut, as far as the landmarks tell, are left out.
    """
    if track.phones is None or not track.phones.aligned:
        return []
    moments = []
    for phone in track.phones.phones:
        near = np.flatnonzero((track.times_s >= phone.start - WITHIN_S) & (track.times_s <= phone.end + WITHIN_S))
        if phone.name in BILABIALS and len(near) and track.lips[near].min() < CLOSED:
            shut = near[track.lips[near] < CLOSED]
            middle = (phone.start + phone.end) / 2
            moments.append(float(track.times_s[shut[np.abs(track.times_s[shut] - middle).argmin()]]))
    return moments


def correlation(made: Array, measured: Array) -> float:
    """Pearson's; 0 where one of them does not change."""
    if np.ptp(made) < 1e-9 or np.ptp(measured) < 1e-9:
        return 0.0
    return float(np.corrcoef(made, measured)[0, 1])


def offset_ms(tracks: Sequence[Track], made: Sequence[tuple[Array, Array]]) -> float | None:
    """See `SpeechScores`: the lag at which the mean correlation of jaw and lips is highest."""
    if all(np.ptp(jaw) < 1e-9 for jaw, _ in made):
        return None
    best = [
        np.mean(
            [
                correlation(np.interp(track.times_s + lag, track.times_s, values), measured)
                for track, (jaw, lips) in zip(tracks, made, strict=True)
                for values, measured in ((jaw, track.jaw), (lips, track.lips))
            ]
        )
        for lag in _LAGS_S
    ]
    return float(_LAGS_S[int(np.argmax(best))] * 1000)
