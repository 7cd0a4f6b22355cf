"""One-Euro filter: steady at rest, follows motion, strict about time."""

from __future__ import annotations

import numpy as np
import pytest

from monalive.retargeting.one_euro import OneEuroFilter, smoothing_factor

FRAME_MS = 40.0


def _run(filter_: OneEuroFilter, values: np.ndarray) -> np.ndarray:
    return np.array([filter_(value, index * FRAME_MS) for index, value in enumerate(values)])


def test_constant_input_is_unchanged_to_the_bit() -> None:
    value = np.random.default_rng(0).normal(size=(478, 3))
    for filtered in _run(OneEuroFilter(1.0, 10.0), np.repeat(value[None], 20, axis=0)):
        assert np.array_equal(filtered, value)


def test_first_value_passes_unchanged() -> None:
    assert np.array_equal(OneEuroFilter(1.0, 0.0)(np.array([[3.0, 4.0]]), 123.0), [[3.0, 4.0]])


def test_without_beta_it_is_a_first_order_low_pass() -> None:
    filtered = _run(OneEuroFilter(2.0, 0.0), np.array([[[0.0]]] + [[[1.0]]] * 10))[:, 0, 0]
    weight = 1.0 - 1.0 / (1.0 + 2 * np.pi * 2.0 * 0.04)
    assert np.allclose(filtered, 1.0 - (1.0 - weight) ** np.arange(11))
    assert smoothing_factor(2.0, 0.04) == pytest.approx(weight)


def test_noise_at_rest_is_reduced() -> None:
    noise = np.random.default_rng(0).normal(0, 0.5, (300, 200, 2))
    assert _run(OneEuroFilter(1.0, 0.05), noise)[30:].std() < 0.5 * 0.5


def test_fast_motion_is_followed_more_closely_than_slow() -> None:
    ramp = np.arange(60)[:, None, None] * np.ones((1, 1, 2))

    def lag_in_frames(speed: float) -> float:
        filtered = _run(OneEuroFilter(1.0, 0.1), speed * ramp)
        return float((speed * ramp - filtered)[-1, 0, 0] / speed)

    assert lag_in_frames(10.0) < 0.3 < 2.0 < lag_in_frames(0.01)


def test_coordinates_of_a_point_share_their_speed() -> None:
    """A point that moves along x is filtered along y with the same weight: its path does not bend."""
    path = np.arange(30)[:, None, None] * np.array([[[4.0, 1.0]]])
    filtered = _run(OneEuroFilter(1.0, 0.5), path)[5:, 0]
    assert np.allclose(filtered[:, 0], 4.0 * filtered[:, 1])


def test_points_are_independent() -> None:
    signal = np.zeros((20, 2, 1))
    signal[:, 0, 0] = np.arange(20)
    assert np.all(_run(OneEuroFilter(1.0, 1.0), signal)[:, 1] == 0.0)


def test_uneven_frame_times() -> None:
    filter_ = OneEuroFilter(1.0, 0.0)
    filter_([[0.0]], 0.0)
    short = filter_([[1.0]], 1.0)[0, 0]
    filter_.reset()
    filter_([[0.0]], 0.0)
    assert short < filter_([[1.0]], 500.0)[0, 0] < 1.0


def test_time_must_move_forward() -> None:
    filter_ = OneEuroFilter(1.0, 0.0)
    filter_([[0.0]], 10.0)
    for late in (10.0, 5.0, float("nan")):
        with pytest.raises(ValueError, match="increase"):
            filter_([[0.0]], late)


def test_bad_arguments() -> None:
    for arguments in ((0.0, 1.0, 1.0), (1.0, -1.0, 1.0), (1.0, 1.0, 0.0)):
        with pytest.raises(ValueError, match="cutoffs"):
            OneEuroFilter(*arguments)
    filter_ = OneEuroFilter(1.0, 0.0)
    filter_(np.zeros((4, 2)), 0.0)
    with pytest.raises(ValueError, match="shape"):
        filter_(np.zeros((5, 2)), 40.0)
