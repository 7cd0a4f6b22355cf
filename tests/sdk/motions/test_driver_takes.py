"""What each take of a driver is counted from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from monalive.faces.expressions import load_expressions
from monalive.motions.driver_takes import DriverFrame, Reference, TimedFrame, checked_reference, with_references

BASIS = load_expressions()
SIZE = (512, 512)


def _frame(jaw: float | None, *, cut: bool = False) -> DriverFrame:
    """A face whose jaw is open by so much; None: no face."""
    if jaw is None:
        return DriverFrame(None, SIZE)
    return DriverFrame((BASIS.face({"jawOpen": jaw}) * 100 + 200).astype(np.float32), SIZE, cut)


def _timed(frames: list[DriverFrame], step_ms: float = 100.0) -> list[TimedFrame]:
    return [(index * step_ms, frame) for index, frame in enumerate(frames)]


def _references(frames: list[TimedFrame], reference: Reference) -> dict[int, int]:
    """By the frame that a take begins with: the number of the frame that it is counted from."""
    made = list(with_references(frames, reference))
    assert [(time, frame) for time, frame, _ in made] == frames

    def number(face: NDArray[np.float32]) -> int:
        return next(index for index, (_, frame) in enumerate(frames) if frame.landmarks is face)

    return {index: number(face) for index, (_, _, face) in enumerate(made) if face is not None}


def test_the_most_neutral_frame_of_the_first_seconds() -> None:
    frames = [_frame(0.3), _frame(0.2), _frame(0.0), _frame(0.3)]
    assert _references(_timed(frames), "neutral") == {0: 2}
    assert _references(_timed(frames), "first") == {0: 0}
    assert _references(_timed(frames, 2000.0), "neutral") == {0: 1}  # the shut mouth comes after four seconds
    assert _references(_timed(frames), 3) == {0: 3}


def test_a_take_begins_with_its_first_face() -> None:
    frames = [_frame(None), _frame(0.3), _frame(None), _frame(0.0), _frame(None)]
    assert _references(_timed(frames), "neutral") == {1: 3}
    assert _references(_timed(frames), "first") == {1: 1}
    assert _references(_timed([_frame(None)] * 3), "neutral") == {}
    assert _references([], "neutral") == {}


def test_every_take_has_its_own() -> None:
    frames = [_frame(0.4), _frame(0.2), _frame(0.3, cut=True), _frame(0.1), _frame(0.0), _frame(0.4, cut=True)]
    assert _references(_timed(frames), "neutral") == {0: 1, 2: 4, 5: 5}
    assert _references(_timed(frames), "first") == {0: 0, 2: 2, 5: 5}
    assert _references(_timed(frames), 3) == {0: 1, 2: 3, 5: 5}  # the others as if nothing had been asked for


def test_a_frame_shown_longer_does_not_begin_again() -> None:
    first, second = _frame(0.2), _frame(0.1, cut=True)
    frames = [(0.0, first), (40.0, first), (80.0, second), (120.0, second)]
    faces = [face for *_, face in with_references(frames, "first")]
    assert [face is None for face in faces] == [False, True, False, True]


def test_it_reads_three_seconds_ahead_and_no_more() -> None:
    read = 0

    def source() -> Iterator[TimedFrame]:
        nonlocal read
        for index in range(1000):
            read += 1
            yield index * 100.0, _frame(0.1)

    made = with_references(source(), "neutral")
    next(made)
    assert 31 <= read <= 33
    for _ in range(100):
        next(made)
    assert read <= 102


def test_frames_that_are_not_there() -> None:
    frames = _timed([_frame(0.1), _frame(None), _frame(0.2)])
    with pytest.raises(ValueError, match="the reference is frame 9999, but the driver has 3 frames, counted from 0"):
        next(with_references(frames, 9999))
    with pytest.raises(ValueError, match="no face was found in frame 1 of the driver; choose another frame"):
        next(with_references(frames, 1))


@pytest.mark.parametrize("reference", ["last", "", -1, 1.5, True, None])
def test_other_references_are_refused(reference: object) -> None:
    with pytest.raises(ValueError, match="must be 'neutral', 'first' or the number of a frame"):
        checked_reference(reference)


def test_numbers_of_numpy_are_numbers() -> None:
    assert checked_reference(np.int64(4)) == 4
