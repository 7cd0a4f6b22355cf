"""Faces that a smooth warp gives other expressions and other proportions, and their landmarks with them.

There are few people in the data, who mostly look ahead: a network learns from them how faces usually are, not to look.
A warp gives every face gazes and brows that its person never showed, and every person the proportions of others, so
that a network cannot know people by heart. The labels stay exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.landmarks import (
    IRIS_CENTRES,
    LEFT_BROW,
    LEFT_EYE_CORNERS,
    LEFT_LID_PAIRS,
    LIP_PAIRS,
    MOUTH_CORNERS,
    NOSE,
    RIGHT_BROW,
    RIGHT_EYE_CORNERS,
    RIGHT_LID_PAIRS,
)

# Where irises go, in eye widths beside and below the middle of the eye, and how far they are moved at most.
GAZES, MOST_MOVED = (0.3, 0.13), (0.2, 0.1)
# How far features move (standard deviations), in outer-eye-corner distances.
BROWS, LIDS, CORNERS, LIPS = 0.03, 0.012, 0.028, 0.02
_BROW_REACH, _LID_REACH, _LIP_REACH = 0.095, 0.055, 0.1
# Proportions (standard deviations): how much wider or higher the whole face is, how far it leans, and how far places
# all over it move, in outer-eye-corner distances; each takes along what is up to so far away.
STRETCH, LEAN, BULGES = 0.06, 0.02, 0.04
_BULGE_COUNT, _BULGE_REACH = 7, (0.5, 1.1)
# An iris moves as a whole: eye widths from its middle up to which all of it moves, and from which on nothing does.
_WHOLE, _STILL = (0.22, 0.16), (0.52, 0.42)
_CELL = 2  # pixels of the picture per place at which the warp is computed


class _Movement(Protocol):
    """A part of a warp."""

    def displacement(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(..., 2) places to (..., 2), how far each of them moves; pixels."""


class _Stretch(NamedTuple):
    """All is stretched around a place that stays."""

    place: NDArray[np.float64]  # (2,)
    matrix: NDArray[np.float64]  # (2, 2)

    def displacement(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((points - self.place) @ self.matrix, np.float64)


class _Mover(NamedTuple):
    """A place that moves and takes along what is near it."""

    place: NDArray[np.float64]  # (2,)
    shift: NDArray[np.float64]  # (2,)
    axes: NDArray[np.float64]  # (2, 2): rows are units across and down
    whole: tuple[float, float]
    still: tuple[float, float]

    def displacement(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        away = np.abs((points - self.place) @ self.axes.T)
        part = np.clip((np.array(self.still) - away) / (np.array(self.still) - np.array(self.whole)), 0, 1)
        share = np.prod(part * part * (3 - 2 * part), axis=-1, keepdims=True)
        return np.asarray(share * self.shift, np.float64)


def warp_face(
    rng: np.random.Generator,
    image: NDArray[np.uint8],
    landmarks: NDArray[np.floating],
    *,
    expression: bool = True,
    proportions: bool = False,
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A copy of a face that looks elsewhere, or has other proportions.

    Args:
        rng: where chance comes from.
        image: (H, W, 3) uint8 RGB.
        landmarks: (478, 2 or 3) its pixels.
        expression: gaze, brows, lids and lips change.
        proportions: the face becomes wider or narrower, longer or shorter, its parts larger or smaller.

    Returns:
        The picture, and its landmarks; depths stay.
    """
    movements: list[_Movement] = []
    if expression:
        movements += [*_gaze(rng, landmarks), *_features(rng, landmarks)]
    if proportions:
        movements += _proportions(rng, landmarks)
    height, width = image.shape[:2]
    columns, rows = (np.arange(length // _CELL) * _CELL + _CELL / 2 for length in (width, height))
    places = np.stack(np.meshgrid(columns, rows), -1)
    moved = _displacements(movements, places).astype(np.float32)
    # Where the pixel that arrives here comes from: a few steps of a fixed-point iteration.
    grid = ((places - _CELL / 2) / _CELL).astype(np.float32)
    back = moved
    for _ in range(3):
        back = _read(moved, grid - back / np.float32(_CELL))
    back = np.asarray(cv2.resize(back, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    pixels = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(np.float32)
    made = _read(image, pixels - back)
    points = np.array(landmarks, np.float32)
    points[:, :2] += _displacements(movements, np.asarray(landmarks[:, :2], np.float64))
    return np.asarray(made, np.uint8), points


def _read(values: NDArray[Any], places: NDArray[np.float32]) -> NDArray[Any]:
    """Values at places (H, W, 2), pixels from the middle of the first; the border repeats."""
    x, y = places[..., 0], places[..., 1]
    return np.asarray(cv2.remap(values, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _displacements(movements: Sequence[_Movement], points: NDArray[np.float64]) -> NDArray[np.float64]:
    total = np.zeros_like(points)
    for movement in movements:
        total += movement.displacement(points)
    return total


def _gaze(rng: np.random.Generator, landmarks: NDArray[np.floating]) -> list[_Mover]:
    wanted = rng.uniform(-1, 1, 2) * GAZES
    found = []
    # From the person's right to left: the right eye's outer corner comes first, the left one's last.
    for iris, corners in zip(IRIS_CENTRES, (RIGHT_EYE_CORNERS, LEFT_EYE_CORNERS[::-1]), strict=True):
        one, other = np.asarray(landmarks[list(corners), :2], np.float64)
        axes, width = _axes(one, other)
        place = np.asarray(landmarks[iris, :2], np.float64)
        gaze = axes @ (place - (one + other) / 2) / width
        shift = np.clip(wanted - gaze, np.negative(MOST_MOVED), MOST_MOVED) * width
        found.append(_Mover(place, shift @ axes, axes / width, _WHOLE, _STILL))
    return found


def _features(rng: np.random.Generator, landmarks: NDArray[np.floating]) -> list[_Mover]:
    points = np.asarray(landmarks[:, :2], np.float64)
    axes, size = _axes(points[RIGHT_EYE_CORNERS[0]], points[LEFT_EYE_CORNERS[0]])
    found = []

    def move(place: NDArray[np.float64], spread: tuple[float, float], reach: float) -> None:
        shift = np.clip(rng.normal(0, 1, 2), -2, 2) * spread * size
        found.append(_Mover(place, shift @ axes, axes / size, (0, 0), (reach * 2.2, reach * 2.2)))

    for brow in (RIGHT_BROW, LEFT_BROW):
        for part in (brow[:2], brow[-2:]):
            move(points[list(part)].mean(0), (BROWS / 3, BROWS), _BROW_REACH)
    for pairs in (RIGHT_LID_PAIRS, LEFT_LID_PAIRS):
        for lid in pairs[len(pairs) // 2]:
            move(points[lid], (0.0, LIDS), _LID_REACH)
    for corner in MOUTH_CORNERS:
        move(points[corner], (CORNERS, CORNERS), _LIP_REACH)
    for lip in LIP_PAIRS[len(LIP_PAIRS) // 2]:
        move(points[lip], (LIPS / 2, LIPS), _LIP_REACH)
    return found


def _proportions(rng: np.random.Generator, landmarks: NDArray[np.floating]) -> list[_Movement]:
    points = np.asarray(landmarks[:, :2], np.float64)
    axes, size = _axes(points[RIGHT_EYE_CORNERS[0]], points[LEFT_EYE_CORNERS[0]])

    def spread(deviation: float | tuple[float, ...], shape: int | tuple[int, ...] = ()) -> NDArray[np.float64]:
        return np.asarray(np.clip(rng.normal(0, 1, shape), -2, 2) * deviation, np.float64)

    wider, higher = spread(STRETCH, 2)
    stretch = axes.T @ np.array([[wider, 0.0], [float(spread(LEAN)), higher]]) @ axes
    found: list[_Movement] = [_Stretch(points[NOSE[0]], stretch)]
    for index in rng.integers(len(points), size=_BULGE_COUNT):
        reach = rng.uniform(*_BULGE_REACH)
        found.append(_Mover(points[index], spread(BULGES, 2) * size, axes / size, (0, 0), (reach, reach)))
    return found


def _axes(one: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """(2, 2), whose rows are units from one place (2,) towards another and at right angles, down; how far apart they
    are, at least 1."""
    apart = max(float(np.linalg.norm(other - one)), 1.0)
    across = (other - one) / apart
    return np.stack((across, np.array([-across[1], across[0]]))), apart
