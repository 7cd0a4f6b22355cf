"""The discriminator's part in a step: what it tells the generator, and how it learns itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from monalive_distill.few_shot.losses import (
    discriminator_hinge_loss,
    feature_matching_loss,
    generator_hinge_loss,
)


def judge(
    discriminator: nn.Module,
    made: torch.Tensor,
    true: torch.Tensor,
    drawings: torch.Tensor,
    people: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The generator's hinge loss and the feature matching loss; the discriminator gets no gradient and stays as it is.

    Args:
        discriminator: a `ProjectionDiscriminator`, not wrapped for several processes.
        made, true: (N, 3, size, size) in [0, 1].
        drawings, people: of both, see `ProjectionDiscriminator.forward`.
    """
    discriminator.requires_grad_(False).eval()  # eval: the estimates of the singular values stay, too
    scores, features = discriminator(made, drawings, people)
    with torch.no_grad():
        _, wanted = discriminator(true, drawings, people)
    discriminator.requires_grad_(True).train()
    return generator_hinge_loss(scores), feature_matching_loss(features, wanted)


def learn(
    discriminator: Any,
    optimizer: Any,
    made: torch.Tensor,
    true: torch.Tensor,
    drawings: torch.Tensor,
    people: torch.Tensor,
    backward: Callable[[torch.Tensor], None] = torch.Tensor.backward,
) -> float:
    """One step of the discriminator; its hinge loss before the step. Arguments as for `judge`; it may be wrapped."""
    both = torch.cat((made.detach(), true))  # in one pass: a wrapped module allows one per step
    scores, _ = discriminator(both, drawings.repeat(2, 1, 1, 1), people.repeat(2))
    loss = discriminator_hinge_loss(*scores.chunk(2))
    optimizer.zero_grad(set_to_none=True)
    backward(loss)
    optimizer.step()
    return float(loss.detach())
