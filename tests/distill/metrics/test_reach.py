"""Reach on series whose slope is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from monalive_distill.metrics.reach import Reach, measure_peaks, measure_reach

TRUTH = np.array([0.0, 0.2, -0.3, 0.6, 0.1], np.float32)
STILL = np.zeros(5, np.float32)


def series(*values: float) -> NDArray[np.float32]:
    return np.array(values, np.float32)


@pytest.mark.parametrize("share", [1.0, 0.5, -0.25])
def test_a_known_share_arrives(share: float) -> None:
    reach = measure_reach({"a": (TRUTH, share * TRUTH)}, 0.1)
    assert reach is not None and reach.slope == pytest.approx(share) == reach.worst_tenth
    assert reach.correlation == pytest.approx(np.sign(share)) and reach.clips == 1


def test_a_photo_that_does_not_move_reaches_nothing() -> None:
    assert measure_reach({"a": (TRUTH, STILL)}, 0.1) == Reach(0.0, None, 0.0, 0.0, "a", 1)
    assert measure_peaks({"a": (TRUTH, STILL)}, 0.1) == Reach(0.0, None, 0.0, 0.0, "a", 1)


def test_noise_that_has_nothing_to_do_with_the_truth_leaves_the_slope() -> None:
    random = np.random.default_rng(0)
    truth = random.normal(0, 0.3, 5000).astype(np.float32)
    result = 0.7 * truth + random.normal(0, 0.3, 5000).astype(np.float32)
    reach = measure_reach({"a": (truth, result.astype(np.float32))}, 0.1)
    assert reach is not None and reach.slope == pytest.approx(0.7, abs=0.02)
    assert reach.correlation == pytest.approx(0.7 / np.hypot(0.7, 1.0), abs=0.02)


def test_clips_that_do_not_move_are_left_out() -> None:
    calm, wild = 0.1 * TRUTH, series(0.9, -0.9, 0.9, 0.9, -0.9)  # a calm truth, whatever the result does
    reach = measure_reach({"a": (TRUTH, TRUTH), "b": (calm, wild)}, 0.1)
    assert reach is not None and reach.slope == pytest.approx(1) and reach.clips == 1
    assert measure_reach({"b": (calm, wild)}, 0.1) is None
    assert measure_peaks({"b": (calm, wild)}, 0.1) is None
    assert measure_reach({}, 0.1) is None


def test_clips_of_many_frames_weigh_by_what_moves() -> None:
    reach = measure_reach({"a": (series(1, 1, 1), series(1, 1, 1)), "b": (series(1), series(0))}, 0.1)
    assert reach is not None and reach.slope == pytest.approx(0.75) and reach.clips == 2
    assert reach.clip_mean == pytest.approx(0.5)  # each clip once


def test_the_worst_tenth_of_the_clips() -> None:
    clips = {f"clip {i}": (TRUTH, (0.1 * i * TRUTH).astype(np.float32)) for i in reversed(range(20))}
    reach = measure_reach(clips, 0.1)
    assert reach is not None and reach.worst_tenth == pytest.approx(0.05)
    assert reach.worst_clip == "clip 0" and reach.clips == 20


def test_frames_without_a_face_are_left_out() -> None:
    result = 0.5 * TRUTH
    result[3] = np.nan
    reach = measure_reach({"a": (TRUTH, result)}, 0.1)
    assert reach is not None and reach.slope == pytest.approx(0.5)
    lost = {"a": (TRUTH, np.full(5, np.nan, np.float32))}
    assert measure_reach(lost, 0.1) is None and measure_peaks(lost, 0.1) is None


def test_the_share_of_a_peak_is_that_of_the_highest_frames() -> None:
    """Eyes that follow half-way and then stay open have a fair slope and no peak."""
    truth, result = series(0.1, 0.2, 0.3, 0.8, 0.75, 0.3), series(0.1, 0.2, 0.3, 0.4, 0.375, 0.3)
    peaks = measure_peaks({"a": (truth, result)}, 0.25)
    assert peaks is not None and peaks.slope == pytest.approx(0.5) and peaks.correlation is None
    both = measure_peaks({"a": (truth, truth), "b": (truth, result)}, 0.25)
    assert both is not None and both.slope == pytest.approx(0.75) and both.worst_tenth == pytest.approx(0.5)
    assert both.worst_clip == "b" and both.clips == 2


def test_a_fall_is_no_peak() -> None:
    assert measure_peaks({"a": (-TRUTH - 0.3, STILL)}, 0.25) is None
