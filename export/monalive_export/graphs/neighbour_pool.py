"""The average over a landmark's neighbours, as a small product per patch of the face."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from monalive.faces.landmarks import LANDMARK_COUNT
from monalive_distill.generator.splat import take
from monalive_export.graphs.face_openings import constant
from monalive_export.graphs.face_regions import neighbour_average
from monalive_export.graphs.retarget_math import constant_times

# The face is halved so often: 32 patches of 15 landmarks.
_HALVINGS: Final = 5
# So many landmarks around a patch weigh anything: what is left out of an average adds to less than 1e-5.
_NEIGHBOURS: Final = 136


class NeighbourPool(nn.Module):
    """`face_regions.neighbour_average` times values (1, 478, d), in a third of the numbers.

    Far landmarks weigh nothing. So the landmarks are put into patches, and each patch is multiplied by the neighbours
    that it has.
    """

    weights: torch.Tensor

    def __init__(self, mean_face: NDArray[np.float64]) -> None:
        super().__init__()
        average = neighbour_average(mean_face)
        patches = _patches(mean_face)
        near = np.argsort(-average[patches].max(1), axis=1, kind="stable")[:, :_NEIGHBOURS]  # (32, 136)
        weights = np.take_along_axis(average[patches], near[:, None], axis=2)  # (32, 15, 136)
        self.near = tuple(map(int, near.ravel()))
        place = np.empty(LANDMARK_COUNT, np.intp)
        place[patches.ravel()] = np.arange(patches.size)
        self.place = tuple(map(int, place))
        self.register_buffer("weights", constant(weights), persistent=False)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """(1, 478, d) to the same shape."""
        patches, rows, _ = self.weights.shape
        near = take(values, self.near).reshape(patches, _NEIGHBOURS, values.shape[2])
        averaged = constant_times(self.weights, near).reshape(1, patches * rows, values.shape[2])
        return take(averaged, self.place)


def _patches(mean_face: NDArray[np.float64]) -> NDArray[np.intp]:
    """(32, 15) landmarks that lie together; 478 is no multiple, so that two are in two patches."""
    count = 2**_HALVINGS
    rest = -LANDMARK_COUNT % count
    patches = [np.concatenate([np.arange(LANDMARK_COUNT), np.arange(rest)])]
    for _ in range(_HALVINGS):
        patches = [half for patch in patches for half in _halved(mean_face, patch)]
    return np.stack(patches)


def _halved(mean_face: NDArray[np.float64], patch: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    points = mean_face[patch]
    axis = int(np.argmax(np.ptp(points, axis=0)))
    return np.split(patch[np.argsort(points[:, axis], kind="stable")], 2)
