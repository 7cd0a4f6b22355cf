"""The discriminator's part in a step: what it tells the generator, and how it learns itself."""

from __future__ import annotations

import torch
from lightning_fabric import Fabric
from torch import nn

from monalive_distill.few_shot.losses import (
    discriminator_hinge_loss,
    feature_matching_loss,
    generator_hinge_loss,
)
from monalive_distill.training.compute import minimize

BETAS = (0.0, 0.999)  # of Adam, for both sides


def judge(
    discriminator: nn.Module,
    made: torch.Tensor,
    true: torch.Tensor,
    drawings: torch.Tensor,
    people: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The generator's hinge loss and the feature matching loss; the discriminator gets no gradient and stays as it is.

    Args:
        discriminator: a `ProjectionDiscriminator`, or one of crops.
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
    fabric: Fabric,
    discriminator: nn.Module,
    optimizer: torch.optim.Optimizer,
    made: torch.Tensor,
    true: torch.Tensor,
    drawings: torch.Tensor,
    people: torch.Tensor,
) -> torch.Tensor:
    """One step of the discriminator; its hinge loss before the step. Other arguments as for `judge`."""
    both = torch.cat((made.detach(), true))
    with fabric.autocast():
        scores, _ = discriminator(both, torch.cat((drawings, drawings)), torch.cat((people, people)))
    loss = discriminator_hinge_loss(*scores.float().chunk(2))
    minimize(fabric, loss, optimizer)
    return loss.detach()
