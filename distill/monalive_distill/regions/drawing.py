"""Drawings and splats on crops that need not be square, all in crop pixels."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import torch

from monalive.faces.landmarks import (
    LEFT_BROW,
    LEFT_EYE,
    LEFT_IRIS,
    LEFT_LID_PAIRS,
    LIP_PAIRS,
    LIPS_INNER,
    LIPS_OUTER,
)
from monalive_distill.generator.primitives import primitives
from monalive_distill.generator.splat import take

# The upper edge of a left brow; `LEFT_BROW` is its lower one.
LEFT_BROW_TOP = (300, 293, 334, 296, 336)
JAW = (58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288)
NOSE_WINGS = (129, 98, 97, 2, 326, 327, 358)
SIGMA = 1.0  # half a line's width
_FILLS = (0.15, 0.3, 0.5, 0.7, 0.85)
_BLOB = 3.0  # an iris is drawn as a disc of about this many pixels beside its outline


class Stroke(NamedTuple):
    """A Gaussian at `first` + `share` * (`second` - `first`)."""

    first: int
    second: int
    share: float
    sigma: float
    fades: bool  # with the gap between first and second: where lids or lips meet nothing is open


class Drawing:
    """What is drawn of a region: one map per list of strokes, all by one matrix product."""

    def __init__(self, maps: Sequence[Sequence[Stroke]]) -> None:
        longest = max(map(len, maps))
        self.channels = len(maps)
        padded = [[*strokes, *[Stroke(0, 0, 0.0, SIGMA, True)] * (longest - len(strokes))] for strokes in maps]
        flat = [stroke for strokes in padded for stroke in strokes]
        self._first, self._second = tuple(s.first for s in flat), tuple(s.second for s in flat)
        self._share = torch.tensor([s.share for s in flat]).view(1, -1, 1)
        self._sharpness = torch.tensor([-0.5 / s.sigma**2 for s in flat]).view(1, self.channels, longest, 1)
        self._fades = torch.tensor([float(s.fades) for s in flat]).view(1, -1, 1)

    def __call__(self, points: torch.Tensor, height: int, width: int) -> torch.Tensor:
        """Landmarks (N, 478, 2) in crop pixels to (N, channels, height, width) in [0, 1.5]."""
        share, sharpness, fades = (x.to(points) for x in (self._share, self._sharpness, self._fades))
        first, second = take(points, self._first), take(points, self._second)
        apart = second - first
        gap = (apart * apart).sum(-1, keepdim=True)
        weights = 1 - fades + fades * gap / (gap + 2.0)
        count = points.shape[0]
        places = (first + apart * share).reshape(count, self.channels, -1, 2)
        columns, rows = kernels(places, height, width, sharpness)
        drawn = torch.matmul(rows * weights.reshape(count, self.channels, 1, -1), columns)
        return torch.clamp(drawn, max=1.5)


def kernels(
    places: torch.Tensor, height: int, width: int, sharpness: torch.Tensor | float
) -> tuple[torch.Tensor, torch.Tensor]:
    """exp(sharpness d d) along x (..., K, width) and along y (..., height, K) of places (..., K, 2)."""
    across = torch.arange(width, dtype=torch.float32, device=places.device) + 0.5
    down = torch.arange(height, dtype=torch.float32, device=places.device) + 0.5
    x = places[..., 0:1] - across
    y = places[..., 1:2].transpose(-1, -2) - down.unsqueeze(-1)
    along_y = sharpness if isinstance(sharpness, float) else sharpness.transpose(-1, -2)
    return torch.exp(x * x * sharpness), torch.exp(y * y * along_y)


def splat(places: torch.Tensor, values: torch.Tensor, height: int, width: int, sigma: float) -> torch.Tensor:
    """Sums of Gaussians: places (N, K, 2) pixels, values (N, K, C), to (N, C, height, width)."""
    count, points, channels = values.shape
    columns, rows = kernels(places, height, width, -0.5 / sigma**2)
    weighted = (rows.unsqueeze(1) * values.transpose(1, 2).unsqueeze(2)).reshape(count, channels * height, points)
    return torch.bmm(weighted, columns).reshape(count, channels, height, width)


def read_at(image: torch.Tensor, flow: torch.Tensor, middle: float = 0.5) -> torch.Tensor:
    """`image` (N, C, H, W) read where `flow` (N, 2, h, w) points to: source minus target, pixels of the flow.

    `middle` is where a pixel of the flow begins to be read, from its left and upper edge.
    """
    height, width = flow.shape[-2:]
    across = torch.arange(width, dtype=torch.float32, device=image.device) + middle
    down = torch.arange(height, dtype=torch.float32, device=image.device) + middle
    x = (flow[:, 0] + across.view(1, 1, -1)) * (1 / width)
    y = (flow[:, 1] + down.view(1, -1, 1)) * (1 / height)
    return primitives().sample(image, x, y)


def _line(contour: Sequence[int], closed: bool, pieces: int) -> list[Stroke]:
    """A contour with `pieces` Gaussians between neighbours."""
    ends = zip(contour, (*contour[1:], contour[0]), strict=True)
    pairs = list(ends) if closed else list(ends)[:-1]
    strokes = [Stroke(a, b, k / pieces, SIGMA, False) for a, b in pairs for k in range(pieces)]
    return strokes if closed else [*strokes, Stroke(contour[-1], contour[-1], 0.0, SIGMA, False)]


def _area(pairs: Sequence[tuple[int, int]], sigma: float) -> list[Stroke]:
    """What lies between edges that meet."""
    return [Stroke(upper, lower, share, sigma, True) for share in _FILLS for upper, lower in pairs]


@functools.cache
def eye_drawing() -> Drawing:
    """Lids; the opening between them; the iris's outline; the iris as a disc; the brow."""
    centre, *ring = LEFT_IRIS
    return Drawing(
        [
            _line(LEFT_EYE, True, 3),
            _area(LEFT_LID_PAIRS, 1.5),
            _line(ring, True, 4),
            [Stroke(centre, centre, 0.0, _BLOB, False)],
            [*_line(LEFT_BROW, False, 4), *_line(LEFT_BROW_TOP, False, 4)],
        ]
    )


OPENING = 2  # which map of the mouth's drawing shows the opening between the lips


@functools.cache
def mouth_drawing() -> Drawing:
    """Outer and inner edge of the lips; the opening between them; jaw and wings of the nose."""
    return Drawing(
        [
            _line(LIPS_OUTER, True, 3),
            _line(LIPS_INNER, True, 3),
            _area(LIP_PAIRS, 3.0),
            [*_line(JAW, False, 4), *_line(NOSE_WINGS, False, 3)],
        ]
    )
