"""The background flow's graph gives what two One-Euro filters give."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from retargeting_oracle.one_euro import OneEuroFilter

from monalive_export.checks.parity import torch_run
from monalive_export.graphs.background_flow import BACKGROUND_FILTER_SHAPES, BackgroundFlowGraph

TIMES_MS = np.cumsum([0.0, 33.3, 33.3, 40.0, 16.7, 80.0, 33.3, 33.3, 40.0, 40.0])


def _measured() -> NDArray[np.float32]:
    """A background that walks, cells of which come into sight and go."""
    random = np.random.default_rng(0)
    walk = np.cumsum(random.normal(0, 0.01, (len(TIMES_MS), 16, 16, 2)), 0)
    known = random.uniform(0, 1, (len(TIMES_MS), 16, 16, 1))
    return np.concatenate((walk, known), -1).astype(np.float32)


def _run(measured: NDArray[np.float32], elapsed_ms: NDArray[np.float64]) -> NDArray[np.float32]:
    run = torch_run(BackgroundFlowGraph().eval())
    state = {name: np.zeros(shape, np.float32) for name, shape in BACKGROUND_FILTER_SHAPES.items()}
    made = []
    for frame, elapsed in zip(measured, elapsed_ms, strict=True):
        inputs = {"measured_surroundings": frame[None], "elapsed_ms": np.full((1, 1), elapsed, np.float32)}
        outputs = run({**inputs, **state})
        state = {"surroundings_filter": outputs["next_surroundings_filter"]}
        made.append(outputs["smoothed_surroundings"][0])
    return np.stack(made)


def test_it_equals_the_filters() -> None:
    measured = _measured()
    made = _run(measured, np.diff(TIMES_MS, prepend=0.0))
    for channels, filter_ in ((slice(0, 2), OneEuroFilter(1.2, 150.0)), (slice(2, 3), OneEuroFilter(1.2, 3.0))):
        wanted = [filter_(frame[..., channels], time) for frame, time in zip(measured, TIMES_MS, strict=True)]
        assert np.abs(made[..., channels] - wanted).max() < 1e-6
        assert np.abs(made[1:, ..., channels] - measured[1:, ..., channels]).max() > 0.001  # something is smoothed


@pytest.mark.parametrize("frames", [1, 3])
def test_without_elapsed_time_it_lets_every_frame_through(frames: int) -> None:
    measured = _measured()[:frames]
    assert np.array_equal(_run(measured, np.zeros(frames)), measured)
