"""The running average of the weights (Polyak averaging), the ones to use after a training."""

from __future__ import annotations

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel


def running_average(model: nn.Module, decay: float, steps: int = 0) -> AveragedModel:
    """A copy of a model whose weights and BatchNorm statistics become running averages by `update_parameters`.

    Early steps count more than `decay` says, so that the start is forgotten.

    Args:
        model: as it is now.
        decay: how much of the average stays, per step.
        steps: how many it has taken in already, where a run goes on.
    """

    @torch.no_grad()
    def take_in(
        averages: tuple[torch.Tensor, ...] | list[torch.Tensor],
        values: tuple[torch.Tensor, ...] | list[torch.Tensor],
        taken: torch.Tensor | int,
    ) -> None:
        share = 1 - min(decay, (1 + int(taken)) / (10 + int(taken)))
        for average, value in zip(averages, values, strict=True):
            if average.is_floating_point():
                average.lerp_(value, share)
            else:  # BatchNorm's count of batches
                average.copy_(value)

    average = AveragedModel(model, multi_avg_fn=take_in, use_buffers=True)
    average.n_averaged.fill_(steps + 1)  # 0 would take the first step's weights as they are
    return average
