"""Lips that meet where they are to meet.

p, b and m are seen by whether lips touch, and a network that is right on average leaves a gap: lips that nearly touch
are made to.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive.faces.expressions import load_expressions

Array = NDArray[np.float64]

CLOSER: Final = "mouthClose"
# Openings, in mouth widths: up to the first lips touch, from the second on they stay as they are.
_TOUCHING, _OPEN = 0.03, 0.09


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
