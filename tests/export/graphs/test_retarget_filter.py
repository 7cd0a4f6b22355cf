"""One step of the smoothing as tensor operations: the One-Euro filter, and neighbours that share their speed."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from retargeting_oracle.pooled_one_euro import PooledOneEuroFilter

from monalive.retargeting.one_euro import OneEuroFilter
from monalive_export.graphs.retarget_filter import filtered
from monalive_export.graphs.retarget_settings import FilterSettings

FRAME_MS = 40.0


def _run(settings: FilterSettings, values: NDArray[np.float64], pool: NDArray[np.float64]) -> NDArray[np.float32]:
    """Values (T, n, d) filtered frame by frame."""
    before = velocity = torch.zeros(1, *values.shape[1:])
    made = []
    for index, value in enumerate(values):
        new = torch.from_numpy(value.astype(np.float32))[None]
        elapsed = torch.full((1, 1, 1), FRAME_MS / 1000 if index else 0.0)
        mean = torch.from_numpy(pool.astype(np.float32))[None]
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
