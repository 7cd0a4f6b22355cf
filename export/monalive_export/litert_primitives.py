"""Sampling and indexing as flat gathers: what LiteRT and its GPU delegate run instead of GATHER_ND."""

from __future__ import annotations

import litert_torch.backend.experimental.torch_tfl  # noqa: F401  (registers torch.ops.tfl)
import numpy as np
import torch
import torch.nn.functional as F


class LiteRTPrimitives:
    """Primitives for pictures in batches of one; the same numbers as PyTorch's up to rounding, rank 4 at most."""

    def sample(self, image: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        _, channels, size, _ = image.shape
        column, row = (torch.clamp(t * size - 0.5, 0.0, size - 1.0) for t in (x, y))  # (1, H, H) pixels
        left, top = (torch.clamp(torch.floor(t), max=size - 2.0) for t in (column, row))
        across, down = column - left, row - top
        corner = across * down
        # Shares of the four neighbours of a place: upper left, upper right, lower left, lower right.
        shares = (1 - across - down + corner, across - corner, down - corner, corner)
        rows = image.permute(0, 2, 3, 1).reshape(size * size, channels)
        index = (top * size + left).reshape(-1).to(torch.int32)
        sampled = None
        for offset, share in zip((0, 1, size, size + 1), shares, strict=True):
            read = _gather(rows, index + offset if offset else index)
            read = read.reshape(1, size, size, channels).permute(0, 3, 1, 2)
            # A convolution repeats the share for every channel: multiplying by one number per row goes row by row.
            weighted = read * F.conv2d(share.unsqueeze(1), _repeat(channels))
            sampled = weighted if sampled is None else sampled + weighted
        assert sampled is not None
        return sampled

    def take(self, rows: torch.Tensor, indices: tuple[int, ...]) -> torch.Tensor:
        _, count, width = rows.shape
        index = torch.tensor(indices, dtype=torch.int32)
        return _gather(rows.reshape(count, width), index).reshape(1, len(indices), width)


def _gather(rows: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    return torch.ops.tfl.gather(rows, index, 0)


def _repeat(channels: int) -> torch.Tensor:
    """(C, 1, 1, 1): a 1 x 1 convolution from one channel to C like it."""
    return torch.from_numpy(np.ones((channels, 1, 1, 1), np.float32))
