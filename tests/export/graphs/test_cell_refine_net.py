"""Pixels out of their cells, as exported graphs take them, are those of the trained network."""

from __future__ import annotations

import pytest
import torch

pytest.importorskip("litert_torch")

from monalive_distill.generator.appearance_encoder import AppearanceEncoder, AppearanceFeatures
from monalive_distill.generator.lightweight_generator import Movement, build_generator
from monalive_distill.generator.refine_net import RefineNet
from monalive_export.graphs.cell_refine_net import CellRefineNet, pixels

RANDOM = torch.Generator().manual_seed(3)


def _rand(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=RANDOM)


def test_cells_hold_rows_then_columns_then_outputs() -> None:
    cells = torch.arange(8 * 2 * 2.0).reshape(1, 8, 2, 2)  # two outputs; channel c of place (y, x): 4 c + 2 y + x
    picture = pixels(cells)
    assert picture.shape == (1, 4, 4, 2)
    assert picture[0, :2, :2, 0].tolist() == [[0, 8], [16, 24]]
    assert picture[0, :2, :2, 1].tolist() == [[4, 12], [20, 28]]
    assert picture[0, 2:, :2, 0].tolist() == [[2, 10], [18, 26]]


def test_the_refinement_out_of_its_cells_is_the_refinement() -> None:
    refine = build_generator("tiny").refine_net.eval()
    with torch.no_grad():
        for value in (*refine.parameters(), *refine.buffers()):  # statistics begin at their start: move everything
            if value.is_floating_point():
                value.add_(_rand(*value.shape).abs() * 0.1)
        sizes = (AppearanceEncoder.HALF, AppearanceEncoder.QUARTER, AppearanceEncoder.EIGHTH)
        half, quarter, eighth = (
            _rand(1, channels, 32 // 2**level, 32 // 2**level) for level, channels in enumerate(sizes)
        )
        style = _rand(1, RefineNet.style_channels((8, 8, 8)), 1, 1)
        features = AppearanceFeatures(half, quarter, eighth, style)
        drawing = _rand(1, 11, 32, 32)
        wanted = refine(features, drawing)
        made = CellRefineNet(refine)(Movement(torch.zeros(1, 2, 32, 32), features, drawing))
    for one, other in zip(made, wanted, strict=True):
        assert torch.allclose(one.permute(0, 3, 1, 2), other, atol=1e-5)
