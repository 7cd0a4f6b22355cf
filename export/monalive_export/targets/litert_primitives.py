"""Sampling and indexing as flat gathers: what LiteRT and its GPU delegate run instead of GATHER_ND."""

from __future__ import annotations

from typing import Final

import litert_torch.backend.experimental.torch_tfl  # noqa: F401  (registers torch.ops.tfl)
import numpy as np
import torch
import torch.nn.functional as F

_GROUP: Final = 8  # pixels side by side whose shares one matrix product repeats for every channel

_FEW: Final = 6  # up to so many channels, a picture is enlarged line by line


class LiteRTPrimitives:
    """Primitives for pictures in batches of one; the same numbers as PyTorch's up to rounding, rank 4 at most."""

    def sample(self, image: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        _, channels, *size = image.shape
        tall, wide = size
        height, width = x.shape[1:]
        row, column = (torch.clamp(t * n - 0.5, 0.0, n - 1.0) for t, n in zip((y, x), size, strict=True))  # (1, h, w)
        top, left = (torch.clamp(torch.floor(t), max=n - 2.0) for t, n in zip((row, column), size, strict=True))
        across, down = (_repeat(t, channels) for t in (column - left, row - top))  # (h * w, C)
        rows = image.permute(0, 2, 3, 1).reshape(tall * wide, channels)
        index = (top * wide + left).reshape(-1).to(torch.int32)
        left_above, right_above, left_below, right_below = (
            _gather(rows, index + offset if offset else index) for offset in (0, 1, wide, wide + 1)
        )
        above = left_above + across * (right_above - left_above)
        below = left_below + across * (right_below - left_below)
        sampled = above + down * (below - above)
        return sampled.reshape(1, height, width, channels).permute(0, 3, 1, 2)

    def crop(self, image: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        _, channels, tall, wide = image.shape
        width, height = x.shape[1], y.shape[1]
        rows = image.permute(0, 2, 3, 1).reshape(tall, wide * channels)
        rows = _read_between(rows, y[0]).reshape(1, height, wide, channels)
        columns = rows.permute(0, 2, 1, 3).reshape(wide, height * channels)
        return _read_between(columns, x[0]).reshape(1, width, height, channels).permute(0, 3, 2, 1)

    def enlarge(self, x: torch.Tensor, size: int) -> torch.Tensor:
        _, channels, height, width = x.shape
        if channels > _FEW:
            return F.interpolate(x, size=(size, size), mode="bilinear", align_corners=False)
        # The runtime resizes pixel by pixel. First down, every row as the channels of one pixel, then across.
        rows = _stretched(x.permute(0, 2, 1, 3).reshape(height, channels * width), size)  # (size, C w)
        columns = rows.reshape(size, channels, width).permute(2, 1, 0).reshape(width, channels * size)
        return _stretched(columns, size).reshape(1, size, channels, size).permute(0, 2, 3, 1)

    def repeat(self, plane: torch.Tensor, channels: int) -> torch.Tensor:
        return _repeat(plane, channels).reshape(*plane.shape[:3], channels)

    def take(self, rows: torch.Tensor, indices: tuple[int, ...]) -> torch.Tensor:
        _, count, width = rows.shape
        index = torch.tensor(indices, dtype=torch.int32)
        return _gather(rows.reshape(count, width), index).reshape(1, len(indices), width)


def _read_between(lines: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """Lines (n, k), each where its middle is in units of all of them, to (m, k) at places (m,): mixed by distance."""
    count = len(lines)
    place = torch.clamp(places * count - 0.5, 0.0, count - 1.0)
    before = torch.clamp(torch.floor(place), max=count - 2.0)
    index = before.to(torch.int32)
    first, second = _gather(lines, index), _gather(lines, index + 1)
    return first + (place - before).unsqueeze(1) * (second - first)


def _stretched(lines: torch.Tensor, size: int) -> torch.Tensor:
    """(n, k) to (size, k), bilinear with half-pixel centres."""
    pixels = lines.T.reshape(1, lines.shape[1], lines.shape[0], 1)  # k channels of a picture one pixel wide
    return F.interpolate(pixels, size=(size, 1), mode="bilinear", align_corners=False).reshape(lines.shape[1], size).T


def _gather(rows: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    gathered: torch.Tensor = torch.ops.tfl.gather(rows, index, 0)
    return gathered


def _repeat(share: torch.Tensor, channels: int) -> torch.Tensor:
    """(1, H, W) or (1, H, W, 1) to (H * W, C): every pixel's number once per channel, to multiply pictures with.

    (Runtimes multiply a row of channels by one number with a call per pixel; a matrix product takes a tenth of it.)
    """
    ones = torch.from_numpy(np.kron(np.eye(_GROUP), np.ones((channels, 1))).astype(np.float32))  # (8 C, 8)
    groups = share.reshape(1, -1, 1, _GROUP).permute(0, 3, 1, 2)
    return F.conv2d(groups, ones.unsqueeze(-1).unsqueeze(-1)).permute(0, 2, 3, 1).reshape(-1, channels)
