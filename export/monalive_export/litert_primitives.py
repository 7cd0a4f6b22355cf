"""Sampling and indexing as flat gathers: what LiteRT and its GPU delegate run instead of GATHER_ND."""

from __future__ import annotations

import litert_torch.backend.experimental.torch_tfl  # noqa: F401  (registers torch.ops.tfl)
import torch


class LiteRTPrimitives:
    """Primitives for pictures in batches of one; the same numbers as PyTorch's up to rounding, rank 4 at most."""

    def sample(self, image: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        _, channels, size, _ = image.shape
        last = size - 1.0
        column = torch.clamp(x * size - 0.5, 0.0, last).reshape(-1, 1)  # (H * H, 1)
        row = torch.clamp(y * size - 0.5, 0.0, last).reshape(-1, 1)
        left = torch.clamp(torch.floor(column), max=last - 1)
        top = torch.clamp(torch.floor(row), max=last - 1)
        across, down = column - left, row - top
        index = (top * size + left).reshape(-1).to(torch.int32)
        rows = image.permute(0, 2, 3, 1).reshape(size * size, channels)
        # One weight per corner: fewer passes over the (H * H, C) arrays than mixing along x, then along y.
        sampled = _gather(rows, index) * ((1 - across) * (1 - down))
        sampled = sampled + _gather(rows, index + 1) * (across * (1 - down))
        sampled = sampled + _gather(rows, index + size) * ((1 - across) * down)
        sampled = sampled + _gather(rows, index + size + 1) * (across * down)
        return sampled.reshape(1, size, size, channels).permute(0, 3, 1, 2)

    def take(self, rows: torch.Tensor, indices: tuple[int, ...]) -> torch.Tensor:
        _, count, width = rows.shape
        index = torch.tensor(indices, dtype=torch.int32)
        return _gather(rows.reshape(count, width), index).reshape(1, len(indices), width)


def _gather(rows: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    return torch.ops.tfl.gather(rows, index, 0)
