"""When frames are shown: constant rates, cuts, and motions that repeat."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from monalive.motions.motion import Motion, Take
from monalive.motions.motion_curves import ease

T = TypeVar("T")
# Times this close are the same, in milliseconds: rates such as 29.97 do not come out even.
_SAME_TIME = 0.5
# How long a motion that does not loop takes to go over into its beginning, in milliseconds.
_CLOSING_MS = 500.0


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


def hold(frames: Iterable[tuple[float, T]], end_ms: float, fps: float) -> Iterator[tuple[float, T]]:
    """All frames, and after them the last one again, at a rate, until `end_ms`."""
    latest: tuple[float, T] | None = None
    for latest in frames:
        yield latest
    if latest is None:
        return
    count, (time, frame) = 1, latest
    while time + count * 1000.0 / fps < end_ms - _SAME_TIME:
        yield time + count * 1000.0 / fps, frame
        count += 1


def until(frames: Iterable[tuple[float, T]], end_ms: float) -> Iterator[tuple[float, T]]:
    """Frames that are shown before `end_ms`; at least the first."""
    for time, frame in frames:
        if time > 0 and time >= end_ms - _SAME_TIME:
            return
        yield time, frame


def boomerang(motion: Motion) -> Motion:
    """A motion played to its end and back, which loops: neither end is shown twice."""
    count = len(motion.timestamps_ms)
    if count < 3:
        return dataclasses.replace(motion, loop=True)
    back = np.arange(count - 2, 0, -1)
    order = np.concatenate([np.arange(count), back])
    times = np.concatenate([motion.timestamps_ms, 2 * motion.timestamps_ms[-1] - motion.timestamps_ms[back]])
    around = motion.surroundings
    return dataclasses.replace(
        motion,
        landmarks=motion.landmarks[order],
        timestamps_ms=times,
        surroundings=None if around is None else around[order],
        loop=True,
        takes=_takes_at(motion, order),
    )


def closed(motion: Motion) -> Motion:
    """A motion that loops: over its last half second, at most half of it, it goes over into its first frame.

    One with cuts in it stays as it is: after its last take the first one begins as after any cut.
    """
    if motion.loop or len(motion.timestamps_ms) < 2 or len(motion.takes) > 1:
        return motion
    times = np.asarray(motion.timestamps_ms, np.float64)
    end = times[-1] + 1000.0 / motion.fps  # where the first frame comes again
    share = ease(1.0 - (end - times) / min(_CLOSING_MS, end / 2))

    def bent(values: NDArray[Any]) -> NDArray[Any]:
        weights = share.astype(values.dtype).reshape(-1, *[1] * (values.ndim - 1))
        moved: NDArray[Any] = values + weights * (values[0] - values[-1])
        return moved

    around = None if motion.surroundings is None else bent(motion.surroundings)
    if around is not None:
        around[..., 2] = np.clip(around[..., 2], 0, 1)  # how much is known of it
    return dataclasses.replace(motion, landmarks=bent(motion.landmarks), surroundings=around, loop=True)


def repeat(
    motion: Motion, *, loops: int | None = None, seconds: float | None = None, fps: float | None = None
) -> Motion:
    """A motion at another rate, played several times, or to a length.

    Args:
        motion: what is played. One that does not loop is closed (`closed`) where it is played more than once.
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
    if total > length + _SAME_TIME:
        motion = closed(motion)
    whole = abs(total / length - round(total / length)) * length < _SAME_TIME  # it ends where it began
    wanted = np.arange(max(1, round(total * rate / 1000.0))) * 1000.0 / rate
    # Past the last frame a motion that loops goes over into its first one; another, and one with cuts, holds its last.
    order = [*range(len(times)), 0 if motion.loop and len(motion.takes) < 2 else -1]
    times, wanted_in_motion = np.append(times, length), wanted % length
    after = np.clip(np.searchsorted(times, wanted_in_motion, side="right"), 1, len(times) - 1)
    share = np.clip((wanted_in_motion - times[after - 1]) / (times[after] - times[after - 1]), 0, 1)
    share[np.isin(after, [take.start for take in motion.takes[1:]])] = 0  # nothing is between two takes
    landmarks = _interpolate(motion.landmarks[order], after, share)
    around = motion.surroundings
    if around is not None:
        around = _interpolate(around[order], after, share)
    return dataclasses.replace(
        motion,
        landmarks=landmarks,
        surroundings=around,
        timestamps_ms=wanted,
        fps=rate,
        loop=motion.loop and whole,
        takes=_takes_at(motion, after - 1),
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
