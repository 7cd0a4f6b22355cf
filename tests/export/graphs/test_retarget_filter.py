"""The One-Euro filter as tensor operations: steady at rest, follows motion; neighbours may share their speed."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from retargeting_oracle.one_euro import OneEuroFilter
from retargeting_oracle.pooled_one_euro import PooledOneEuroFilter

from monalive_export.graphs.retarget_filter import filtered
from monalive_export.graphs.retarget_settings import FilterSettings

FRAME_MS = 40.0


def _run(
    settings: FilterSettings,
    values: NDArray[np.floating],
    pool: NDArray[np.float64] | None = None,
    frame_ms: float = FRAME_MS,
) -> NDArray[np.float32]:
    """Values (T, n, d) filtered frame by frame."""
    before = velocity = torch.zeros(1, *values.shape[1:])
    mean = None if pool is None else partial(torch.matmul, torch.from_numpy(pool.astype(np.float32)))
    made = []
    for index, value in enumerate(values):
        new = torch.from_numpy(value.astype(np.float32))[None]
        elapsed = torch.full((1, 1, 1), frame_ms / 1000 if index else 0.0)
        before, velocity = filtered(settings, new, before, velocity, elapsed, mean)
        made.append(before[0].numpy())
    return np.stack(made)


def test_it_equals_the_filter() -> None:
    random = np.random.default_rng(0)
    values, pool = np.cumsum(random.normal(0, 0.05, (30, 6, 3)), 0), random.random((6, 6))
    pool /= pool.sum(1, keepdims=True)
    for settings, reference in (
        (FilterSettings(1.0, 25.0, 4.0), OneEuroFilter(1.0, 25.0, 4.0)),
        (FilterSettings(1.2, 150.0, pooled=True), PooledOneEuroFilter(1.2, 150.0, pool=pool)),
    ):
        wanted = [reference(value, FRAME_MS * index) for index, value in enumerate(values)]
        assert np.abs(_run(settings, values, pool) - wanted).max() < 1e-6


def test_pool_tells_motion_from_noise() -> None:
    random = np.random.default_rng(2)
    noise = random.normal(0, 1.0, (200, 50, 2))
    pool = np.full((50, 50), 1 / 50)
    alone, pooled = (_run(FilterSettings(1.0, 0.3, pooled=on), noise, pool)[30:].std() for on in (False, True))
    assert pooled < 0.8 * alone


def test_constant_input_is_unchanged_to_the_bit() -> None:
    value = np.random.default_rng(0).normal(size=(478, 3)).astype(np.float32)
    for filtered_value in _run(FilterSettings(1.0, 10.0), np.repeat(value[None], 20, axis=0)):
        assert np.array_equal(filtered_value, value)


def test_without_beta_it_is_a_first_order_low_pass() -> None:
    step = np.array([[[0.0]]] + [[[1.0]]] * 10)
    weight = 1.0 - 1.0 / (1.0 + 2 * np.pi * 2.0 * 0.04)
    assert np.allclose(_run(FilterSettings(2.0, 0.0), step)[:, 0, 0], 1.0 - (1.0 - weight) ** np.arange(11))


def test_noise_at_rest_is_reduced() -> None:
    noise = np.random.default_rng(0).normal(0, 0.5, (300, 200, 2))
    assert _run(FilterSettings(1.0, 0.05), noise)[30:].std() < 0.5 * 0.5


def test_fast_motion_is_followed_more_closely_than_slow() -> None:
    ramp = np.arange(60)[:, None, None] * np.ones((1, 1, 2))

    def lag_in_frames(speed: float) -> float:
        followed = _run(FilterSettings(1.0, 0.1), speed * ramp)
        return float((speed * ramp - followed)[-1, 0, 0] / speed)

    assert lag_in_frames(10.0) < 0.3 < 2.0 < lag_in_frames(0.01)


def test_coordinates_of_a_point_share_their_speed() -> None:
    """A point that moves along x is filtered along y with the same weight: its path does not bend."""
    path = np.arange(30)[:, None, None] * np.array([[[4.0, 1.0]]])
    followed = _run(FilterSettings(1.0, 0.5), path)[5:, 0]
    assert np.allclose(followed[:, 0], 4.0 * followed[:, 1])


def test_points_are_independent() -> None:
    signal = np.zeros((20, 2, 1))
    signal[:, 0, 0] = np.arange(20)
    assert np.all(_run(FilterSettings(1.0, 1.0), signal)[:, 1] == 0.0)


def test_more_time_follows_more_closely() -> None:
    step = np.array([[[0.0]], [[1.0]]])
    short, long = (_run(FilterSettings(1.0, 0.0), step, frame_ms=ms)[1, 0, 0] for ms in (1.0, 500.0))
    assert 0.0 < short < long < 1.0
