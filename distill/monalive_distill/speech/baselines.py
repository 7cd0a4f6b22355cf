"""What the network must be better than: a still mouth, loudness that drives the jaw, a table of phones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive_distill.speech.mouth_basis import TIED, lip_opening, mouth_basis
from monalive_distill.speech.phone_mouths import PhoneMouths, PhoneTable
from monalive_distill.speech.phones import Phones
from monalive_distill.speech.samples import cut
from monalive_distill.speech.sound import SAMPLE_RATE, Samples
from monalive_distill.speech.tracks import SYNTHETIC, Track, spoken

Method = Callable[[Track], NDArray[np.float64]]  # (T, 14) coefficients at the track's times
_QUIET_DB: Final = 30.0  # below a clip's loudest: the mouth is shut
_SPAN_S: Final = 0.06


def baselines(tracks: Sequence[Track]) -> Mapping[str, Method]:
    """By name; the last one, which knows the words, is a mark rather than a baseline.

    Args:
        tracks: all; what the baselines know they have from those that are trained on.

    Raises:
        ValueError: nobody's phones are known.
    """
    known = spoken(tracks)
    if not known:
        raise ValueError("the caches hold no phones; prepare them with --phones")
    gain = _gain([track for track in tracks if track.split == "train" and track.person != SYNTHETIC])
    table, regression = PhoneTable(known), PhoneMouths(known)

    def still(track: Track) -> NDArray[np.float64]:
        return np.zeros((len(track.times_s), len(TIED)))

    def loud(track: Track) -> NDArray[np.float64]:
        made = still(track)
        made[:, TIED.index("jawOpen")] = gain * loudness(track.sound, track.times_s)
        return made

    def said(track: Track) -> Phones:
        return track.phones or Phones([], aligned=False)

    return {
        "still mouth": still,
        "loudness drives the jaw": loud,
        "pocketsphinx phones through a table": lambda track: table(said(track).phones, track.times_s),
        "pocketsphinx phones through our regression": lambda track: regression(said(track).phones, track.times_s),
    }


def loudness(sound: Samples, times_s: NDArray[np.floating]) -> NDArray[np.float64]:
    """(T,) how loud it is around each moment, from 0 (30 dB below the loudest) to 1."""
    count = round(_SPAN_S * SAMPLE_RATE)
    spans = [cut(sound, round(moment * SAMPLE_RATE) - count // 2, count) for moment in times_s]
    decibels = 10 * np.log10(np.array([float(np.mean(span**2)) for span in spans]) + 1e-9)
    return np.asarray(np.clip(1 + (decibels - decibels.max()) / _QUIET_DB, 0.0, 1.0), np.float64)


def _gain(tracks: Sequence[Track]) -> float:
    """Of the jaw on loudness, so that the lips open as far as measured in the mean."""
    heard = np.concatenate([loudness(track.sound, track.times_s) for track in tracks])
    jaw_open = np.eye(len(TIED))[TIED.index("jawOpen")]
    per_unit = float(lip_opening(jaw_open @ mouth_basis().gaps))
    return float(np.concatenate([track.lips for track in tracks]).mean() / max(heard.mean() * per_unit, 1e-9))
