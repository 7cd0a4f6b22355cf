"""A row of frames known in advance: posed, planned and painted one after the other, or each step in its own thread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import NamedTuple

from monalive.player.portrait_player import PlannedFrame, PortraitPlayer, Pose
from monalive.result import AnimatedFrame
from monalive.threads import ahead


@dataclass(frozen=True)
class AskedFrame:
    """A frame that is asked for.

    Attributes:
        timestamp_ms: of the frame.
        pose: what it shows; None: no face was found, the last frame is held.
        again: it is the frame before, shown longer; then `pose` has no meaning.
        cut: whether the motion restarts here.
    """

    timestamp_ms: float
    pose: Pose | None = None
    again: bool = False
    cut: bool = False


class _Planned(NamedTuple):
    asked: AskedFrame
    plan: PlannedFrame | None


def animated(
    player: PortraitPlayer,
    frames: Iterable[AskedFrame],
    networks: AbstractContextManager[object],
    *,
    every: int = 1,
    in_stages: bool = False,
) -> Iterator[AnimatedFrame]:
    """The frames.

    Args:
        player: whose portraits they show; it has been told what the motion is counted from.
        frames: what is asked for, in order.
        networks: held while they run: they must not be called from two threads at once.
        every: run the networks for each frame (1) or for every second one (2), with what lies between interpolated.
        in_stages: run the networks, and paste, in threads of their own, a frame ahead.
    """
    planned = _planned(player, frames, networks, every if player.can_interpolate else 1)
    painted = _painted(player, ahead(planned) if in_stages else planned)
    return ahead(painted) if in_stages else painted


def _planned(
    player: PortraitPlayer, frames: Iterable[AskedFrame], networks: AbstractContextManager[object], every: int
) -> Iterator[_Planned]:
    def plan(pose: Pose) -> PlannedFrame:
        with networks:
            return player.plan(pose)

    before: PlannedFrame | None = None  # that the frame to be interpolated comes after
    waiting: list[AskedFrame] = []  # that frame, and repeats of it
    for asked in frames:
        if waiting and asked.again:
            waiting.append(asked)
            continue
        moves_on = asked.pose is not None and not asked.again and not asked.cut
        if every > 1 and not waiting and before is not None and moves_on:
            waiting.append(asked)
            continue
        after = None if asked.pose is None or asked.again else plan(asked.pose)
        if waiting:
            between = waiting[0].pose
            assert between is not None
            whole = before is None or after is None or asked.cut
            skipped = plan(between) if whole else player.between(before, between, after)  # type: ignore[arg-type]
            yield from (_Planned(one, None if one.again else skipped) for one in waiting)
            waiting.clear()
        yield _Planned(asked, after)
        before = before if asked.again else after
    for one in waiting:
        yield _Planned(one, None if one.again or one.pose is None else plan(one.pose))


def _painted(player: PortraitPlayer, planned: Iterable[_Planned]) -> Iterator[AnimatedFrame]:
    shown: AnimatedFrame | None = None
    for asked, plan in planned:
        if plan is not None:
            shown = player.paint(plan)
        elif shown is None or not asked.again:
            shown = player.hold(asked.timestamp_ms)
        yield replace(shown, timestamp_ms=asked.timestamp_ms, cut=asked.cut)
