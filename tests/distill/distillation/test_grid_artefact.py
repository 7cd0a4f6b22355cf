"""The head solved anew: a grid in what it draws goes, edges and everything else stay."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from monalive_distill.data.training_pairs import TrainingGroup, to_tensors
from monalive_distill.distillation.grid_artefact import remove_grid_artefact, without_alternation
from monalive_distill.generator.lightweight_generator import LightweightGenerator, build_generator
from monalive_distill.generator.refine_net import from_cells

SIZE = 64


def test_alternation_goes_and_edges_stay() -> None:
    picture = torch.zeros(1, 1, SIZE, SIZE)
    picture[..., SIZE // 2 :] = 1.0
    signs = 1.0 - 2.0 * (torch.arange(SIZE) % 2)
    for wave in (signs.view(1, -1), signs.view(-1, 1), signs.view(-1, 1) * signs.view(1, -1)):
        assert (without_alternation(picture + 0.1 * wave) - picture).abs().mean() < 0.01
    assert (without_alternation(picture) - picture).abs().mean() < 0.01


def _groups(count: int) -> list[TrainingGroup]:
    rng = np.random.default_rng(0)

    def random(*shape: int) -> np.ndarray:
        return rng.random(shape, np.float32)

    return [
        TrainingGroup(
            random(1, SIZE, SIZE, 3),
            random(1, 478, 2),
            random(2, SIZE, SIZE, 3),
            random(2, 478, 2),
            random(2, 16, 16, 3),
        )
        for _ in range(count)
    ]


def _made(generator: LightweightGenerator, group: TrainingGroup) -> tuple[torch.Tensor, torch.Tensor]:
    """What the head paints, before the sigmoid: as pixels, and how much of it alternates."""
    seen: list[torch.Tensor] = []
    hook = generator.refine_net.head.register_forward_hook(lambda _, inputs, outputs: seen.append(outputs))
    photos, sources, _, targets, surroundings = to_tensors(group)
    with torch.no_grad():
        generator(photos, sources, targets, surroundings)
    hook.remove()
    pixels = from_cells(seen[0][:, :12])
    return pixels, (pixels - without_alternation(pixels)).square().mean().sqrt()


def test_a_head_whose_pixels_drifted_apart_agrees_again() -> None:
    torch.manual_seed(0)
    generator = build_generator("tiny").eval()
    head = generator.refine_net.head
    shared = torch.randn_like(head.weight.data[:3]) * 0.1
    head.weight.data[:12] = shared.repeat(4, 1, 1, 1)  # all four pixels of a cell alike
    groups = _groups(4)
    wanted, _ = _made(generator, groups[0])
    assert isinstance(head.bias, nn.Parameter)
    head.bias.data[:12] += torch.tensor([0.5, -0.5, -0.5, 0.5]).repeat_interleave(3)
    spoilt, grid_before = _made(generator, groups[0])
    remove_grid_artefact(generator, groups)
    evened, grid = _made(generator, groups[0])
    assert float(grid_before) == pytest.approx(0.5, rel=0.1)
    assert grid < 0.1 * grid_before
    assert (evened - wanted).abs().mean() < 0.1 * (spoilt - wanted).abs().mean()
