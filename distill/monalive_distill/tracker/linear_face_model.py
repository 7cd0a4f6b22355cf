"""A last layer that starts as the mean and principal components of what it is to give."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

# What the layer counts in: its weights are about 1 in it, so that steps of the usual size do not undo its start.
FACE_UNIT = 0.01


@torch.no_grad()
def start_from_samples(layer: nn.Linear, samples: NDArray[np.floating]) -> None:
    """Sets a layer to the mean and principal components of samples.

    Args:
        layer: its output times `FACE_UNIT` is a sample; its inputs become the components' shares, 1 in the mean.
        samples: (N, outputs of the layer).
    """
    flat = np.asarray(samples, np.float64)
    mean = flat.mean(axis=0)
    _, singular, directions = np.linalg.svd(flat - mean, full_matrices=False)
    count = min(layer.in_features, len(singular))
    deviations = singular[:count] / np.sqrt(len(flat))
    basis = np.zeros((layer.out_features, layer.in_features))
    basis[:, :count] = (directions[:count] * deviations[:, None]).T
    layer.weight.copy_(torch.from_numpy(basis / FACE_UNIT))
    layer.bias.copy_(torch.from_numpy(mean / FACE_UNIT))
