"""Lips that meet where they are to meet.

A network that was trained to be right on average opens and shuts a mouth less than people do, and p, b and m are seen by
whether lips touch. So its curves are given back some of their contrast, and lips that nearly touch are made to.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive.faces.expressions import load_expressions
from monalive.speech.rhythm import smoothed

Array = NDArray[np.float64]

CLOSER: Final = "mouthClose"
_NOISE_SECONDS: Final = 0.012  # standard deviation of the smoothing: a closure of 80 ms stays shut
_AROUND_SECONDS: Final = 0.12  # what a syllable is compared with
_CONTRAST: Final = 0.5
# Openings, in mouth widths: up to the first lips touch, from the second on they stay as they are.
_TOUCHING, _OPEN = 0.03, 0.09


def contrasted(curves: Array, rate: float) -> Array:
    """Coefficients (T, K), `rate` a second, without noise and with what blurs syllables into each other taken back."""
    steady = smoothed(curves, _NOISE_SECONDS * rate)
    around = smoothed(steady, _AROUND_SECONDS * rate)
    return np.maximum(steady + _CONTRAST * (steady - around), 0.0)


def touching(lips: Mapping[str, Array]) -> dict[str, Array]:
    """Coefficients by name, (T,) each, with lips shut that nearly are."""
    opened = sum((lips_opening(name) * curve for name, curve in lips.items()), start=np.zeros(1))
    kept = _OPEN * np.clip((opened - _TOUCHING) / (_OPEN - _TOUCHING), 0.0, 1.0)
    shut = opened - np.where(opened < _OPEN, np.minimum(opened, kept), opened)
    return {**lips, CLOSER: lips.get(CLOSER, 0.0) + shut / -lips_opening(CLOSER)}


@functools.cache
def lips_opening(name: str) -> float:
    """How far a coefficient of 1 moves the middle of the lips apart, in mouth widths; below 0: together."""
    basis = load_expressions()
    mouth = basis.apertures.mouth
    gaps = mouth.gaps(basis.displacement({name: 1.0}))
    return float(gaps[len(gaps) // 2]) / mouth.width(basis.mean_face)
