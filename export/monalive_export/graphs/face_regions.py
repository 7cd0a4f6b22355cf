"""Which landmark belongs to which region of the face: smooth weights, so that neighbours move alike."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monalive.faces.apertures import Aperture
from monalive.faces.expressions import load_expressions
from monalive.faces.landmarks import IRISES, LEFT_EYE, RIGHT_EYE
from monalive_distill.smooth_step import smooth_step

Array = NDArray[np.float64]
# Heights below the eye corners, in outer-eye-corner distances, between which the lower face takes over.
LOWER_FACE = (0.12, 0.38)
# Distances from the eyelids between which the eye's own skin gives way to the brow's.
EYE_SKIN = (0.02, 0.13)
MOUTH_REACH = 0.35
# Mobilities between which a landmark counts as moved by the skull alone and by expression.
MOBILE = (0.0085, 0.0165)


@dataclass(frozen=True)
class RegionWeights:
    """Weights per landmark, each (478, 1) in [0, 1].

    What is left to 1 keeps still: the skull's sides, where a tracker's displacements are contour sliding and noise, not
    expression.

    Attributes:
        lips: mouth, cheeks, nose tip, jaw and chin.
        brows: brows and forehead.
        eyes: lids, irises and their surroundings, which move as one.
        mouth: how near to the mouth.
    """

    lips: Array
    brows: Array
    eyes: Array
    mouth: Array

    @classmethod
    def for_face(cls, mean_face: Array, mobility: Array) -> RegionWeights:
        """Weights laid out on a mean face (478, 3), its outer eye corners at the same height and 1 apart.

        Args:
            mobility: (478,) how far expressions move each landmark (`ExpressionBasis.mobility`).
        """
        moves = smooth_step(mobility, *MOBILE)
        lips = smooth_step(mean_face[:, 1], *LOWER_FACE)
        lids = mean_face[[*LEFT_EYE, *RIGHT_EYE]]
        distance = np.linalg.norm(mean_face[:, None, :2] - lids[None, :, :2], axis=-1).min(axis=1)
        eyes = (1.0 - smooth_step(distance, *EYE_SKIN)) * (1.0 - lips)
        inside = [*LEFT_EYE, *RIGHT_EYE, *IRISES]
        lips[inside], eyes[inside] = 0.0, 1.0
        brows = 1.0 - lips - eyes
        middle = mean_face[[13, 14], :2].mean(axis=0)
        mouth = np.exp(-((mean_face[:, :2] - middle) ** 2).sum(axis=1) / (2 * MOUTH_REACH**2))
        return cls((lips * moves)[:, None], (brows * moves)[:, None], eyes[:, None], mouth[:, None])


def open_shape(aperture: Aperture, mean_face: Array) -> Array:
    """(n,) gaps of an aperture that is open in the mean face (478, 3), pair by pair, where `Aperture.openness` is 1."""
    shape: Array = aperture.gaps(mean_face) / (aperture.openness(mean_face) * aperture.width(mean_face))
    return shape


def neighbour_average(mean_face: Array, deviation: float = 0.05) -> Array:
    """(478, 478) rows of Gaussian weights by distance on the face that add to 1."""
    squared = ((mean_face[:, None] - mean_face[None]) ** 2).sum(axis=-1)
    weights = np.exp(-squared / (2 * deviation**2))
    averaged: Array = weights / weights.sum(axis=1, keepdims=True)
    return averaged


@functools.cache
def region_weights() -> RegionWeights:
    """The weights for landmarks in MediaPipe's order, laid out on the packaged mean face."""
    basis = load_expressions()
    return RegionWeights.for_face(basis.mean_face, basis.mobility)
