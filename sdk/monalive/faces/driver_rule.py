"""Which of the faces in a video drives: chosen at the start, then kept by place, size and shape.

The rule is the same in all bindings; `tests/golden/bindings/driver.json` holds them together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from monalive.faces.level_crop import level_landmarks, level_region
from monalive.faces.rotated_square import RotatedSquare

DriverFace = Literal["auto", "largest", "moving"] | int | RotatedSquare

# A face is the same as before if its centre is nearer than so many sides of its region, and its size within a factor.
REACH: Final = 0.5
MAX_GROWTH: Final = 1.6
# What its shape counts beside that: mean distance of landmarks in their level region that weighs as much as the reach.
SHAPE_SCALE: Final = 0.1
# A face that is gone for longer may be followed by another one, if that one moves.
MAX_GAP_MS: Final = 2000.0
# Who drives is chosen after so long.
WATCH_MS: Final = 1000.0
# A face moves when its shape in its level region has changed by so much (mean over landmarks; a still picture of one in
# a compressed video: 0.001), and by this share of what the face that moves most does.
MOVES: Final = 0.004
MOVES_SHARE: Final = 0.2
# How much less a face counts at the picture's edge.
OFF_CENTRE: Final = 2.0


@dataclass
class _Seen:
    """A face that was seen: where and how at first and last, and the most that its shape has changed."""

    first_shape: NDArray[np.float32]
    shape: NDArray[np.float32]
    first_place: RotatedSquare
    place: RotatedSquare
    time_ms: float
    moved: float = 0.0

    def update(self, landmarks: NDArray[np.float32], time_ms: float) -> None:
        self.place, self.shape, self.time_ms = level_region(landmarks), level_landmarks(landmarks), time_ms
        self.moved = max(self.moved, _shape_distance(self.shape, self.first_shape))


class DriverRule:
    """Call it with the faces of each frame; it says which of them drives.

    Args:
        which: "largest", a number counted from the left from 0 (of the first frame that shows so many), "moving" (the
            one whose shape changes most in the first second), or "auto": large, central, and moving. Or a place: the
            face there.

    Raises:
        ValueError: another `which`.
    """

    def __init__(self, which: DriverFace = "auto") -> None:
        self._which = checked_driver_face(which)
        self.reset()

    def reset(self) -> None:
        """Forgets the video."""
        self._faces: list[_Seen] = []
        self._driver: _Seen | None = None
        self._start_ms = math.inf
        self._final = False
        self.changed = False
        """Whether the driver of the last frame is not the one of the frame before it."""

    @property
    def places(self) -> list[RotatedSquare]:
        """Where to look for the faces in question in the next frame, the driver's first."""
        return [face.place for face in self._in_question()]

    @property
    def first_place(self) -> RotatedSquare | None:
        """Where the driver was seen first."""
        return None if self._driver is None else self._driver.first_place

    def is_open(self, time_ms: float) -> bool:
        """Whether another face may still become the driver, so that it pays to look for more."""
        return not self._final or self._is_gone(time_ms)

    def recognises(self, landmarks: NDArray[np.float32]) -> bool:
        """Whether this may be the driver's face, moved on from the frame before."""
        return self._driver is not None and _unlikeness(self._driver, landmarks) is not None

    def __call__(
        self, faces: Sequence[NDArray[np.float32]], time_ms: float, picture_size: tuple[int, int]
    ) -> int | None:
        """The driver among the faces of the next frame.

        Args:
            faces: landmarks (478, 3) of each in picture pixels.
            time_ms: of the frame; it increases.
            picture_size: width and height.

        Returns:
            Its index, or None: it is not among them.
        """
        before = self._driver
        self._start_ms = min(self._start_ms, time_ms) if faces else self._start_ms
        owners = self._match(faces, time_ms)
        if self._driver is None:
            self._driver = self._choose(owners, picture_size)
            self._final = self._driver is not None and self._which not in ("auto", "moving")
        elif self.is_open(time_ms):
            self._review(time_ms, picture_size)
        self.changed = before is not None and self._driver is not before
        return next((index for index, face in enumerate(owners) if face is self._driver), None)

    def decide(self, picture_size: tuple[int, int]) -> None:
        """Chooses with what was seen until now: the video is over."""
        if self._driver is not None and not self._final:
            self._review(self._start_ms + WATCH_MS, picture_size)

    def _in_question(self) -> list[_Seen]:
        others = [face for face in self._faces if face is not self._driver]
        return others if self._driver is None else [self._driver, *others]

    def _is_gone(self, time_ms: float) -> bool:
        return self._driver is not None and time_ms - self._driver.time_ms > MAX_GAP_MS

    def _match(self, faces: Sequence[NDArray[np.float32]], time_ms: float) -> list[_Seen | None]:
        """Who each face was in the frames before; new ones are remembered while they may become the driver."""
        owners: list[_Seen | None] = [None] * len(faces)
        for seen in self._in_question():
            costs = [
                (cost, index)
                for index, landmarks in enumerate(faces)
                if owners[index] is None and (cost := _unlikeness(seen, landmarks)) is not None
            ]
            if costs:
                index = min(costs)[1]
                owners[index] = seen
                seen.update(faces[index], time_ms)
        if self.is_open(time_ms):
            for index, landmarks in enumerate(faces):
                if owners[index] is None:
                    shape, place = level_landmarks(landmarks), level_region(landmarks)
                    owners[index] = _Seen(shape, shape, place, place, time_ms)
            new = [face for face in owners if face is not None and not any(face is known for known in self._faces)]
            recent = [face for face in self._faces if time_ms - face.time_ms <= MAX_GAP_MS or face is self._driver]
            self._faces = recent + new
        elif self._driver is not None:
            self._faces = [self._driver]
        return owners

    def _choose(self, owners: Sequence[_Seen | None], picture_size: tuple[int, int]) -> _Seen | None:
        """The first driver; None while nobody is there whom `which` means."""
        there = [face for face in owners if face is not None]
        if not there:
            return None
        if isinstance(self._which, RotatedSquare):
            near = [(_distance(self._which, face.place), index) for index, face in enumerate(there)]
            reached = [(cost, index) for cost, index in near if cost is not None]
            return there[min(reached)[1]] if reached else None
        if self._which == "largest":
            return max(there, key=lambda face: face.place.side)
        if isinstance(self._which, int):
            there.sort(key=lambda face: face.place.x)
            return there[self._which] if self._which < len(there) else None
        return max(there, key=lambda face: _standing(face, picture_size))

    def _review(self, time_ms: float, picture_size: tuple[int, int]) -> None:
        """Gives way to a face that moves where the driver does not, or has been gone for long."""
        assert self._driver is not None
        gone = self._is_gone(time_ms)
        least = max(MOVES, MOVES_SHARE * max(face.moved for face in self._faces))
        moving = [face for face in self._faces if face.moved >= least and not (gone and face is self._driver)]
        alone = len(self._faces) == 1
        if not moving or not (alone or gone or time_ms - self._start_ms >= WATCH_MS):
            return
        if self._which == "moving":
            self._driver = max(moving, key=lambda face: face.moved)
        elif gone or self._driver.moved < least:
            self._driver = max(moving, key=lambda face: _standing(face, picture_size))
        self._final = True


def checked_driver_face(which: DriverFace) -> DriverFace:
    """The choice itself.

    Raises:
        ValueError: it is none.
    """
    number = isinstance(which, int) and not isinstance(which, bool) and which >= 0
    if which in ("auto", "largest", "moving") or number or isinstance(which, RotatedSquare):
        return which
    raise ValueError(
        f'the driving face must be "auto", "largest", "moving" or a number counted from the left from 0, not {which!r}'
    )


def _unlikeness(seen: _Seen, landmarks: NDArray[np.float32]) -> float | None:
    """How far a face is from one that was seen; None where it cannot be the same."""
    distance = _distance(seen.place, level_region(landmarks))
    if distance is None:
        return None
    return distance + _shape_distance(seen.shape, level_landmarks(landmarks)) / SHAPE_SCALE


def _distance(before: RotatedSquare, now: RotatedSquare) -> float | None:
    """How far a place is from another one in position and size, each at most 1; None where it is further."""
    apart = math.hypot(now.x - before.x, now.y - before.y) / (REACH * before.side)
    growth = abs(math.log(now.side / before.side)) / math.log(MAX_GROWTH)
    return apart + growth if max(apart, growth) <= 1.0 else None


def _shape_distance(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    return float(np.hypot(*(first - second).T).mean())


def _standing(face: _Seen, picture_size: tuple[int, int]) -> float:
    """How much a face counts by its size and its place in the picture."""
    width, height = picture_size
    off = math.hypot(face.place.x - width / 2, face.place.y - height / 2) / (max(width, height) / 2)
    return face.place.side / (1.0 + OFF_CENTRE * off)
