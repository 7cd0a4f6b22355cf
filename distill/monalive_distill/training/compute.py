"""Where a training computes: devices, precision and processes, all through Lightning Fabric.

Several processes: `torchrun --nproc-per-node N -m monalive_distill train ...`. Every process draws its own data, and
`minimize` averages the gradients. DDP's wrapper is not used: it allows one forward pass per backward pass, expects a
gradient for every weight and knows nothing of a gradient penalty's second derivative; adversarial trainings need all
three. On a CPU two processes of one thread are worth more than one of two threads: small convolutions hardly split.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Literal

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins import MixedPrecision
from torch import nn

Precision = Literal["32-true", "bf16-mixed"]


def launch(device: str, precision: Precision = "32-true") -> Fabric:
    """Fabric for this process, alone or one of those that torchrun started.

    Args:
        device: "cpu" or "cuda".
        precision: of what runs in `fabric.autocast()`.
    """
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    here = int(os.environ.get("LOCAL_WORLD_SIZE", str(processes)))
    accelerator = "cuda" if device.startswith("cuda") else "cpu"
    fabric = Fabric(
        accelerator=accelerator,
        devices=here,
        num_nodes=processes // here,
        strategy="ddp" if processes > 1 else "auto",
        # As a plugin, since `precision=` prints a line for each Fabric that is made.
        plugins=MixedPrecision(precision, accelerator) if precision == "bf16-mixed" else None,
    )
    fabric.launch()
    return fabric


def to_channels_last(network: nn.Module, device: str | torch.device) -> None:
    """Moves a network to a device, its weights in the layout that makes convolutions fast."""
    network.to(device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def minimize(
    fabric: Fabric, loss: torch.Tensor, optimizer: torch.optim.Optimizer, clip_norm: float | None = None
) -> None:
    """One step of an optimizer down a loss: gradients, their mean over the processes, clipping, new weights.

    Args:
        fabric: as `launch` made it.
        loss: a scalar.
        optimizer: of the weights that are to change.
        clip_norm: the largest norm of all gradients together; None: any.
    """
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    average_over_processes(fabric, [weight.grad for weight in weights if weight.grad is not None])
    if clip_norm is not None:
        torch.nn.utils.clip_grad_norm_(weights, clip_norm)
    optimizer.step()


def average_batch_statistics(fabric: Fabric, networks: Iterable[nn.Module]) -> None:
    """Gives BatchNorm's running statistics the same values on all processes: their means."""
    if fabric.world_size == 1:
        return
    norms = [m for network in networks for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    statistics = [x for n in norms if n.training for x in (n.running_mean, n.running_var) if x is not None]
    average_over_processes(fabric, statistics)


def average_over_processes(fabric: Fabric, tensors: Sequence[torch.Tensor]) -> None:
    """Replaces tensors by their means over the processes, all in one message."""
    if fabric.world_size == 1 or not tensors:
        return
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    fabric.all_reduce(flat, reduce_op="mean")
    for tensor, part in zip(tensors, torch.split(flat, [tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(part.view_as(tensor))
