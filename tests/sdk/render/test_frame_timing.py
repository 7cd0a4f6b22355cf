"""Constant rates, cuts and repeated motions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fake_animator import fake_motion

from monalive.motions.motion import Motion, Take
from monalive.render.frame_timing import at_rate, boomerang, closed, hold, repeat, until


def clip(count: int, fps: float) -> list[tuple[float, int]]:
    return [(index * 1000.0 / fps, index) for index in range(count)]


def test_the_same_rate_changes_nothing() -> None:
    for fps in (25, 29.97, 23.976):
        result = list(at_rate(clip(50, fps), fps))
        assert [frame for _, frame in result] == list(range(50))
        assert [time for time, _ in result] == pytest.approx([time for time, _ in clip(50, fps)])


def test_half_the_rate_leaves_every_other_frame_out() -> None:
    assert [frame for _, frame in at_rate(clip(10, 50), 25)] == [0, 2, 4, 6, 8]


def test_twice_the_rate_shows_each_frame_twice() -> None:
    assert [frame for _, frame in at_rate(clip(3, 25), 50)] == [0, 0, 1, 1, 2, 2]


def test_a_variable_rate_becomes_constant() -> None:
    frames = [(0.0, "a"), (90.0, "b"), (100.0, "c"), (105.0, "d"), (300.0, "e")]
    result = list(at_rate(frames, 20))
    assert [time for time, _ in result] == [0, 50, 100, 150, 200, 250, 300, 350]
    assert "".join(frame for _, frame in result) == "aacdddee"


def test_no_frames_stay_no_frames() -> None:
    assert list(at_rate([], 25)) == []
    with pytest.raises(ValueError, match="above 0"):
        list(at_rate(clip(2, 25), 0))


def test_until_cuts_and_keeps_at_least_one() -> None:
    assert [frame for _, frame in until(clip(50, 25), 200)] == [0, 1, 2, 3, 4]
    assert [frame for _, frame in until(clip(50, 25), 0.001)] == [0]
    assert len(list(until(clip(5, 25), 1e6))) == 5


def test_a_motion_left_alone_is_itself() -> None:
    motion = fake_motion()
    assert repeat(motion) is motion


def test_loops_repeat_every_frame() -> None:
    result = repeat(fake_motion(4), loops=3)
    assert result.landmarks[:, 0, 0].tolist() == [0, 1, 2, 3] * 3
    assert result.landmarks.dtype == np.float32
    assert result.timestamps_ms.tolist() == [40.0 * index for index in range(12)]


def test_seconds_cut_and_repeat() -> None:
    assert repeat(fake_motion(5), seconds=0.12).landmarks[:, 0, 0].tolist() == [0, 1, 2]
    assert repeat(fake_motion(2), seconds=0.2).landmarks[:, 0, 0].tolist() == [0, 1, 0, 1, 0]


def test_another_rate_interpolates_and_closes_the_loop() -> None:
    looped = repeat(fake_motion(3, fps=25), fps=50)
    assert looped.landmarks[:, 0, 0].tolist() == pytest.approx([0, 0.5, 1, 1.5, 2, 1])
    assert looped.fps == 50
    once = repeat(fake_motion(3, fps=25, loop=False), fps=50)
    assert once.landmarks[:, 0, 0].tolist() == pytest.approx([0, 0.5, 1, 1.5, 2, 2])


def test_surroundings_go_along_with_the_landmarks() -> None:
    measured = np.linspace(0, 1, 3, dtype=np.float32)[:, None, None, None] * np.ones((1, 16, 16, 3), np.float32)
    motion = replace(fake_motion(3, fps=25), surroundings=measured)
    twice, faster = repeat(motion, loops=2).surroundings, repeat(motion, fps=50).surroundings
    assert twice is not None and faster is not None
    assert twice[:, 0, 0, 0].tolist() == [0, 0.5, 1] * 2
    assert faster[:, 3, 4, 2].tolist() == pytest.approx([0, 0.25, 0.5, 0.75, 1, 0.5])
    assert faster.dtype == np.float32
    assert repeat(fake_motion(3), fps=50).surroundings is None


def test_bad_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="not both"):
        repeat(fake_motion(), loops=2, seconds=1.0)
    with pytest.raises(ValueError, match="above 0"):
        repeat(fake_motion(), seconds=-1.0)
    with pytest.raises(ValueError, match="above 0"):
        repeat(fake_motion(), fps=float("nan"))


def test_takes_keep_their_frames_and_do_not_mix() -> None:
    """Two takes of two frames, 0 1 and 2 3, at twice the rate, played twice."""
    rests = [np.full((478, 3), value, np.float32) for value in (10.0, 20.0)]
    faces = np.arange(4, dtype=np.float32)[:, None, None] * np.ones((1, 478, 3), np.float32)
    motion = replace(Motion.from_landmarks(faces, (64, 64), 25.0), takes=(Take(0, rests[0]), Take(2, rests[1])))
    result = repeat(motion, loops=2, fps=50)
    once = [0, 0.5, 1, 1, 2, 2.5, 3, 3]
    assert result.landmarks[:, 0, 0].tolist() == pytest.approx([*once, *once])
    assert [(start, face[0, 0]) for start, face in result.references.items()] == [(0, 10), (4, 20), (8, 10), (12, 20)]
    short = repeat(motion, seconds=0.04)
    assert [(take.start, take.reference[0, 0]) for take in short.takes] == [(0, 10)]  # though no such frame is left


def test_a_boomerang_goes_there_and_back() -> None:
    motion = boomerang(fake_motion(4, loop=False))
    assert motion.landmarks[:, 0, 0].tolist() == [0, 1, 2, 3, 2, 1]
    assert motion.timestamps_ms.tolist() == [0, 40, 80, 120, 160, 200]
    assert motion.loop
    assert repeat(motion, loops=2).landmarks[:, 0, 0].tolist() == [0, 1, 2, 3, 2, 1] * 2
    uneven = boomerang(replace(fake_motion(3, loop=False), timestamps_ms=np.array([0.0, 10.0, 100.0])))
    assert uneven.timestamps_ms.tolist() == [0, 10, 100, 190]
    assert len(boomerang(fake_motion(1)).timestamps_ms) == 1


def test_a_motion_that_does_not_loop_is_closed_before_it_is_repeated() -> None:
    motion = fake_motion(50, loop=False)  # one unit a frame, 50 units away from its beginning at the end
    once = repeat(motion, seconds=1.0)
    assert once.landmarks[:, 0, 0].tolist() == list(range(25)) and not once.loop
    twice = repeat(motion, loops=2).landmarks[:, 0, 0]
    assert twice[:37].tolist() == list(range(37))  # all but the last half second is as it was
    assert twice[50] == 0
    steps = np.abs(np.diff(twice))
    assert steps[49] <= steps.max() < 10  # without it: 49
    assert steps[49] < 2
    assert closed(fake_motion(5)).landmarks[:, 0, 0].tolist() == [0, 1, 2, 3, 4]  # it loops already


def test_a_motion_cut_in_its_middle_does_not_loop() -> None:
    assert repeat(fake_motion(10), loops=2).loop
    assert repeat(fake_motion(10), seconds=0.8).loop
    assert not repeat(fake_motion(10), seconds=0.5).loop


def test_the_last_frame_is_held() -> None:
    assert list(hold(clip(3, 25), 200.0, 25)) == [(0, 0), (40, 1), (80, 2), (120, 2), (160, 2)]
    assert list(hold(clip(3, 25), 60.0, 25)) == clip(3, 25)
    assert list(hold([], 60.0, 25)) == []


def test_a_boomerang_takes_its_takes_along_and_cuts_are_not_bent() -> None:
    """Two takes of three frames, counted from 10 and 20."""
    rests = [np.full((478, 3), value, np.float32) for value in (10.0, 20.0)]
    faces = np.arange(6, dtype=np.float32)[:, None, None] * np.ones((1, 478, 3), np.float32)
    motion = replace(Motion.from_landmarks(faces, (64, 64), 25.0), takes=(Take(0, rests[0]), Take(3, rests[1])))
    back = boomerang(motion)
    assert back.landmarks[:, 0, 0].tolist() == [0, 1, 2, 3, 4, 5, 4, 3, 2, 1]
    assert [(start, face[0, 0]) for start, face in back.references.items()] == [(0, 10), (3, 20), (8, 10)]
    assert closed(motion) is motion
    assert repeat(back, loops=2, fps=50).landmarks[18:22, 0, 0].tolist() == [1, 1, 0, 0.5]


def test_what_is_known_of_the_surroundings_stays_a_share_when_a_motion_is_closed() -> None:
    measured = np.zeros((5, 16, 16, 3), np.float32)
    measured[..., 2] = np.array([1.0, 0.8, 1.0, 1.0, 0.2])[:, None, None]
    landmarks = np.zeros((5, 478, 3), np.float32)
    landmarks[..., :2] = np.random.default_rng(0).uniform(10, 50, (478, 2))
    motion = Motion(landmarks, np.arange(5, dtype=np.float64) * 40.0, (64, 64), 25.0, "made up", surroundings=measured)
    around = closed(motion).surroundings
    assert around is not None and around[..., 2].min() >= 0 and around[..., 2].max() <= 1
    assert len(repeat(motion, loops=2)) == 10
