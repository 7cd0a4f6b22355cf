"""Which coefficients the network gives, and what jaw and lips do when a face makes them."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive.faces.expressions import load_expressions, mirror_name
from monalive.faces.landmarks import LIPS_INNER, LIPS_OUTER

Array = NDArray[np.float64]
# One of a pair stands for both sides: speech has no left and right.
TIED: Final = (
    "jawOpen",
    "mouthClose",
    "mouthFunnel",
    "mouthPucker",
    "mouthRollLower",
    "mouthRollUpper",
    "mouthShrugLower",
    "mouthShrugUpper",
    "mouthLowerDownLeft",
    "mouthUpperUpLeft",
    "mouthStretchLeft",
    "mouthSmileLeft",
    "mouthPressLeft",
    "mouthFrownLeft",
)
# What the network gives, in order.
COEFFICIENTS: Final = tuple(name for first in TIED for name in dict.fromkeys((first, mirror_name(first))))
# The chin's lowest points go down with the jaw.
CHIN: Final = (152, 148, 377, 176, 400)
# Lips, chin, and the cheeks beside the mouth.
MOUTH_POINTS: Final = (
    *LIPS_OUTER,
    *LIPS_INNER,
    *CHIN,
    *(18, 200, 199, 175, 164, 167, 393, 165, 391, 92, 322, 186, 410, 57, 287, 43, 273, 106, 335, 182, 406, 83, 313),
    *(202, 422, 204, 424, 194, 418, 201, 421, 149, 378, 150, 379, 136, 365, 207, 427, 206, 426, 212, 432, 210, 430),
)
_MIDDLE: Final = slice(3, 6)  # of the nine pairs of inner lips


@dataclass(frozen=True)
class MouthBasis:
    """The expression basis, for the coefficients of `TIED` alone.

    Attributes:
        displacements: (14, 478, 3) of the face by each, both sides together, in outer-eye-corner distances.
        sides: (14, 20) 1 where a tied coefficient stands for one of `COEFFICIENTS`.
    """

    displacements: Array
    sides: Array

    @property
    def jaw(self) -> Array:
        """(14,) how far each lowers the chin."""
        return jaw_opening(self.displacements)

    @property
    def gaps(self) -> Array:
        """(14, 9) how far each parts the inner lips, pair by pair."""
        return lip_gaps(self.displacements)

    @property
    def lips(self) -> Array:
        """(14,) how far each parts the lips' middle: the mean of its gaps, below 0 where it shuts them."""
        return np.asarray(self.gaps[:, _MIDDLE].mean(1), np.float64)

    @property
    def width(self) -> Array:
        """(14,) how much each widens the mouth."""
        return mouth_width(self.displacements)


@functools.cache
def mouth_basis() -> MouthBasis:
    """Of the expression model that ships."""
    basis = load_expressions()
    sides = np.zeros((len(TIED), len(COEFFICIENTS)))
    for row, name in enumerate(TIED):
        for each in {name, mirror_name(name)}:
            sides[row, COEFFICIENTS.index(each)] = 1.0
    every = np.zeros((len(COEFFICIENTS), len(basis.names)))
    every[np.arange(len(COEFFICIENTS)), [basis.names.index(name) for name in COEFFICIENTS]] = 1.0
    return MouthBasis(np.tensordot(sides @ every, basis.displacements, axes=1), sides)


def jaw_opening(moved: NDArray[np.floating]) -> Array:
    """How far displacements (..., 478, 3) lower the chin: (...)."""
    return np.asarray(moved[..., list(CHIN), 1].mean(-1), np.float64)


def lip_gaps(moved: NDArray[np.floating]) -> Array:
    """How far displacements (..., 478, 3) part the inner lips: (..., 9)."""
    mouth = load_expressions().apertures.mouth
    return np.asarray(moved[..., mouth.lower, 1] - moved[..., mouth.upper, 1], np.float64)


def lip_opening(gaps: NDArray[np.floating]) -> Array:
    """The middle of the lips' gaps (..., 9): (...), 0 where lips touch, also where they press."""
    return np.asarray(np.maximum(gaps[..., _MIDDLE].mean(-1), 0.0), np.float64)


def mouth_width(moved: NDArray[np.floating]) -> Array:
    """How much displacements (..., 478, 3) widen the mouth: (...)."""
    right, left = load_expressions().apertures.mouth.corners
    return np.asarray(moved[..., left, 0] - moved[..., right, 0], np.float64)
