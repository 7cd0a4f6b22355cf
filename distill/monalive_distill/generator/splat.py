"""Separable Gaussian splats: landmarks to dense maps by matrix products alone.

A sum of K isotropic Gaussians on an n x n grid, each weighted by a value, factors into one [n, K] x [K, n] product per
value, because the kernel is separable. It needs no rasteriser and no scatter, and it is differentiable.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from monalive.faces.landmarks import DRAWN_CONTOURS, IRIS_CENTRES, LEFT_LID_PAIRS, LIP_PAIRS, RIGHT_LID_PAIRS
from monalive_distill.generator.primitives import primitives
from monalive_distill.generator.warp import pixel_centres

# Where lips or lids part, the opening is drawn as an area: (upper, lower) points.
OPENINGS = (LIP_PAIRS, (*LEFT_LID_PAIRS, *RIGHT_LID_PAIRS))
DRAWING_CHANNELS = len(DRAWN_CONTOURS) + 1 + len(OPENINGS)
_ACROSS = (0.2, 0.5, 0.8)


def splat(positions: torch.Tensor, values: torch.Tensor, size: int, sigma: float) -> torch.Tensor:
    """Sums of Gaussians.

    Args:
        positions: (N, K, 2) unit coordinates.
        values: (N, K, C) weights of each Gaussian in each channel.
        size: side of the maps in pixels.
        sigma: standard deviation in units of the maps' side.

    Returns:
        (N, C, size, size) float32.
    """
    count, points, channels = values.shape
    columns, rows = _kernels(positions, size, -0.5 / sigma**2)  # (N, K, n), (N, n, K)
    weights = values.transpose(1, 2).unsqueeze(2)  # (N, C, 1, K)
    weighted = (rows.unsqueeze(1) * weights).reshape(count, channels * size, points)
    return torch.bmm(weighted, columns).reshape(count, channels, size, size)


def draw_landmarks(landmarks: torch.Tensor, size: int, sigma: float) -> torch.Tensor:
    """A landmark drawing: one soft line map per facial contour, one for the irises, and the areas of the open mouth
    and the open eyes.

    All maps come from one matrix product: every map has as many Gaussians as the one with most, those that it does not
    need with weight 0. (Few large operations: on a phone each small one costs more than its arithmetic.)

    Args:
        landmarks: (N, 478, 2) unit coordinates.
        size: side of the drawing in pixels.
        sigma: half the line's width in units of the side.

    Returns:
        (N, DRAWING_CHANNELS, size, size) in [0, 1.5].
    """
    count, per_map = landmarks.shape[0], len(_FIRST) // DRAWING_CHANNELS
    first, second = take(landmarks, _FIRST), take(landmarks, _SECOND)
    apart = second - first
    gap = (apart * apart).sum(-1, keepdim=True)  # squared, (N, 11 K, 1)
    line, area, share = (_constant(x, landmarks.device) for x in (_LINE, _AREA, _SHARE))  # (1, 11 K, 1)
    # An area fades to nothing where its upper and lower points meet.
    weights = line + area * (gap / (gap + (1.5 * sigma) ** 2))
    sharpness = (line + area / 1.3**2) * (-0.5 / sigma**2)  # areas are drawn with broader strokes
    positions = (first + apart * share).reshape(count, DRAWING_CHANNELS, per_map, 2)
    columns, rows = _kernels(positions, size, sharpness.reshape(1, DRAWING_CHANNELS, per_map, 1))
    drawing = torch.matmul(rows * weights.reshape(count, DRAWING_CHANNELS, 1, per_map), columns)
    return torch.clamp(drawing, max=1.5)


def take(landmarks: torch.Tensor, indices: tuple[int, ...]) -> torch.Tensor:
    """Landmarks (N, 478, d) at `indices`: (N, len(indices), d)."""
    return primitives().take(landmarks, indices)


def _kernels(positions: torch.Tensor, size: int, sharpness: torch.Tensor | float) -> tuple[torch.Tensor, torch.Tensor]:
    """exp(sharpness d d) over distances d along x (..., K, n) and along y (..., n, K); positions (..., K, 2)."""
    centres = pixel_centres(size, positions.device)
    x = positions[..., 0:1] - centres
    y = positions[..., 1:2].transpose(-1, -2) - centres.unsqueeze(-1)
    along_y = sharpness if isinstance(sharpness, float) else sharpness.transpose(-1, -2)
    return torch.exp(x * x * sharpness), torch.exp(y * y * along_y)


def _constant(values: tuple[float, ...], device: torch.device) -> torch.Tensor:
    return torch.tensor(values, device=device).reshape(1, -1, 1)


class _Stroke(NamedTuple):
    """A Gaussian of a drawing, at `first` + `share` * (`second` - `first`)."""

    first: int
    second: int
    share: float
    line: float = 1.0  # its weight if it belongs to a line
    area: float = 0.0  # 1 if it belongs to an area, whose weight depends on the gap between first and second


def _strokes() -> list[list[_Stroke]]:
    """Of every map."""
    maps = []
    for contour, closed in DRAWN_CONTOURS:
        lines = list(zip(contour, (*contour[1:], contour[0]), strict=True))
        points = [_Stroke(first, second, 0.0) for first, second in lines]
        maps.append(points + [_Stroke(first, second, 0.5) for first, second in (lines if closed else lines[:-1])])
    maps.append([_Stroke(centre, centre, 0.0) for centre in IRIS_CENTRES])
    for pairs in OPENINGS:
        maps.append([_Stroke(upper, lower, share, 0.0, 1.0) for share in _ACROSS for upper, lower in pairs])
    longest = max(map(len, maps))
    nothing = _Stroke(0, 0, 0.0, 0.0, 0.0)
    return [strokes + [nothing] * (longest - len(strokes)) for strokes in maps]


# By map, then by stroke.
_FIRST, _SECOND, _SHARE, _LINE, _AREA = zip(*(stroke for strokes in _strokes() for stroke in strokes), strict=True)
