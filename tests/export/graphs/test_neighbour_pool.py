"""The small average over neighbours equals the whole matrix of weights."""

from __future__ import annotations

import numpy as np
import torch

from monalive.faces.expressions import load_expressions
from monalive_export.graphs.face_regions import neighbour_average
from monalive_export.graphs.neighbour_pool import NeighbourPool
from monalive_export.graphs.retarget_filter import filtered
from monalive_export.graphs.retarget_settings import FACE_FILTER

MEAN_FACE = load_expressions().mean_face


def test_it_averages_as_the_matrix_does() -> None:
    values = np.random.default_rng(0).normal(size=(478, 3))
    averaged = NeighbourPool(MEAN_FACE)(torch.from_numpy(values.astype(np.float32))[None])[0].numpy()
    assert np.abs(averaged - neighbour_average(MEAN_FACE) @ values).max() < 2e-5


def test_filtered_landmarks_are_those_of_the_matrix() -> None:
    """A face whose lower half moves: speeds differ from place to place."""
    pool, matrix = NeighbourPool(MEAN_FACE), torch.from_numpy(neighbour_average(MEAN_FACE).astype(np.float32))
    face = torch.from_numpy(MEAN_FACE.astype(np.float32))[None]
    moved = face + 0.1 * torch.relu(face[:, :, 1:2]) + 0.01 * torch.randn(face.shape, generator=torch.manual_seed(0))
    elapsed = torch.full((1, 1, 1), 0.04)
    made, wanted = (
        filtered(FACE_FILTER, moved, face, torch.zeros_like(face), elapsed, by)[0]
        for by in (pool, lambda velocity: torch.matmul(matrix, velocity))
    )
    assert (wanted - face).abs().max() > 0.02
    assert (made - wanted).abs().max() < 1e-6


def test_it_is_less_than_a_third_of_the_matrix() -> None:
    pool = NeighbourPool(MEAN_FACE)
    assert pool.weights.numel() + len(pool.near) + len(pool.place) < 478 * 478 / 3
