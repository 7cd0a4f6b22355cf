"""Level face crop to 478 landmarks, presence and openness: dense convolutions and a linear face model at the end.

The last layer starts as the landmarks' mean and principal components over the training faces, so that the network
first learns where a face is and which way it looks, and only then details. Everything is trained. Eyes and mouth are
read once more, from crops laid by this first reading (`region_readers`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from monalive.faces.landmarks import LANDMARK_COUNT
from monalive_distill.generator.layers import ConvBlock, ResidualBlock
from monalive_distill.tracker.linear_face_model import FACE_UNIT, start_from_samples
from monalive_distill.tracker.region_readers import RegionReaders

INPUT_SIZE = 192
STEM = 24  # channels at a quarter of the input, read in one step: maps at a half would cost more than all the rest
CHANNELS = (32, 64, 96)  # at an eighth, a 16th, a 32nd
RESIDUAL_BLOCKS = (1, 2, 1)
PACKED = 48  # channels of the last map, which is read place by place
HIDDEN, SHAPE_NUMBERS = 192, 128
OPENINGS = 3  # right eye, left eye, mouth


class FaceReading(NamedTuple):
    """What the network says of N crops.

    Attributes:
        landmarks: (N, 478, 3) in units of the crop's side, x and y from its corner.
        presence: (N, 1) logit of there being a face.
        openness: (N, 3) of the right eye, the left eye and the mouth: height over width, in the head's own frame.
        first: (N, 478, 3) the landmarks before eyes and mouth were read again.
    """

    landmarks: torch.Tensor
    presence: torch.Tensor
    openness: torch.Tensor
    first: torch.Tensor


class LandmarkNetwork(nn.Module):
    """See `FaceReading`. Input: (N, 3, 192, 192) RGB in [0, 1], what `extract_level` cuts out."""

    def __init__(self) -> None:
        super().__init__()
        stem = nn.Conv2d(3, STEM, 6, 4, 1, bias=False)
        layers: list[nn.Module] = [stem, nn.BatchNorm2d(STEM), nn.ReLU(inplace=True)]
        before = STEM
        for channels, blocks in zip(CHANNELS, RESIDUAL_BLOCKS, strict=True):
            layers += [ConvBlock(before, channels, stride=2), *(ResidualBlock(channels) for _ in range(blocks))]
            before = channels
        self.features = nn.Sequential(*layers)
        self.pack = nn.Sequential(nn.Conv2d(before, PACKED, 1, bias=False), nn.BatchNorm2d(PACKED))
        places = (INPUT_SIZE // 4 >> len(CHANNELS)) ** 2
        self.hidden = nn.Sequential(nn.Linear(PACKED * places, HIDDEN, bias=False), nn.BatchNorm1d(HIDDEN), nn.ReLU())
        self.shape_numbers = nn.Linear(HIDDEN, SHAPE_NUMBERS)
        self.face = nn.Linear(SHAPE_NUMBERS, LANDMARK_COUNT * 3)
        self.presence = nn.Linear(HIDDEN, 1)
        self.openness = nn.Linear(HIDDEN, OPENINGS)
        self.regions = RegionReaders()

    def forward(self, crops: torch.Tensor) -> FaceReading:
        packed = self.pack(self.features(crops))  # (N, 48, 6, 6)
        with torch.autocast(crops.device.type, enabled=False):  # half precision would round landmarks to half a pixel
            hidden = self.hidden(packed.float().flatten(1))
            first = self.face(self.shape_numbers(hidden)).reshape(-1, LANDMARK_COUNT, 3) * FACE_UNIT
            presence, openness = self.presence(hidden), self.openness(hidden)
        return FaceReading(self.regions(crops, first), presence, openness, first)

    def start_from_faces(self, landmarks: NDArray[np.floating]) -> None:
        """Sets the last layers to the mean and principal components of faces (F, 478, 3), units of the crop's side."""
        start_from_samples(self.face, landmarks.reshape(len(landmarks), -1))
        self.regions.start_from_faces(landmarks)
