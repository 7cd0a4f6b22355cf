"""A row of frames: in order, repeats and holds in their places, every second frame between its neighbours."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace

import pytest

from monalive.player.stages import AskedFrame, animated


@dataclass(frozen=True)
class Shown:
    """What a player that plays with numbers shows: the mean of the frames that it was made of."""

    value: float
    timestamp_ms: float = -1.0
    cut: bool = False
    held: bool = False


class NumberPlayer:
    """Poses are numbers, and the networks double them."""

    can_interpolate = True

    def __init__(self) -> None:
        self.planned: list[float] = []
        self.last = Shown(0.0)

    def plan(self, pose: float) -> float:
        self.planned.append(pose)
        return 2 * pose

    def between(self, before: float, pose: float, after: float) -> float:
        return (before + after) / 2

    def paint(self, plan: float) -> Shown:
        self.last = Shown(plan)
        return self.last

    def hold(self, timestamp_ms: float) -> Shown:
        return replace(self.last, timestamp_ms=timestamp_ms, held=True)


def _asked(*poses: float | str | None) -> list[AskedFrame]:
    """Frames with these poses, None without a face, "again", or "cut" before the pose after it."""
    frames: list[AskedFrame] = []
    cut = False
    for pose in poses:
        if pose == "cut":
            cut = True
            continue
        frames.append(
            AskedFrame(40.0 * len(frames), None if pose == "again" else pose, again=pose == "again", cut=cut)  # type: ignore[arg-type]
        )
        cut = False
    return frames


def _values(player: NumberPlayer, frames: list[AskedFrame], **how: object) -> list[float]:
    made = list(animated(player, frames, nullcontext(), **how))  # type: ignore[arg-type]
    assert [frame.timestamp_ms for frame in made] == [frame.timestamp_ms for frame in frames]
    assert [frame.cut for frame in made] == [frame.cut for frame in frames]
    return [frame.value for frame in made]  # type: ignore[attr-defined]


@pytest.mark.parametrize("in_stages", [False, True])
def test_each_frame_is_made_held_or_repeated(in_stages: bool) -> None:
    player = NumberPlayer()
    frames = _asked(None, 1, 2, "again", None, "cut", 5)
    assert _values(player, frames, in_stages=in_stages) == [0, 2, 4, 4, 4, 10]
    assert player.planned == [1, 2, 5]


@pytest.mark.parametrize("in_stages", [False, True])
def test_every_second_frame_is_the_mean_of_its_neighbours(in_stages: bool) -> None:
    player = NumberPlayer()
    assert _values(player, _asked(1, 3, 4, 9, 5), every=2, in_stages=in_stages) == [2, 5, 8, 9, 10]
    assert player.planned == [1, 4, 5]


def test_the_last_frame_is_never_left_out() -> None:
    player = NumberPlayer()
    assert _values(player, _asked(1, 3, 4, 9), every=2) == [2, 5, 8, 18]
    assert player.planned == [1, 4, 9]


def test_nothing_is_interpolated_over_a_cut_or_a_lost_face() -> None:
    player = NumberPlayer()
    assert _values(player, _asked(1, 3, "cut", 7, 8, None, 2), every=2) == [2, 6, 14, 16, 16, 4]
    assert _values(player, _asked(1, 3, "again", 5), every=2) == [2, 6, 6, 10]


def test_portraits_of_several_photos_are_planned_frame_by_frame() -> None:
    player = NumberPlayer()
    player.can_interpolate = False
    assert _values(player, _asked(1, 3, 4), every=2) == [2, 6, 8]
