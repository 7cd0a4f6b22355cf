"""Separable Gaussian splats: landmarks to dense maps by matrix products alone.

A sum of K isotropic Gaussians on an n x n grid, each weighted by a value, factors into one [n, K] x [K, n] product per
value, because the kernel is separable. It needs no rasteriser and no scatter, and it is differentiable.
"""

from __future__ import annotations

import torch

from monalive.faces.landmarks import DRAWN_CONTOURS, IRIS_CENTRES, LEFT_LID_PAIRS, LIP_PAIRS, RIGHT_LID_PAIRS
from monalive_distill.primitives import primitives
from monalive_distill.warp import pixel_centres

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
    centres = pixel_centres(size, positions.device)
    offset = positions.unsqueeze(-1) - centres  # (N, K, 2, n)
    kernel = torch.exp(offset * offset * (-0.5 / sigma**2))
    columns, rows = kernel[:, :, 0], kernel[:, :, 1].transpose(1, 2)  # (N, K, n), (N, n, K)
    channels = [
        torch.bmm(rows * values[:, :, c].unsqueeze(1), columns).unsqueeze(1) for c in range(values.shape[-1])
    ]
    return torch.cat(channels, 1)


def draw_landmarks(landmarks: torch.Tensor, size: int, sigma: float) -> torch.Tensor:
    """A landmark drawing: one soft line map per facial contour, one for the irises, and the areas of the open mouth
    and the open eyes.

    Args:
        landmarks: (N, 478, 2) unit coordinates.
        size: side of the drawing in pixels.
        sigma: half the line's width in units of the side.

    Returns:
        (N, DRAWING_CHANNELS, size, size) in [0, 1.5].
    """
    maps = []
    for contour, closed in DRAWN_CONTOURS:
        points = take(landmarks, contour)  # (N, k, 2)
        after = take(landmarks, (*contour[1:], contour[0]))
        middles = (points + after) * 0.5
        if not closed:
            middles = middles[:, : len(contour) - 1]
        maps.append(_density(torch.cat((points, middles), 1), size, sigma))
    maps.append(_density(take(landmarks, IRIS_CENTRES), size, sigma))
    maps.extend(_opening(landmarks, pairs, size, sigma) for pairs in OPENINGS)
    return torch.clamp(torch.cat(maps, 1), max=1.5)


def take(landmarks: torch.Tensor, indices: tuple[int, ...]) -> torch.Tensor:
    """Landmarks (N, 478, d) at `indices`: (N, len(indices), d)."""
    return primitives().take(landmarks, indices)


def _opening(landmarks: torch.Tensor, pairs: tuple[tuple[int, int], ...], size: int, sigma: float) -> torch.Tensor:
    """The area between upper and lower points; it fades to nothing where they meet."""
    upper, lower = take(landmarks, tuple(a for a, _ in pairs)), take(landmarks, tuple(b for _, b in pairs))
    gap = ((lower - upper) * (lower - upper)).sum(-1, keepdim=True)  # squared, (N, k, 1)
    weight = gap / (gap + (1.5 * sigma) ** 2)
    points = torch.cat([upper + (lower - upper) * share for share in _ACROSS], 1)
    return splat(points, torch.cat([weight] * len(_ACROSS), 1), size, 1.3 * sigma)


def _density(points: torch.Tensor, size: int, sigma: float) -> torch.Tensor:
    return splat(points, torch.ones_like(points[:, :, :1]), size, sigma)
