"""Magnified views of the mouth and the eyes, where a picture is judged first and a whole-picture loss looks last."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from monalive.faces.landmarks import LEFT_EYE, LIPS_OUTER, RIGHT_EYE
from monalive_distill.generator.splat import take
from monalive_distill.generator.warp import pixel_centres

CROP_SIZE = 96
# (landmarks, half the crop's side in units of the landmarks' larger extent)
_VIEWS = ((LIPS_OUTER, 0.85), ((*LEFT_EYE, *RIGHT_EYE), 0.62))


def detail_crops(images: torch.Tensor, landmarks: torch.Tensor) -> torch.Tensor:
    """Square crops around the mouth, then around both eyes.

    Args:
        images: (N, 3, H, H).
        landmarks: (N, 478, 2) in units of the side.

    Returns:
        (2 N, 3, 96, 96): N mouths, then N pairs of eyes; differentiable in `images`.
    """
    views = []
    for indices, reach in _VIEWS:
        points = take(landmarks, indices)
        low, high = points.amin(1), points.amax(1)  # (N, 2)
        half = ((high - low).amax(1, keepdim=True) * reach).clamp(min=0.04)
        offsets = (pixel_centres(CROP_SIZE, images.device) * 2 - 1) * half  # (N, 96)
        centre = (low + high) / 2
        x = (centre[:, 0:1] + offsets).unsqueeze(1).expand(-1, CROP_SIZE, -1)
        y = (centre[:, 1:2] + offsets).unsqueeze(2).expand(-1, -1, CROP_SIZE)
        grid = torch.stack((x, y), -1) * 2 - 1
        views.append(F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False))
    return torch.cat(views)
