"""The adversary: it learns to tell made from real, and the generator hears about it."""

from __future__ import annotations

import math

import pytest
import torch

from monalive_distill.distillation.adversary import Adversary, PatchDiscriminator
from monalive_distill.training.compute import launch


def _pictures() -> tuple[torch.Tensor, torch.Tensor]:
    """Blurred noise (made) and noise (real), of the same mean."""
    real = torch.rand(8, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    made = torch.nn.functional.avg_pool2d(real, 5, 1, 2, count_include_pad=False)
    return made, real


def test_scores_come_last_one_for_every_eighth_pixel() -> None:
    layers = PatchDiscriminator()(torch.rand(2, 3, 96, 96))
    assert [layer.shape[-1] for layer in layers] == [48, 24, 12, 12]
    assert layers[-1].shape == (2, 1, 12, 12)


def test_it_learns_to_tell_made_from_real() -> None:
    torch.manual_seed(0)
    adversary, (made, real) = Adversary(launch("cpu"), 2e-3, None), _pictures()
    losses = [float(adversary.learn(made, real)) for _ in range(60)]
    assert losses[-1] < 0.5 * losses[0]
    with torch.no_grad():
        assert adversary.discriminator(real)[-1].mean() > adversary.discriminator(made)[-1].mean() + 1


def test_it_cannot_tell_a_picture_from_itself() -> None:
    adversary, (_, real) = Adversary(launch("cpu"), 2e-3, None), _pictures()
    assert float(adversary.learn(real, real)) == pytest.approx(math.log(2), rel=1e-3)


def test_the_discriminator_grows_no_steep_gradients() -> None:
    torch.manual_seed(0)
    adversary, (made, real) = Adversary(launch("cpu"), 2e-3, None), _pictures()
    for _ in range(60):
        adversary.learn(made, real)
    assert float(adversary._penalty(real).detach()) < 1


def test_the_generator_is_told_where_to_go() -> None:
    torch.manual_seed(0)
    adversary, (made, real) = Adversary(launch("cpu"), 2e-3, None), _pictures()
    for _ in range(60):
        adversary.learn(made, real)
    made.requires_grad_(True)
    score, matching = adversary.judge(made, real)
    assert matching > 0
    assert adversary.judge(real, real)[1].item() < 1e-6
    (score + matching).backward()
    assert made.grad is not None and made.grad.abs().sum() > 0
    assert all(p.requires_grad for p in adversary.discriminator.parameters())
    better = (made - 0.1 * made.grad / made.grad.abs().mean()).detach().clamp(0, 1)
    with torch.no_grad():
        assert sum(adversary.judge(better, real)) < sum(adversary.judge(made, real))
