"""Each loss against values worked out by hand."""

from __future__ import annotations

import pytest
import torch

from monalive_distill.few_shot.discriminator_step import judge, learn
from monalive_distill.few_shot.face_features import FaceFeatures
from monalive_distill.few_shot.losses import (
    ContentLoss,
    discriminator_hinge_loss,
    feature_distance,
    feature_matching_loss,
    generator_hinge_loss,
    match_loss,
)
from monalive_distill.few_shot.model import build_discriminator
from monalive_distill.metrics.identity import cut_chips
from monalive_distill.metrics.lpips import LPIPS
from monalive_distill.training.compute import launch


def test_hinge_losses() -> None:
    made, true = torch.tensor([-2.0, 0.5]), torch.tensor([0.25, 3.0])
    # relu(1 - 2), relu(1 + .5) -> 0, 1.5; relu(1 - .25), relu(1 - 3) -> .75, 0
    assert float(discriminator_hinge_loss(made, true)) == pytest.approx(0.75 + 0.375)
    assert float(generator_hinge_loss(made)) == pytest.approx(0.75)


def test_feature_losses() -> None:
    made = [torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0]])]
    true = [torch.tensor([[0.0, 4.0]]), torch.tensor([[3.0]])]
    # means of the layers: (1 + 2) / 2 and 3
    assert float(feature_distance(made, true)) == pytest.approx(4.5)
    assert float(feature_matching_loss(made, true)) == pytest.approx(2.25)


def test_the_match_loss_moves_the_embedder_and_not_the_column() -> None:
    embeddings = torch.tensor([[1.0, 0.0]], requires_grad=True)
    columns = torch.tensor([[0.0, 0.5]], requires_grad=True)
    loss = match_loss(embeddings, columns)
    assert float(loss.detach()) == pytest.approx(0.75)
    loss.backward()
    assert embeddings.grad is not None and columns.grad is None


def test_content_is_nothing_for_the_true_frame_and_reaches_the_picture() -> None:
    face = FaceFeatures()
    content = ContentLoss(LPIPS("alex"), face)
    generator = torch.Generator().manual_seed(0)
    true = torch.rand(1, 3, 64, 64, generator=generator)
    landmarks = torch.rand(1, 478, 2, generator=generator)
    assert [float(part) for part in content(true, true, landmarks)] == [0.0, 0.0]
    made = (true * 0.5).requires_grad_()
    parts = content(made, true, landmarks)
    assert all(float(part.detach()) > 0 for part in parts)
    for part in parts:
        (gradient,) = torch.autograd.grad(part, made, retain_graph=True)
        assert gradient.abs().sum() > 0
    taps = face(true, landmarks)
    assert [tuple(tap.shape[:2]) for tap in taps] == [(1, 32), (1, 32), (1, 64), (1, 128), (1, 256)]


def test_the_last_tap_is_what_the_descriptor_is_made_of() -> None:
    face = FaceFeatures()
    landmarks, picture = torch.rand(1, 478, 2), torch.rand(1, 3, 64, 64)
    descriptor = face.network(cut_chips(picture, landmarks * 64))
    assert torch.allclose(face(picture, landmarks)[-1].mean((2, 3)) @ face.network.head, descriptor, atol=1e-5)


def test_judging_leaves_the_discriminator_alone_and_learning_does_not() -> None:
    torch.manual_seed(0)
    discriminator = build_discriminator("tiny", 2)
    optimizer = torch.optim.Adam(discriminator.parameters(), 5e-3, betas=(0.0, 0.999))
    made, true = torch.full((2, 3, 32, 32), 0.3, requires_grad=True), torch.rand(2, 3, 32, 32)
    rest = (torch.zeros(2, 11, 32, 32), torch.tensor([0, 1]))
    before = {name: value.clone() for name, value in discriminator.state_dict().items()}
    adversarial, matching = judge(discriminator, made, true, *rest)
    (adversarial + matching).backward()
    assert made.grad is not None and made.grad.abs().sum() > 0
    assert all(p.grad is None and p.requires_grad for p in discriminator.parameters())
    assert all(torch.equal(value, before[name]) for name, value in discriminator.state_dict().items())
    assert float(judge(discriminator, true, true, *rest)[1]) == 0.0
    fabric = launch("cpu")
    losses = [float(learn(fabric, discriminator, optimizer, made, true, *rest)) for _ in range(25)]
    assert losses[-1] < losses[0] - 0.3
