"""Training on several processes (torchrun): every process draws its own pictures, gradients are averaged.

On a CPU two processes of one thread are worth more than one process of two threads: small convolutions hardly split.
"""

from __future__ import annotations

import os

import torch
import torch.distributed as dist
from torch import nn


class Processes:
    """The group this process belongs to; a single process where torchrun did not start it."""

    def __init__(self, device: str) -> None:
        self.count = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        if self.count > 1 and not dist.is_initialized():
            dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")

    @property
    def is_first(self) -> bool:
        """Whether this process writes the files and shows the progress."""
        return self.rank == 0

    def agree(self, value: float) -> float:
        """The first process's value, on every process (clocks differ, the learning rate must not)."""
        if self.count == 1:
            return value
        tensor = torch.tensor([value], dtype=torch.float64)
        dist.broadcast(tensor, 0)
        return float(tensor)

    def average_gradients(self, model: nn.Module) -> None:
        """Replaces every gradient by its mean over the processes."""
        if self.count == 1:
            return
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        dist.all_reduce(flat)
        flat /= self.count
        for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))
