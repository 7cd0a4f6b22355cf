"""What a driver's motion is counted from: one frame of each take, by default the most neutral of its first seconds."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from monalive.motions.neutral_face import face_measures, most_neutral

# The most neutral frame of a take's first seconds, its first one with a face, or a frame counted from 0.
Reference = Literal["neutral", "first"] | int
FIRST_SECONDS_MS: Final = 3000.0


@dataclass(frozen=True, eq=False)
class DriverFrame:
    """A frame of a driver's video, as it was followed.

    Attributes:
        landmarks: (478, 3) float32 pixels; None where no face was found.
        size: (width, height) of the frame.
        cut: whether there is a cut between the face before and this one.
    """

    landmarks: NDArray[np.float32] | None
    size: tuple[int, int]
    cut: bool = False


TimedFrame = tuple[float, DriverFrame]


def checked_reference(reference: object) -> Reference:
    """The same.

    Raises:
        ValueError: neither "neutral" nor "first" nor a number from 0.
    """
    if reference in ("neutral", "first"):
        return reference
    if isinstance(reference, (int, np.integer)) and not isinstance(reference, bool) and reference >= 0:
        return int(reference)
    raise ValueError(f"the reference must be 'neutral', 'first' or the number of a frame, from 0; not {reference!r}")


def with_references(
    frames: Iterable[TimedFrame], reference: Reference
) -> Iterator[tuple[float, DriverFrame, NDArray[np.float32] | None]]:
    """Each frame of a video, and with the first face of each take the face that the take's motion is counted from.

    Frames are read ahead by three seconds at most (by more only to reach the frame that is asked for), landmarks only.

    Args:
        frames: (timestamp in ms, frame); a frame shown longer is the same object again.
        reference: where a number is given, takes other than that frame's have their most neutral one.

    Yields:
        (timestamp in ms, frame, (478, 3) landmarks or None).

    Raises:
        ValueError: the frame asked for does not exist, or shows no face.
    """
    source, waiting = iter(frames), deque[TimedFrame]()
    asked = _asked_frame(source, waiting, reference) if isinstance(reference, int) else None
    before: DriverFrame | None = None
    opened = False
    while waiting or _read(source, waiting):
        time, frame = waiting[0]
        begins = frame.landmarks is not None and frame is not before and (frame.cut or not opened)
        face = None
        if begins:
            opened = True
            face = _reference_face(source, waiting, asked, first=reference == "first")
        waiting.popleft()
        before = frame
        yield time, frame, face


def _asked_frame(source: Iterator[TimedFrame], waiting: deque[TimedFrame], number: int) -> DriverFrame:
    waiting.extend(islice(source, number + 1))
    if len(waiting) <= number:
        raise ValueError(f"the reference is frame {number}, but the driver has {len(waiting)} frames, counted from 0")
    frame = waiting[number][1]
    if frame.landmarks is None:
        raise ValueError(f"no face was found in frame {number} of the driver; choose another frame as the reference")
    return frame


def _reference_face(
    source: Iterator[TimedFrame], waiting: deque[TimedFrame], asked: DriverFrame | None, *, first: bool
) -> NDArray[np.float32]:
    """Of the take that the first waiting frame begins."""
    start, opening = waiting[0]
    assert opening.landmarks is not None, "a take begins with a face"
    if first:
        return opening.landmarks
    faces: list[NDArray[np.float32]] = []
    index = 0
    while index < len(waiting) or _read(source, waiting):
        time, frame = waiting[index]
        if frame.cut and frame is not opening:
            break
        if asked is not None and frame is asked:
            assert frame.landmarks is not None, "the frame asked for shows a face"
            return frame.landmarks
        late = time - start > FIRST_SECONDS_MS
        if late and (asked is None or index >= len(waiting) - 1):
            break
        if frame.landmarks is not None and not late:
            faces.append(frame.landmarks)
        index += 1
    return faces[most_neutral(np.stack([face_measures(face) for face in faces]))]


def _read(source: Iterator[TimedFrame], waiting: deque[TimedFrame]) -> bool:
    """Takes one more frame from the source, if there is one."""
    before = len(waiting)
    waiting.extend(islice(source, 1))
    return len(waiting) > before
