"""Who drives across cuts: the same face goes on within a take, and is chosen anew in the next one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from monalive.faces.driver_follower import DriverFollower, place_of_driver
from monalive.faces.expressions import load_expressions
from monalive.faces.level_crop import level_region

STUDIO, STREET, DARK = 90, 180, 0
FRAME_MS = 40.0
Person = tuple[int, int, float]  # x and y of the face's centre, and how far its jaw is open
LEFT, RIGHT, LARGE_RIGHT = (60, 100), (200, 100), (200, 101)


class _ScriptedTracker:
    """Finds the faces that a picture's number names."""

    def __init__(self, frames: list[tuple[int, list[Person]]]) -> None:
        self._people = [people for _, people in frames]

    def look_at(self, image: NDArray[np.uint8], regions: list[Any]) -> list[SimpleNamespace]:
        near = [face for face in self.search(image, thorough=False) if any(_is_near(face, place) for place in regions)]
        return near

    def search(self, image: NDArray[np.uint8], *, thorough: bool, known: object = ()) -> list[SimpleNamespace]:
        return [_face(person) for person in self._people[image[0, 0, 0]]]


def _face(person: Person) -> SimpleNamespace:
    x, y, jaw = person
    scale = 14.0 if (x, y) == LARGE_RIGHT else 10.0
    landmarks = (load_expressions().face({"jawOpen": jaw}) * scale + [x, y, 0]).astype(np.float32)
    return SimpleNamespace(landmarks=landmarks, box=(*landmarks[:, :2].min(axis=0), *landmarks[:, :2].max(axis=0)))


def _is_near(face: SimpleNamespace, place: Any) -> bool:
    here = level_region(face.landmarks)
    return bool(np.hypot(here.x - place.x, here.y - place.y) < place.side / 2)


def _video(frames: list[tuple[int, list[Person]]]) -> list[tuple[float, NDArray[np.uint8]]]:
    pictures = [np.full((200, 300, 3), level, np.uint8) for level, _ in frames]
    for index, picture in enumerate(pictures):
        picture[0, 0, 0] = index
    return [(index * FRAME_MS, picture) for index, picture in enumerate(pictures)]


def _followed(frames: list[tuple[int, list[Person]]], which: Any = "auto") -> list[tuple[int | None, bool]]:
    """Where the driver's face is (x, rounded to tens) and whether another one began to drive, per frame."""
    follower = DriverFollower(_ScriptedTracker(frames), which)  # type: ignore[arg-type]
    made: list[tuple[int | None, bool]] = []
    for time, picture in _video(frames):
        face = follower.track(picture, time)
        place = None if face is None else round(level_region(face.landmarks).x / 10) * 10
        made.append((place, follower.changed))
    return made


def _talking(at: tuple[int, int], count: int) -> list[Person]:
    return [(*at, 0.3 * (index % 2)) for index in range(count)]


def test_after_a_cut_the_face_that_is_there_drives_at_once() -> None:
    before = [(STUDIO, [person]) for person in _talking(LEFT, 4)]
    after = [(STREET, [person]) for person in _talking(RIGHT, 4)]
    assert _followed([*before, *after]) == [(60, False)] * 4 + [(200, True)] + [(200, False)] * 3


def test_it_tells_when_the_picture_becomes_another_one() -> None:
    levels = [STUDIO, STUDIO, STREET, STREET, DARK]
    follower = DriverFollower(_ScriptedTracker([(level, []) for level in levels]))  # type: ignore[arg-type]
    told = []
    for time, picture in _video([(level, []) for level in levels]):
        follower.track(picture, time)
        told.append(follower.other_picture)
    assert told == [False, False, True, False, True]
    smaller = np.full((100, 150, 3), 250, np.uint8)
    smaller[0, 0, 0] = 0  # the number that the scripted tracker reads
    follower.track(smaller, 300.0)
    assert follower.other_picture


def test_without_a_cut_another_face_does_not_take_over() -> None:
    frames = [(STUDIO, [person]) for person in _talking(LEFT, 4)] + [(STUDIO, [(*LARGE_RIGHT, 0.0)])] * 10
    assert _followed(frames) == [(60, False)] * 4 + [(None, False)] * 10


def test_a_covered_lens_or_a_flash_is_no_cut() -> None:
    together: list[Person] = [(*LEFT, 0.1), (*LARGE_RIGHT, 0.0)]
    frames = [(STUDIO, together)] * 3 + [(DARK, [])] * 3 + [(STUDIO, together)] * 3 + [(STREET, together)] * 2
    assert _followed(frames, 0) == [(60, False)] * 3 + [(None, False)] * 3 + [(60, False)] * 5


def test_what_was_asked_for_holds_after_a_cut_too() -> None:
    frames = [(STUDIO, [(*LEFT, 0.0), (*LARGE_RIGHT, 0.0)])] * 3 + [(STREET, [(130, 100, 0.0), (260, 100, 0.0)])] * 2
    assert [place for place, _ in _followed(frames, 0)] == [60] * 3 + [130] * 2
    assert [place for place, _ in _followed(frames, 1)] == [200] * 3 + [260] * 2


def test_the_look_ahead_ends_at_a_cut() -> None:
    frames = [(STUDIO, [person]) for person in _talking(LEFT, 4)] + [(STREET, [(*RIGHT, 0.0)])] * 4
    place = place_of_driver(_video(frames), _ScriptedTracker(frames))  # type: ignore[arg-type]
    assert place is not None and place.x == pytest.approx(60, abs=5)
    follower = DriverFollower(_ScriptedTracker(frames), "largest", place)  # type: ignore[arg-type]
    seen = [follower.track(picture, time) for time, picture in _video(frames)]
    assert all(face is not None for face in seen) and not follower.in_first_take
