"""Small networks that read eyes and mouth again, from magnified crops of the level face crop.

The first reading of a face is good enough to say where its eyes and its mouth are, too coarse for irises, lids and
lips. As in Grishchenko et al., "Attention Mesh" (2020), section 3, each region is cut out at that place and read by a
network of its own; one network reads both eyes, the right one mirrored.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from monalive.faces.expressions import load_expressions
from monalive.faces.landmarks import (
    FACE_OVAL,
    IRISES,
    LEFT_EYE_CORNERS,
    LIPS_OUTER,
    NOSE,
    RIGHT_EYE_CORNERS,
)
from monalive_distill.generator.layers import ConvBlock, ResidualBlock
from monalive_distill.generator.primitives import primitives
from monalive_distill.generator.splat import take
from monalive_distill.tracker.linear_face_model import FACE_UNIT, start_from_samples

CHANNELS = (24, 32, 48)  # at a half, a quarter, an eighth of the crop
RESIDUAL_BLOCKS = (0, 2, 2)
PACKED, HIDDEN, SHAPE_NUMBERS = 40, 128, 48
# Outer-eye-corner distance of a usual face in units of the level crop.
EYE_DISTANCE = 0.42
# Landmarks nearer to the edge of a crop than the first are not read again, those further than the second in full.
LEAST_MARGIN, FULL_MARGIN = 0.06, 0.16


@dataclass(frozen=True)
class Region:
    """A region of the face, upright in the level crop.

    Attributes:
        points: indices of the landmarks that are read in it.
        shares: (K,) how much the second reading of each counts, [0, 1]: less near the crop's edge, so that the face has
            no step there.
        centre: landmarks whose mean is the middle of the crop, but for `below`.
        below: how far below that mean the middle lies, in units of the level crop.
        width, height: of what is cut out, in units of the level crop.
        pixels: columns and rows that it is sampled at.
        mirrored: the crop shows the region mirrored.
    """

    points: tuple[int, ...]
    shares: NDArray[np.float32]
    centre: tuple[int, ...]
    below: float
    width: float
    height: float
    pixels: tuple[int, int]
    mirrored: bool = False

    def middle(self, landmarks: torch.Tensor) -> torch.Tensor:
        """(N, 478, 2 or 3) landmarks to (N, 2), the middle of the crop, units of the level crop."""
        mean = take(landmarks, self.centre)[..., :2].mean(1)
        return mean + torch.tensor([0.0, self.below], device=mean.device)

    def cut(self, pictures: torch.Tensor, middle: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, H) level crops to (N, 3, rows, columns)."""
        across, down = (
            (torch.arange(count, device=middle.device) + 0.5) / count - 0.5 for count in self.pixels
        )  # of the region's width and height
        if self.mirrored:
            across = -across
        x = middle[:, 0:1] + across[None] * self.width
        y = middle[:, 1:2] + down[None] * self.height
        return primitives().crop(pictures, x, y)

    def place(self, points: torch.Tensor, middle: torch.Tensor) -> torch.Tensor:
        """(N, K, 2) in units of the region, from its middle, to units of the level crop."""
        width = -self.width if self.mirrored else self.width
        size = torch.tensor([width, self.height], device=points.device)
        return points * size + middle[:, None]

    def within(self, landmarks: NDArray[np.floating]) -> NDArray[np.float64]:
        """The inverse of `place`, of true landmarks (N, 478, 2 or 3): (N, K, 2)."""
        middle = self.middle(torch.from_numpy(np.asarray(landmarks, np.float32))).numpy()
        width = -self.width if self.mirrored else self.width
        offsets = landmarks[:, list(self.points), :2] - middle[:, None]
        return np.asarray(offsets / np.array([width, self.height]), np.float64)


class RegionReader(nn.Module):
    """(N, 3, rows, columns) crop to (N, K, 2) points in units of the region, from its middle.

    Args:
        region: what it reads.
    """

    def __init__(self, region: Region) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for channels, blocks in zip(CHANNELS, RESIDUAL_BLOCKS, strict=True):
            layers += [ConvBlock(before, channels, stride=2), *(ResidualBlock(channels) for _ in range(blocks))]
            before = channels
        self.features = nn.Sequential(*layers)
        self.pack = nn.Sequential(nn.Conv2d(before, PACKED, 3, 2, 1, bias=False), nn.BatchNorm2d(PACKED))
        columns, rows = (length // (2 << len(CHANNELS)) for length in region.pixels)
        self.hidden = nn.Sequential(
            nn.Linear(PACKED * columns * rows, HIDDEN, bias=False), nn.BatchNorm1d(HIDDEN), nn.ReLU()
        )
        self.shape_numbers = nn.Linear(HIDDEN, SHAPE_NUMBERS)
        self.points = nn.Linear(SHAPE_NUMBERS, len(region.points) * 2)

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        packed = self.pack(self.features(crops))
        with torch.autocast(crops.device.type, enabled=False):  # half precision would round landmarks
            numbers = self.shape_numbers(self.hidden(packed.float().flatten(1)))
            read: torch.Tensor = self.points(numbers)
            return read.reshape(len(crops), -1, 2) * FACE_UNIT


class RegionReaders(nn.Module):
    """Reads eyes and mouth of a face again.

    Attributes:
        source: for each of the 478 landmarks its row, where the first reading and the three regions' lie in a row.
    """

    def __init__(self) -> None:
        super().__init__()
        self.left_eye, self.right_eye, self.mouth = face_regions()
        self.eye_reader = RegionReader(self.left_eye)
        self.mouth_reader = RegionReader(self.mouth)
        source = list(range(478))
        row = 478
        for region in (self.left_eye, self.right_eye, self.mouth):
            for index in region.points:
                source[index] = row
                row += 1
        self.source = tuple(source)

    def forward(self, pictures: torch.Tensor, landmarks: torch.Tensor) -> torch.Tensor:
        """Both readings as one.

        Args:
            pictures: (N, 3, H, H) level crops in [0, 1].
            landmarks: (N, 478, 3) the first reading, units of the crop's side.

        Returns:
            (N, 478, 3); z is the first reading's.
        """
        first = landmarks.detach()
        left, right, mouth = (region.middle(first) for region in (self.left_eye, self.right_eye, self.mouth))
        eyes = torch.cat((self.left_eye.cut(pictures, left), self.right_eye.cut(pictures, right)))
        read = self.eye_reader(eyes)
        count = len(pictures)
        again = (
            (self.left_eye, left, read[:count]),
            (self.right_eye, right, read[count:]),
            (self.mouth, mouth, self.mouth_reader(self.mouth.cut(pictures, mouth))),
        )
        rows = [
            landmarks,
            *(_mixed(region, landmarks, region.place(points, middle)) for region, middle, points in again),
        ]
        return take(torch.cat(rows, 1), self.source)

    def start_from_faces(self, landmarks: NDArray[np.floating]) -> None:
        """Sets the readers' last layers to the mean and principal components of faces (F, 478, 3), level crop units."""
        eyes = np.concatenate([self.left_eye.within(landmarks), self.right_eye.within(landmarks)])
        start_from_samples(self.eye_reader.points, eyes.reshape(len(eyes), -1))
        start_from_samples(self.mouth_reader.points, self.mouth.within(landmarks).reshape(len(landmarks), -1))


def _mixed(region: Region, landmarks: torch.Tensor, again: torch.Tensor) -> torch.Tensor:
    """(N, K, 3): a region's points of the first reading (N, 478, 3) and of the second (N, K, 2), by its shares."""
    first = take(landmarks, region.points)
    shares = torch.from_numpy(region.shares).to(first.device)[None, :, None]
    flat = first[..., :2] + shares * (again - first[..., :2])
    return torch.cat((flat, first[..., 2:]), -1)


@functools.cache
def face_regions() -> tuple[Region, Region, Region]:
    """The left eye, the right eye and the mouth. The eyes' points and shares are each other's mirror images."""
    basis = load_expressions()
    face = basis.mean_face * EYE_DISTANCE  # in units of the level crop, but for the origin
    middle_line = {index for index, opposite in enumerate(basis.mirror) if index == opposite}
    beside = np.array([index not in middle_line for index in range(len(face))])
    above_the_nose = face[:, 1] < face[NOSE[3], 1]
    outline = np.isin(np.arange(len(face)), FACE_OVAL)
    left = _region(face, LEFT_EYE_CORNERS, -0.03, (0.28, 0.28), (64, 64), beside & (face[:, 0] > 0) & ~outline)
    right = Region(
        tuple(int(basis.mirror[index]) for index in left.points),
        left.shares,
        RIGHT_EYE_CORNERS,
        left.below,
        left.width,
        left.height,
        left.pixels,
        mirrored=True,
    )
    lower = ~above_the_nose & ~outline & ~np.isin(np.arange(len(face)), (*NOSE, *IRISES))
    mouth = _region(face, LIPS_OUTER, 0.02, (0.40, 0.32), (80, 64), lower)
    return left, right, mouth


def _region(
    face: NDArray[np.float64],
    centre: tuple[int, ...],
    below: float,
    size: tuple[float, float],
    pixels: tuple[int, int],
    wanted: NDArray[np.bool_],
) -> Region:
    """A region and, of the landmarks `wanted` (478,), those well within it on the mean face."""
    middle = face[list(centre), :2].mean(0) + np.array([0.0, below])
    margin = (0.5 - np.abs((face[:, :2] - middle) / np.array(size))).min(axis=1)  # to the crop's edge, in its size
    shares = np.clip((margin - LEAST_MARGIN) / (FULL_MARGIN - LEAST_MARGIN), 0, 1)
    points = np.flatnonzero(wanted & (shares > 0))
    return Region(
        tuple(int(index) for index in points),
        shares[points].astype(np.float32),
        centre,
        below,
        *size,
        pixels,
    )
