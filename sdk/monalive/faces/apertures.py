"""The openings of the face, eyelids and inner lips: how far open they are, and closing or opening them.

All of it works on points in the head's own frame (x right, y down in an upright face looking at the camera).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monalive.faces.landmarks import (
    IRISES,
    LEFT_EYE_CORNERS,
    LEFT_LID_PAIRS,
    LIP_PAIRS,
    MOUTH_CORNERS,
    RIGHT_EYE_CORNERS,
    RIGHT_LID_PAIRS,
)

Array = NDArray[np.float64]
# How far the skin around an aperture follows its edge, in outer-eye-corner distances (standard deviation).
LID_REACH = (0.05, 0.04)  # above, below
LIP_REACH = (0.08, 0.25)  # the lower lip takes the chin with it
# The part of a closing that the upper edge does: eyelids close from above; the jaw moves, the upper lip
# hardly.
LID_UPPER_SHARE, LIP_UPPER_SHARE = 0.8, 0.35


@dataclass(frozen=True)
class Aperture:
    """Two edges that meet, and the skin that follows them.

    Attributes:
        upper, lower: (n,) indices of the points that meet, pair by pair.
        corners: indices of the two ends.
        upper_share: the part of a movement that the upper edge does, [0, 1].
        upper_field, lower_field: (N, n) how far each landmark follows each point of an edge, [0, 1]; the
            edge's own points follow themselves entirely.
    """

    upper: NDArray[np.intp]
    lower: NDArray[np.intp]
    corners: tuple[int, int]
    upper_share: float
    upper_field: Array
    lower_field: Array

    def gaps(self, points: Array) -> Array:
        """(n,) opening of each pair: positive where open, negative where the edges have passed each other."""
        gaps: Array = points[self.lower, 1] - points[self.upper, 1]
        return gaps

    def width(self, points: Array) -> float:
        """Distance between the corners."""
        return float(np.linalg.norm(points[self.corners[0]] - points[self.corners[1]]))

    def openness(self, points: Array) -> float:
        """Opening of the middle three pairs over the width: about 0.3 for open eyes, 0 or slightly less when
        closed.
        """
        middle = len(self.upper) // 2
        return float(self.gaps(points)[middle - 1 : middle + 2].mean()) / self.width(points)

    def add_to_gaps(self, points: Array, amounts: ArrayLike) -> Array:
        """Points (N, 3) with the gaps made larger by (n,) amounts, along y. A new array."""
        change = np.zeros((len(self.upper), 3))
        change[:, 1] = amounts
        return self._move(points, change)

    def separate(self, points: Array) -> Array:
        """Points with edges that have passed each other brought back to where they meet. A new array."""
        return self.add_to_gaps(points, np.maximum(-self.gaps(points), 0.0))

    def _move(self, points: Array, change: Array) -> Array:
        up, down = -self.upper_share * change, (1.0 - self.upper_share) * change  # (n, 3)
        return points + self.upper_field @ up + self.lower_field @ down


@dataclass(frozen=True)
class FaceApertures:
    """The three apertures of a face, for landmarks in MediaPipe's order."""

    right_eye: Aperture
    left_eye: Aperture
    mouth: Aperture

    @property
    def eyes(self) -> tuple[Aperture, Aperture]:
        return self.right_eye, self.left_eye

    @classmethod
    def for_face(cls, mean_face: Array) -> FaceApertures:
        """Apertures whose fields are laid out on `mean_face` (478, 3), outer eye corners 1 apart, eyes
        open.
        """
        return cls(
            _aperture(mean_face, RIGHT_LID_PAIRS, RIGHT_EYE_CORNERS, LID_UPPER_SHARE, LID_REACH),
            _aperture(mean_face, LEFT_LID_PAIRS, LEFT_EYE_CORNERS, LID_UPPER_SHARE, LID_REACH),
            _aperture(mean_face, LIP_PAIRS, MOUTH_CORNERS, LIP_UPPER_SHARE, LIP_REACH),
        )


def _aperture(
    face: Array,
    pairs: tuple[tuple[int, int], ...],
    corners: tuple[int, int],
    upper_share: float,
    reach: tuple[float, float],
) -> Aperture:
    upper, lower = (np.array(column, np.intp) for column in zip(*pairs, strict=True))
    middle = (face[upper] + face[lower]) / 2
    line = np.concatenate([middle, face[list(corners)]])
    line = line[np.argsort(line[:, 0])]
    above = np.interp(face[:, 0], line[:, 0], line[:, 1]) - face[:, 1]  # (N,) positive above the closed edge
    still = (*IRISES, *corners)
    fields = []
    for edge, side, deviation in ((upper, above, reach[0]), (lower, -above, reach[1])):
        squared = ((face[:, None, :2] - face[None, edge, :2]) ** 2).sum(axis=-1)  # (N, n)
        spacing = float(np.median(np.linalg.norm(np.diff(face[edge, :2], axis=0), axis=-1)))
        shares = np.exp(-(squared - squared.min(axis=1, keepdims=True)) / (2 * spacing**2))
        shares /= shares.sum(axis=1, keepdims=True)
        follow = np.exp(-squared.min(axis=1) / (2 * deviation**2)) * np.clip(side / (0.25 * spacing), 0.0, 1.0)
        follow[follow < 0.01] = 0.0
        field = shares * follow[:, None]
        field[[*still, *upper, *lower]] = 0.0
        field[edge, np.arange(len(edge))] = 1.0
        fields.append(field)
    return Aperture(upper, lower, corners, upper_share, fields[0], fields[1])
