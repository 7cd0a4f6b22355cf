"""The operations that runtimes spell differently, in one place so that an exporter can replace them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import torch
import torch.nn.functional as F


class Primitives(Protocol):
    """What the geometry and the networks need beyond plain tensor arithmetic."""

    def sample(self, image: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Reads `image` (N, C, H, W) bilinearly at x, y (N, h, w), in units of its width and height: (N, C, h, w). The
        border is repeated."""

    def crop(self, image: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Reads `image` (N, C, H, W) bilinearly where columns x (N, w) and rows y (N, h) cross, in units of its width
        and height: (N, C, h, w). The border is repeated."""

    def enlarge(self, x: torch.Tensor, size: int) -> torch.Tensor:
        """(N, C, h, h) to (N, C, size, size), bilinear with half-pixel centres."""

    def repeat(self, plane: torch.Tensor, channels: int) -> torch.Tensor:
        """(N, H, W, 1) to (N, H, W, channels)."""

    def take(self, rows: torch.Tensor, indices: tuple[int, ...]) -> torch.Tensor:
        """Rows (N, K, d) at `indices`: (N, len(indices), d)."""


class TorchPrimitives:
    """PyTorch's own operations."""

    def sample(self, image: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        grid = torch.stack((x, y), -1) * 2 - 1  # (N, h, w, 2)
        return F.grid_sample(image, grid, mode="bilinear", padding_mode="border", align_corners=False)

    def crop(self, image: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        shape = len(x), y.shape[1], x.shape[1]
        return self.sample(image, x[:, None].expand(shape), y[:, :, None].expand(shape))

    def enlarge(self, x: torch.Tensor, size: int) -> torch.Tensor:
        return F.interpolate(x, size=(size, size), mode="bilinear", align_corners=False)

    def repeat(self, plane: torch.Tensor, channels: int) -> torch.Tensor:
        return plane.expand(-1, -1, -1, channels)

    def take(self, rows: torch.Tensor, indices: tuple[int, ...]) -> torch.Tensor:
        return torch.index_select(rows, 1, torch.tensor(indices, device=rows.device))


def clamp_to_unit(x: torch.Tensor) -> torch.Tensor:
    """`x` kept inside [0, 1]: exactly, by way of [0, 2], since LiteRT's GPU delegate has no clamp to 0 and 1."""
    return torch.clamp(x * 2.0, 0.0, 2.0) * 0.5


_active: Primitives = TorchPrimitives()


def primitives() -> Primitives:
    """The ones in use."""
    return _active


@contextmanager
def using(replacement: Primitives) -> Iterator[None]:
    """Replaces the primitives while a model is traced for another runtime; the numbers must stay the same."""
    global _active
    before, _active = _active, replacement
    try:
        yield
    finally:
        _active = before
