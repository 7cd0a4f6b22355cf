"""Landmarks of a level face to 52 blendshape scores: three linear layers over standardised coordinates."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from monalive.faces.blendshapes import BLENDSHAPE_NAMES
from monalive.faces.landmarks import LANDMARK_COUNT

COORDINATES = LANDMARK_COUNT * 2
HIDDEN = (160, 96)
LEAST_SPREAD = 0.004  # chin and forehead bound the region: there they hardly move in it
SCORES = len(BLENDSHAPE_NAMES)


class BlendshapeNetwork(nn.Module):
    """(N, 478, 2) landmarks in units of the level region (`level_crop`) to (N, 52) logits of the scores."""

    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(COORDINATES))
        self.register_buffer("scale", torch.ones(COORDINATES))
        first, second = HIDDEN
        self.layers = nn.Sequential(
            nn.Linear(COORDINATES, first),
            nn.ReLU(),
            nn.Linear(first, second),
            nn.ReLU(),
            nn.Linear(second, SCORES),
        )

    def forward(self, level_landmarks: torch.Tensor) -> torch.Tensor:
        with torch.autocast(level_landmarks.device.type, enabled=False):  # a lid moves by thousandths of the region
            standard = (level_landmarks.reshape(-1, COORDINATES) - self.mean) * self.scale
            logits: torch.Tensor = self.layers(standard)
            return logits

    @torch.no_grad()
    def start_from_faces(self, landmarks: NDArray[np.floating]) -> None:
        """Sets the standardisation to the mean and spread of faces (F, 478, 2)."""
        flat = np.asarray(landmarks, np.float64).reshape(len(landmarks), -1)
        self.mean.copy_(torch.from_numpy(flat.mean(axis=0)))
        self.scale.copy_(torch.from_numpy(1.0 / np.maximum(flat.std(axis=0), LEAST_SPREAD)))
