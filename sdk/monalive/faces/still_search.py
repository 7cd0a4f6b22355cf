"""All faces of a still picture, however small, many or turned."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive.faces.closer_looks import QUARTER_TURNS, TILES_PER_SIDE, tile_looks, whole_looks
from monalive.faces.rotated_square import RotatedSquare, whole_picture
from monalive.faces.tracker_interface import FaceDetector

# Read where the detector saw a face: landmarks, presence, the region they ask for, and how unsettled they are.
Read = Callable[[RotatedSquare], tuple[NDArray[np.float32], float, RotatedSquare, float]]

# How far a face may be turned within the look that shows it (radians); the next quarter turn shows it better.
MAX_ROLL: Final = np.deg2rad(60.0)
# Detector's score and log-odds of presence together tell faces from what only looks like one.
LOG_ODDS_SHARE: Final = 1 / 8
MAX_LOG_ODDS: Final = 8.0
SURE: Final = 1.18
# How unsettled a face is at least, as this costs it; less is not counted on.
LEAST_COSTS: Final = 0.1
# What is no face does not settle: each look asks for another region (this much less sure for each unit of `unsettled`).
UNSETTLED_COSTS: Final = 4.0
# A face that does not stand upright, in a picture that does, has to be surer by so much.
LYING: Final = 0.3
# An upright face that is surer by so much leaves no doubt which way up the picture is; what misleads in turned photos
# is surer by 0.15 at most.
NO_DOUBT: Final = 0.4
# Two readings nearer than so many sides of the larger region mean the same face; faces cheek to cheek are 0.4 apart.
SAME_PLACE: Final = 0.35
# The largest region that a tile may show, in sides of the tile: larger faces are seen whole elsewhere.
LARGEST_IN_TILE: Final = 0.75


@dataclass(frozen=True)
class Reading:
    """What the landmark network reads where the detector saw a face, and how sure both are of it together."""

    landmarks: NDArray[np.float32]
    presence: float
    region: RotatedSquare
    sureness: float

    def margin(self, turn: int) -> float:
        """By how much it is sure enough in a picture that was turned by so many quarter turns; below 0 it is not."""
        lies = abs(_wrapped(self.region.angle - turn * math.pi / 2)) > MAX_ROLL
        return self.sureness - SURE - (LYING if lies else 0.0)

    @property
    def leaves_no_doubt(self) -> bool:
        """Whether it tells without a look at the turned picture that this is upright."""
        return self.margin(0) >= NO_DOUBT and abs(self.region.angle) <= MAX_ROLL

    def is_surer_than(self, score: float) -> bool:
        """Whether no reading where the detector gives this score can be surer."""
        return self.margin(0) + SURE >= score + LOG_ODDS_SHARE * MAX_LOG_ODDS - LEAST_COSTS

    def is_at(self, place: RotatedSquare) -> bool:
        """Whether another region means the same face."""
        apart = math.hypot(self.region.x - place.x, self.region.y - place.y)
        return apart < SAME_PLACE * max(self.region.side, place.side)


def find_faces(
    image: NDArray[np.uint8],
    detector: FaceDetector,
    read: Read,
    *,
    tile_turns: Sequence[int] = QUARTER_TURNS,
    largest_only: bool = False,
) -> list[Reading]:
    """All faces of a picture, the surest first among those of one size of look.

    The whole picture is looked at in all four quarter turns; the surest face tells which way up it is. Then tiles of a
    half and a quarter of its longer side are looked at that way up, for small faces.

    Args:
        image: (H, W, 3) uint8 RGB.
        detector: finds candidates.
        read: reads them.
        tile_turns: how tiles are turned where the whole picture showed no face.
        largest_only: leave out tiles that could only show faces smaller than one that is found, and turned looks where
            such a one is upright without a doubt.
    """
    whole = whole_picture(image).side
    seen = _seen(image, detector, read, whole_looks(image, QUARTER_TURNS[:1]), [])
    large = LARGEST_IN_TILE * whole / TILES_PER_SIDE[0]
    if largest_only and any(reading.leaves_no_doubt and reading.region.side >= large for reading in seen):
        return _distinct(seen, 0, [])
    seen += _seen(image, detector, read, whole_looks(image, QUARTER_TURNS[1:]), [], before=seen)
    surest = max(seen, key=lambda reading: reading.margin(0), default=None)
    turn = 0 if surest is None or surest.margin(0) < 0 else round(surest.region.angle / (math.pi / 2)) % 4
    faces = _distinct(seen, turn, [])
    turns = [turn] if faces else tile_turns
    for parts in TILES_PER_SIDE:
        largest = max((face.region.side for face in faces), default=0.0)
        if largest_only and largest >= LARGEST_IN_TILE * whole / parts:
            break
        looks = tile_looks(image, parts, turns)
        seen = _seen(image, detector, read, looks, faces, LARGEST_IN_TILE)
        faces = _distinct(seen, turn, faces)
    return faces


def is_sure(score: float, presence: float, restless: float) -> bool:
    """Whether score, presence and how unsettled a reading is together suffice for a face that stands upright."""
    return _sureness(score, presence, restless) >= SURE


def unsettled(region: RotatedSquare, asked: RotatedSquare) -> float:
    """How far landmarks read in a region ask for another one: in size (logarithm), place (sides) and roll (radians)."""
    apart = math.hypot(asked.x - region.x, asked.y - region.y) / region.side
    return abs(math.log(asked.side / region.side)) + apart + abs(_wrapped(asked.angle - region.angle))


def _sureness(score: float, presence: float, restless: float) -> float:
    odds = presence / max(1.0 - presence, 1e-9)
    sure = LOG_ODDS_SHARE * float(np.clip(math.log(max(odds, 1e-9)), -MAX_LOG_ODDS, MAX_LOG_ODDS))
    return score + sure - UNSETTLED_COSTS * restless


def _seen(
    image: NDArray[np.uint8],
    detector: FaceDetector,
    read: Read,
    looks: Iterable[RotatedSquare],
    faces: Sequence[Reading],
    largest: float = math.inf,
    *,
    before: Sequence[Reading] = (),
) -> list[Reading]:
    """What is read where the looks show something upright that is not one of the faces.

    Where something is read already, only what may be surer is read once more.

    Args:
        image, detector, read: see `find_faces`.
        looks: where to look.
        faces: those known.
        largest: the largest region taken, in sides of the look.
        before: what was read in other looks.
    """
    seen: list[Reading] = []
    for look in looks:
        for found in detector.detect(image, look):
            upright = abs(_wrapped(found.roi.angle - look.angle)) <= MAX_ROLL
            if not upright or found.roi.side > largest * look.side or any(face.is_at(found.roi) for face in faces):
                continue
            if any(reading.is_at(found.roi) and reading.is_surer_than(found.score) for reading in (*before, *seen)):
                continue
            landmarks, presence, region, restless = read(found.roi)
            seen.append(Reading(landmarks, presence, region, _sureness(found.score, presence, restless)))
    return seen


def _distinct(seen: Sequence[Reading], turn: int, faces: Sequence[Reading]) -> list[Reading]:
    """The known faces, and of those seen the sure ones, each once: as the surest reading has it."""
    kept = list(faces)
    for reading in sorted(seen, key=lambda reading: -reading.margin(turn)):
        if reading.margin(turn) >= 0 and not any(face.is_at(reading.region) for face in kept):
            kept.append(reading)
    return kept


def _wrapped(angle: float) -> float:
    return math.atan2(math.sin(angle), math.cos(angle))
