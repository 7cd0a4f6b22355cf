"""When frames are shown: constant rates, cuts, and motions that repeat."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from monalive.motions.motion import Motion, Take

T = TypeVar("T")
# Times this close are the same, in milliseconds: rates such as 29.97 do not come out even.
_SAME_TIME = 0.5


def at_rate(frames: Iterable[tuple[float, T]], fps: float) -> Iterator[tuple[float, T]]:
    """Frames at a constant rate: at each time the latest one there is.

    Args:
        frames: (timestamp in ms from 0, frame), timestamps rising.
        fps: frames per second of the result.

    Yields:
        (timestamp in ms, frame). A frame shown longer is the same object again; the last one is shown for the
        mean time between frames.

    Raises:
        ValueError: the rate is not positive.
    """
    if not (math.isfinite(fps) and fps > 0):
        raise ValueError(f"the frame rate must be above 0, not {fps}")
    step = 1000.0 / fps
    count = given = 0
    latest: tuple[float, T] | None = None
    for given, (time, frame) in enumerate(frames):  # noqa: B007
        while latest is not None and count * step < time - _SAME_TIME:
            yield count * step, latest[1]
            count += 1
        latest = time, frame
    if latest is None:
        return
    end = latest[0] + (latest[0] / given if given else step)
    while count * step < end - _SAME_TIME:
        yield count * step, latest[1]
        count += 1


def until(frames: Iterable[tuple[float, T]], end_ms: float) -> Iterator[tuple[float, T]]:
    """Frames that are shown before `end_ms`; at least the first."""
    for time, frame in frames:
        if time > 0 and time >= end_ms - _SAME_TIME:
            return
        yield time, frame


def repeat(
    motion: Motion, *, loops: int | None = None, seconds: float | None = None, fps: float | None = None
) -> Motion:
    """A motion at another rate, played several times, or to a length.

    Args:
        motion: what is played.
        loops: how many times, at least 1.
        seconds: until this length; a motion is cut at its end, and played again as often as needed.
        fps: at this rate; what lies in between is interpolated linearly.

    Returns:
        The motion itself when nothing is asked for.

    Raises:
        ValueError: `loops` and `seconds` together, or a value that is not positive.
    """
    if loops is not None and seconds is not None:
        raise ValueError("give a number of loops or a length in seconds, not both")
    for name, value in (("number of loops", loops), ("length", seconds), ("frame rate", fps)):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise ValueError(f"the {name} must be above 0, not {value}")
    if loops is None and seconds is None and fps is None:
        return motion

    times = np.asarray(motion.timestamps_ms, np.float64)
    rate = fps or motion.fps
    length = times[-1] + 1000.0 / motion.fps  # the last frame is shown as long as the others
    total = seconds * 1000.0 if seconds is not None else length * (loops or 1)
    wanted = np.arange(max(1, round(total * rate / 1000.0))) * 1000.0 / rate
    # Past the last frame a motion that loops goes over into its first one; another holds its last.
    order = [*range(len(times)), 0 if motion.loop else -1]
    times, wanted_in_motion = np.append(times, length), wanted % length
    after = np.clip(np.searchsorted(times, wanted_in_motion, side="right"), 1, len(times) - 1)
    share = np.clip((wanted_in_motion - times[after - 1]) / (times[after] - times[after - 1]), 0, 1)
    share[np.isin(after, [take.start for take in motion.takes[1:]])] = 0  # nothing is between two takes
    landmarks = _interpolate(motion.landmarks[order], after, share)
    around = motion.surroundings
    if around is not None:
        around = _interpolate(around[order], after, share)
    takes = _takes_at(motion, after - 1)
    return dataclasses.replace(
        motion, landmarks=landmarks, surroundings=around, timestamps_ms=wanted, fps=rate, takes=takes
    )


def _interpolate(values: NDArray[Any], after: NDArray[np.intp], share: NDArray[np.float64]) -> NDArray[Any]:
    """Between values (T, ...): (N, ...) of the same type, `share` (N,) of the way to those at `after` (N,)."""
    way = share.astype(values.dtype).reshape(-1, *[1] * (values.ndim - 1))
    between: NDArray[Any] = values[after - 1] * (1 - way) + values[after] * way
    return between


def _takes_at(motion: Motion, frames: NDArray[np.intp]) -> tuple[Take, ...]:
    """The takes of a motion that shows these frames of another, one after another, repeated or not."""
    starts = np.array([take.start for take in motion.takes], np.intp)
    if not len(starts):
        return ()
    shown = np.searchsorted(starts, frames, side="right") - 1
    begins = np.flatnonzero(np.diff(shown, prepend=-1))
    return tuple(Take(int(index), motion.takes[shown[index]].reference) for index in begins)
