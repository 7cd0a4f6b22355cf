"""Batches to train on: short runs of sound, and the mouth at some moments of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from monalive_distill.speech.mouth_basis import TIED
from monalive_distill.speech.phone_mouths import phone_numbers
from monalive_distill.speech.phones import BILABIALS
from monalive_distill.speech.sound import SAMPLE_RATE, Samples
from monalive_distill.speech.sound_augmentation import augmented, stretched
from monalive_distill.speech.sound_features import BEFORE_MS, WINDOW
from monalive_distill.speech.tracks import SYNTHETIC, Track

MOMENTS: Final = 6  # of a run, 40 ms apart
STEP: Final = SAMPLE_RATE // 25
RUN: Final = WINDOW + (MOMENTS - 1) * STEP
_SPEEDS: Final = (0.8, 1.25)
UNKNOWN_PHONE: Final = -1
# A bilabial's frames count as shut in this much of it around its middle, seconds.
_SHUT_S: Final = 0.03


@dataclass(frozen=True)
class SpeechBatch:
    """
    Attributes:
        sound: (N, RUN).
        coefficients: (N, MOMENTS, 14).
        phones: (N, MOMENTS) numbers of `phone_mouths.PHONES`; -1 where unknown.
        shut: (N, MOMENTS) 1 in the middle of a bilabial.
        trust: (N,) how much its mouths count.
    """

    sound: NDArray[np.float32]
    coefficients: NDArray[np.float32]
    phones: NDArray[np.int64]
    shut: NDArray[np.float32]
    trust: NDArray[np.float32]


class SpeechSampler:
    """Draws batches.

    Args:
        tracks: of split "train"; others are left out.
        synthetic: share of a batch that is synthetic speech.
        known: share of the rest that is of the person of whom there is most.
        seed: of what is drawn.

    Raises:
        ValueError: there is nothing to train on.
    """

    def __init__(self, tracks: Sequence[Track], *, synthetic: float, known: float, seed: int) -> None:
        train = [track for track in tracks if track.split == "train"]
        if not train:
            raise ValueError("these caches hold no clip for training")
        self._seed = seed
        people = [track.person for track in train if track.person != SYNTHETIC]
        most = max(set(people), key=people.count) if people else ""
        kinds = {
            "synthetic": [track for track in train if track.person == SYNTHETIC],
            "known": [track for track in train if track.person == most],
            "others": [track for track in train if track.person not in (most, SYNTHETIC)],
        }
        shares = {
            "synthetic": synthetic,
            "known": (1 - synthetic) * known,
            "others": (1 - synthetic) * (1 - known),
        }
        self._kinds = [kinds[name] for name in kinds if kinds[name]]
        chances = np.array([shares[name] for name in kinds if kinds[name]])
        self._chances = chances / chances.sum()
        self._by_length = [
            np.array([len(track.sound) for track in kind]) / sum(len(track.sound) for track in kind)
            for kind in self._kinds
        ]

    def draw(self, step: int, count: int) -> SpeechBatch:
        """The batch of a step; the same again for the same seed."""
        random = np.random.default_rng((self._seed, step))
        runs = [self._run(random) for _ in range(count)]
        sound, coefficients, phones, shut, trust = (np.stack(column) for column in zip(*runs, strict=True))
        return SpeechBatch(sound, coefficients, phones, shut, trust)

    def _run(self, random: np.random.Generator) -> tuple[Any, ...]:
        track = self._track(random)
        speed = float(random.uniform(*_SPEEDS))
        length = int(RUN * speed)
        # Nobody knows what somebody did before a clip was cut; a synthetic voice had its mouth shut, and after too.
        margin = int(WINDOW * speed) // 2 if track.person == SYNTHETIC else 0
        start = int(random.integers(-margin, max(len(track.sound) - length + margin, 1)))
        sound = stretched(cut(track.sound, start, length), RUN)
        other = self._track(random).sound
        place = int(random.integers(0, max(len(other) - RUN, 1)))
        moments = (start + (BEFORE_MS * SAMPLE_RATE // 1000 + np.arange(MOMENTS) * STEP) * speed) / SAMPLE_RATE
        mouths = np.stack([np.interp(moments, track.times_s, column) for column in track.coefficients.T], 1)
        mouths[(moments < 0) | (moments > len(track.sound) / SAMPLE_RATE)] = 0.0
        phones = np.full(MOMENTS, UNKNOWN_PHONE, np.int64)
        shut = np.zeros(MOMENTS, np.float32)
        if track.phones is not None and track.phones.aligned:
            phones = phone_numbers(track.phones.phones, moments)
            for phone in track.phones.phones:
                if phone.name in BILABIALS:
                    shut[np.abs(moments - (phone.start + phone.end) / 2) <= _SHUT_S] = 1.0
        trust = np.float32(0.5 if track.person == SYNTHETIC else 1.0)
        return (
            augmented(sound, cut(other, place, RUN), random),
            mouths.astype(np.float32).reshape(MOMENTS, len(TIED)),
            phones,
            shut,
            trust,
        )

    def _track(self, random: np.random.Generator) -> Track:
        kind = int(random.choice(len(self._kinds), p=self._chances))
        return self._kinds[kind][int(random.choice(len(self._kinds[kind]), p=self._by_length[kind]))]


def cut(sound: Samples, start: int, length: int) -> Samples:
    """(length,) samples from `start` on; silence before the first and after the last."""
    made = np.zeros(length, np.float32)
    first, last = max(start, 0), min(start + length, len(sound))
    if last > first:
        made[first - start : last - start] = sound[first:last]
    return made
