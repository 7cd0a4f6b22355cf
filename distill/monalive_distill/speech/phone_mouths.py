"""Phones to mouths: learnt from people whose phones and faces are both known, for speech that has no face.

A ridge regression from the shares that kinds of sounds have in short spans around a moment, so that neighbouring sounds
colour each other as in a real mouth. A second, plainer model is the table: a mouth for each phone, nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive_distill.speech.mouth_basis import TIED, mouth_basis
from monalive_distill.speech.phones import BILABIALS, SILENCE, Phone

Array = NDArray[np.float64]
# ARPAbet in kinds that look alike on the lips; diphthongs are their two ends.
_KINDS: Final = (
    (SILENCE,),
    ("P", "B", "M"),
    ("F", "V"),
    ("TH", "DH"),
    ("T", "D", "N", "S", "Z"),
    ("L",),
    ("CH", "JH", "SH", "ZH"),
    ("R", "ER"),
    ("K", "G", "NG", "HH", "Y"),
    ("W",),
    ("IY",),
    ("IH",),
    ("EH",),
    ("AE",),
    ("AH",),
    ("AA",),
    ("AO",),
    ("UW", "UH"),
)
_DIPHTHONGS: Final = {
    "EY": ("EH", "IY"),
    "AY": ("AA", "IH"),
    "OY": ("AO", "IH"),
    "AW": ("AA", "UW"),
    "OW": ("AO", "UW"),
}
PHONES: Final = tuple(sorted({SILENCE, *(name for kind in _KINDS for name in kind), *_DIPHTHONGS}))
_KIND_OF: Final = {name: number for number, kind in enumerate(_KINDS) for name in kind}
_STEP_S: Final = 0.01
_SPANS: Final = np.linspace(-0.26, 0.26, 14)  # edges of the spans around a moment, seconds
_RIDGE: Final = 30.0
# A bilabial shuts the lips between these shares of its length.
_SHUT: Final = (0.1, 0.75)
_SHUT_RAMP_S: Final = 0.04


def phone_numbers(phones: Sequence[Phone], times_s: NDArray[np.floating]) -> NDArray[np.int64]:
    """(T,) which of `PHONES` is heard when; silence outside."""
    numbers = np.full(len(times_s), PHONES.index(SILENCE), np.int64)
    for phone in phones:
        if phone.name in PHONES:
            numbers[(times_s >= phone.start) & (times_s < phone.end)] = PHONES.index(phone.name)
    return numbers


class PhoneMouths:
    """The regression, fitted.

    Args:
        spoken: (phones, times of frames in seconds (T,), coefficients (T, 14)) of clips.
    """

    def __init__(self, spoken: Sequence[tuple[Sequence[Phone], NDArray[np.floating], NDArray[np.floating]]]) -> None:
        inputs = np.concatenate([_shares(phones, times) for phones, times, _ in spoken])
        wanted = np.concatenate([coefficients for _, _, coefficients in spoken]).astype(np.float64)
        self._mean = wanted.mean(0)
        gram = inputs.T @ inputs + _RIDGE * np.eye(inputs.shape[1])
        self._weights = np.linalg.solve(gram, inputs.T @ (wanted - self._mean))

    def __call__(self, phones: Sequence[Phone], times_s: NDArray[np.floating]) -> Array:
        """(T, 14) coefficients; lips shut for bilabials."""
        made = np.clip(_shares(phones, times_s) @ self._weights + self._mean, 0.0, 1.0)
        return _shut(made, phones, times_s)


class PhoneTable:
    """The table, learnt from the same, and read with straight lines between the phones' middles."""

    def __init__(self, spoken: Sequence[tuple[Sequence[Phone], NDArray[np.floating], NDArray[np.floating]]]) -> None:
        found: dict[str, list[Array]] = {}
        for phones, times, coefficients in spoken:
            for phone in phones:
                nearest = int(np.abs(times - (phone.start + phone.end) / 2).argmin())
                found.setdefault(phone.name, []).append(np.asarray(coefficients[nearest], np.float64))
        self._mouths: dict[str, Array] = {name: np.stack(each).mean(0) for name, each in found.items()}
        self._mouths[SILENCE] = np.zeros(len(TIED))
        self._other: Array = np.stack(list(self._mouths.values())).mean(0)

    def __call__(self, phones: Sequence[Phone], times_s: NDArray[np.floating]) -> Array:
        """(T, 14) coefficients."""
        if not phones:
            return np.zeros((len(times_s), len(TIED)))
        places: list[float] = []
        mouths: list[Array] = []
        for phone in phones:
            mouth = self._mouths.get(phone.name, self._other)
            # A pause is rest for all of its length, a phone is itself in its middle.
            inset = min(0.08, (phone.end - phone.start) / 2) if phone.name == SILENCE else (phone.end - phone.start) / 2
            places += [phone.start + inset, phone.end - inset]
            mouths += [mouth, mouth]
        order = np.argsort(places, kind="stable")
        known = np.stack(mouths)[order]
        sorted_places = np.array(places)[order]
        return np.stack([np.interp(times_s, sorted_places, column) for column in known.T], 1)


def _shares(phones: Sequence[Phone], times_s: NDArray[np.floating]) -> Array:
    """(T, spans x kinds) which share of each span around a moment each kind of sound has."""
    end = max([phone.end for phone in phones] + [float(times_s[-1])]) + 1.0
    count = int(end / _STEP_S) + 1
    heard = np.zeros((count, len(_KINDS)))
    for phone in phones:
        start, stop = round(phone.start / _STEP_S), round(phone.end / _STEP_S)
        middle = (start + stop) // 2
        first, second = _DIPHTHONGS.get(phone.name, (phone.name, phone.name))
        for name, begin, finish in ((first, start, middle), (second, middle, stop)):
            if name in _KIND_OF:
                heard[begin:finish, _KIND_OF[name]] = 1.0
    heard[heard.sum(1) == 0, 0] = 1.0
    total = np.concatenate([np.zeros((1, len(_KINDS))), np.cumsum(heard, 0)])
    edges = np.clip((times_s[:, None] + _SPANS) / _STEP_S, 0, count)
    lower = np.floor(edges).astype(int).clip(0, count - 1)
    sums = total[lower] + (edges - lower)[..., None] * heard[lower.clip(0, count - 1)]
    return np.asarray(np.diff(sums, axis=1) * (_STEP_S / float(np.diff(_SPANS)[0]))).reshape(len(times_s), -1)


def _shut(made: Array, phones: Sequence[Phone], times_s: NDArray[np.floating]) -> Array:
    """Coefficients with lips that touch while a bilabial is held: what parts them is scaled down."""
    shut = np.zeros(len(times_s))
    for phone in phones:
        if phone.name in BILABIALS:
            low, high = (phone.start + share * (phone.end - phone.start) for share in _SHUT)
            away = np.maximum(np.maximum(low - times_s, times_s - high), 0.0)
            shut = np.maximum(shut, np.clip(1 - away / _SHUT_RAMP_S, 0.0, 1.0))
    gaps = mouth_basis().lips
    parting = np.maximum(gaps, 0.0)
    opened, closed = made @ parting, -(made @ np.minimum(gaps, 0.0))
    share = np.where(opened > closed, closed / np.maximum(opened, 1e-9), 1.0)
    factor = 1 - shut * (1 - share)
    return np.where(parting > 0, made * factor[:, None], made)
