"""What the generator sees of the wanted pose: the landmark drawing, and beside it the photo moved there.

The drawing is that of `splat.draw_landmarks`: one soft map per facial contour, the irises, and the open mouth and eyes
as areas. The paper rasterises the contours in different colours into one RGB picture, which says the same; maps need
no rasteriser, tell left from right without colours, add where the eyes look, and are the lightweight generator's own
input. The moved photo (`photo_mover`) is not in the paper; without it this is the paper's model.
"""

from __future__ import annotations

import torch

from monalive_distill.generator.geometry_prior import geometry_prior
from monalive_distill.generator.lightweight_generator import FINE_DRAWING_SIGMA
from monalive_distill.generator.splat import draw_landmarks
from monalive_distill.generator.warp import warp

_LEAST_SIGMA_PIXELS = 0.75  # thinner lines fall between the pixels


def draw(landmarks: torch.Tensor, size: int) -> torch.Tensor:
    """Landmarks (..., 478, 2) in units of the side to drawings (..., DRAWING_CHANNELS, size, size) in [0, 1.5]."""
    flat = landmarks.flatten(0, -3)
    with torch.no_grad(), torch.autocast(flat.device.type, enabled=False):
        drawn = draw_landmarks(flat.float(), size, max(FINE_DRAWING_SIGMA, _LEAST_SIGMA_PIXELS / size))
    drawings: torch.Tensor = drawn.unflatten(0, landmarks.shape[:-2])
    return drawings


def move_photo(photo: torch.Tensor, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Photos (N, 3, H, H) with landmarks `source` (N, 478, 2), moved to the landmarks `target` by geometry alone."""
    with torch.no_grad(), torch.autocast(photo.device.type, enabled=False):
        return warp(photo.float(), geometry_flow(source, target))


def geometry_flow(source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """(N, 2, 128, 128) source minus target in units of the side, without gradient: how `move_photo` moves them."""
    with torch.no_grad(), torch.autocast(source.device.type, enabled=False):
        return geometry_prior(source.float(), target.float()).face_flow


def nearest_photo(landmarks: torch.Tensor, photos: torch.Tensor) -> torch.Tensor:
    """(N,) which of T photos, landmarks (T, 478, 2), is nearest in pose to each of `landmarks` (N, 478, 2).

    Place and size in the picture do not count: an affine map carries them over well.
    """

    def shape(points: torch.Tensor) -> torch.Tensor:
        centred = points - points.mean(1, keepdim=True)
        return (centred / centred.square().mean((1, 2), keepdim=True).sqrt()).flatten(1)

    return torch.cdist(shape(landmarks), shape(photos)).argmin(1)
