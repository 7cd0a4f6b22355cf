"""Convolutions in cells of 2 x 2 pixels equal those of the picture, borders included."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

pytest.importorskip("litert_torch")

from monalive_distill.appearance_encoder import AppearanceFeatures
from monalive_distill.lightweight_generator import Movement, build_generator
from monalive_distill.refine_net import RefineNet
from monalive_export.cell_refine_net import CellRefineNet
from monalive_export.cells import DoubledConv, from_shifted_cells, halving_conv, shifted_conv, to_cells

RANDOM = torch.Generator().manual_seed(3)


def _rand(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=RANDOM)


def test_cells_hold_rows_then_columns_then_channels() -> None:
    picture = torch.arange(2 * 4 * 4.0).reshape(1, 2, 4, 4)
    cells = to_cells(picture)
    assert cells.shape == (1, 8, 2, 2)
    assert cells[0, :, 1, 0].tolist() == [8, 24, 9, 25, 12, 28, 13, 29]


def test_doubling_folds_into_the_convolution_after_it() -> None:
    small, full = _rand(1, 5, 16, 16), _rand(1, 3, 32, 32)
    weight, bias = _rand(12, 8, 3, 3), _rand(12)
    doubled = F.interpolate(small, scale_factor=2.0, mode="bilinear")
    wanted = torch.relu(F.conv2d(torch.cat((doubled, full), 1), weight, bias, padding=1))
    with torch.no_grad():
        made = DoubledConv(weight, bias, 3)(small, to_cells(full))
    assert torch.allclose(made, to_cells(wanted), atol=1e-4)


def test_halving_on_cells() -> None:
    picture, weight, bias = _rand(1, 3, 32, 32), _rand(20, 3, 3, 3), _rand(20)
    with torch.no_grad():
        made = halving_conv(weight, bias)(to_cells(picture))
    assert torch.allclose(made, F.conv2d(picture, weight, bias, stride=2, padding=1), atol=1e-5)


def test_a_convolution_to_cells_that_begin_one_pixel_earlier() -> None:
    picture, weight, bias = _rand(1, 3, 32, 32), _rand(5, 3, 3, 3), _rand(5)
    wanted = F.conv2d(picture, weight, bias, padding=1)
    with torch.no_grad():
        made = shifted_conv(weight, bias, ((0, 1, 2), (4, 4), (3,)))(to_cells(picture))
    colours, twice, one = made.split((12, 8, 4), 1)
    assert torch.allclose(from_shifted_cells(colours), wanted[:, :3], atol=1e-5)
    assert torch.allclose(from_shifted_cells(twice), wanted[:, [4, 4]], atol=1e-5)
    assert torch.allclose(from_shifted_cells(one), wanted[:, 3:4], atol=1e-5)


def test_the_refinement_in_cells_is_the_refinement() -> None:
    refine = build_generator("tiny").refine_net.eval()
    with torch.no_grad():
        for value in (*refine.parameters(), *refine.buffers()):  # heads begin at zero, statistics at their start
            if value.is_floating_point():
                value.add_(_rand(*value.shape).abs() * 0.1)
        features = AppearanceFeatures(
            *(_rand(1, channels, 64 // 2**level, 64 // 2**level) for level, channels in ((1, 12), (2, 24), (3, 48))),
            _rand(1, RefineNet.style_channels((4, 8, 8, 8)), 1, 1),
        )
        warped, drawing = torch.rand(1, 3, 64, 64, generator=RANDOM), _rand(1, 11, 32, 32)
        wanted = refine(warped, features, drawing)
        made = CellRefineNet(refine)(warped, Movement(torch.zeros(1, 2, 32, 32), features, drawing))
    for one, other in zip(made, wanted, strict=True):
        assert torch.allclose(one.permute(0, 3, 1, 2), other, atol=1e-5)
