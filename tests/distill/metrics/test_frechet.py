"""The Fréchet distance against its closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from monalive_distill.metrics.frechet import frechet_distance, leading_components


def test_equal_sets_are_no_distance_apart_and_a_shift_is_its_square() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 5)) @ rng.normal(size=(5, 5))
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(x, x + np.array([3, 0, 4, 0, 0])) == pytest.approx(25, rel=1e-6)


def test_covariances_count() -> None:
    """Diagonal covariances: the sum of the squared differences of the standard deviations."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(400, 3))
    x = (x - x.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(x, rowvar=False))).T  # covariance exactly 1
    assert frechet_distance(x, x * [1, 2, 4]) == pytest.approx(0 + 1 + 9, rel=1e-6)


def test_too_few_samples_give_no_number() -> None:
    x = np.zeros((5, 5))
    assert frechet_distance(x, np.zeros((9, 5))) is None


def test_leading_components_are_where_the_reference_varies() -> None:
    rng = np.random.default_rng(2)
    turn, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    reference = (rng.normal(size=(300, 6)) * [9, 5, 2, 0.1, 0.1, 0.1]) @ turn + 4
    projected = leading_components(reference, reference, 2)
    assert projected.shape == (300, 2) and projected.mean(0) == pytest.approx(0, abs=1e-9)
    assert np.abs(np.corrcoef((reference @ turn.T)[:, 0], projected[:, 0])[0, 1]) > 0.99
    # A shift along the first direction is seen whole, one along the last hardly.
    first, last = 3 * turn[0], 3 * turn[5]
    along, across = (leading_components(reference + shift, reference, 2) for shift in (first, last))
    assert frechet_distance(along, projected) == pytest.approx(9, rel=0.02)
    assert frechet_distance(across, projected) == pytest.approx(0, abs=0.02)
