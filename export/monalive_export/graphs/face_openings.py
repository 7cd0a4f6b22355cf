"""Eyelids and lips as tensor operations: twins of `monalive.faces.apertures`, for points (1, 478, 3)."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from monalive.faces.apertures import Aperture
from monalive.faces.landmarks import LANDMARK_COUNT
from monalive_distill.generator.splat import take
from monalive_export.graphs.retarget_math import constant_times, nothing


def constant(value: object) -> torch.Tensor:
    """As float32."""
    return torch.from_numpy(np.array(value, np.float32))


class Opening(nn.Module):
    """Twin of `apertures.Aperture` for points (1, 478, 3)."""

    upper_field: torch.Tensor
    lower_field: torch.Tensor

    def __init__(self, aperture: Aperture) -> None:
        super().__init__()
        self.upper, self.lower = tuple(map(int, aperture.upper)), tuple(map(int, aperture.lower))
        self.corners, self.upper_share = tuple(map(int, aperture.corners)), float(aperture.upper_share)
        self.register_buffer("upper_field", constant(aperture.upper_field)[None], persistent=False)
        self.register_buffer("lower_field", constant(aperture.lower_field)[None], persistent=False)

    def gaps(self, points: torch.Tensor) -> torch.Tensor:
        """(1, n, 1) between the edges, positive where open."""
        return (take(points, self.lower) - take(points, self.upper))[:, :, 1:2]

    def width(self, points: torch.Tensor) -> torch.Tensor:
        """(1, 1, 1) between the corners."""
        return length(take(points, self.corners[:1]) - take(points, self.corners[1:]))

    def openness(self, points: torch.Tensor) -> torch.Tensor:
        """(1, 1, 1) the middle three gaps over the width."""
        middle = len(self.upper) // 2
        return self.gaps(points)[:, middle - 1 : middle + 2].mean(1, keepdim=True) / self.width(points)

    def scale_gaps(self, points: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
        """Points with the gaps multiplied: 0 makes the edges meet."""
        return self._move(points, (take(points, self.lower) - take(points, self.upper)) * (factor - 1.0))

    def add_to_gaps(self, points: torch.Tensor, amounts: torch.Tensor) -> torch.Tensor:
        """Points with the gaps made larger by (1, n, 1), along y."""
        level = nothing(amounts)
        return self._move(points, torch.cat((level, amounts, level), 2))

    def _move(self, points: torch.Tensor, change: torch.Tensor) -> torch.Tensor:
        up, down = change * -self.upper_share, change * (1.0 - self.upper_share)
        return points + constant_times(self.upper_field, up) + constant_times(self.lower_field, down)


def mark(indices: tuple[int, ...]) -> torch.Tensor:
    """(1, 478, 1): 1 at `indices`."""
    marks = np.zeros((1, LANDMARK_COUNT, 1), np.float32)
    marks[:, list(indices)] = 1.0
    return constant(marks)


def length(vector: torch.Tensor) -> torch.Tensor:
    """(1, n, 3) to (1, n, 1)."""
    return torch.sqrt((vector * vector).sum(2, keepdim=True))
