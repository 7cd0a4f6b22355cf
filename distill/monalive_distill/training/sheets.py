"""A picture of what the model makes while it trains."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch

from monalive.atomic_file import atomic_path

_MOST_COLUMNS = 12


def write_sample_sheet(path: Path, rows: Sequence[torch.Tensor]) -> None:
    """Writes a JPEG of pictures (N, 3, H, H) in [0, 1], one row each, the first twelve of N; without rows none."""
    if not rows:
        return
    strips = []
    for row in rows:
        pictures = row[:_MOST_COLUMNS].detach().float().clamp(0, 1).permute(0, 2, 3, 1).cpu().numpy()
        strips.append(np.concatenate(list(pictures), 1))
    sheet = np.round(np.concatenate(strips, 0) * 255).astype(np.uint8)
    with atomic_path(path) as unfinished:
        cv2.imwrite(str(unfinished), sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
