"""Sounds for the gate: what a voice is made of, without a voice."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive_distill.speech.sound import SAMPLE_RATE
from monalive_distill.speech.sound_features import WINDOW

_RESONANCES: Final = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (660, 1720, 2410))  # of four vowels


def voice_like(number: int) -> NDArray[np.float32]:
    """(1, 10240) a buzz through a vowel's resonances, hiss and silence, in an order and at a level of their own."""
    random = np.random.default_rng(number)
    parts = [np.zeros(WINDOW // 8)]
    while sum(map(len, parts)) < WINDOW:
        count = int(random.uniform(0.05, 0.2) * SAMPLE_RATE)
        time = np.arange(count) / SAMPLE_RATE
        swell = np.sin(np.pi * np.arange(count) / count)
        kind = random.integers(0, 5)
        if kind == 0:
            parts.append(np.zeros(count))
        elif kind == 1:
            parts.append(0.2 * swell * random.normal(size=count))
        else:
            pitch, resonances = random.uniform(90, 250), _RESONANCES[int(random.integers(0, 4))]
            made = np.zeros(count)
            for harmonic in np.arange(pitch, 4000, pitch):
                gain = sum(1 / (1 + ((harmonic - place) / 90) ** 2) for place in resonances)
                made += gain * np.sin(2 * np.pi * harmonic * time + random.uniform(0, 6))
            parts.append(swell * made)
    sound = np.concatenate(parts)[:WINDOW]
    sound *= 10 ** (random.uniform(-36, -6) / 20) / max(float(np.abs(sound).max()), 1e-6)
    return sound[None].astype(np.float32)
