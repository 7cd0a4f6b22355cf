"""Pictures as the tracker's networks take them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray


def to_pictures(pictures: NDArray[np.uint8], device: str | torch.device = "cpu") -> torch.Tensor:
    """(N, H, W, 3) uint8 to (N, 3, H, W) in [0, 1]."""
    return torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float() / 255
