"""Splats, the geometry prior and warping, against values worked out by hand or by direct summation."""

from __future__ import annotations

import math

import pytest
import torch

from monalive.faces.expressions import load_expressions
from monalive.faces.landmarks import LIP_PAIRS, LIPS_INNER, LIPS_OUTER
from monalive_distill.generator.geometry_prior import geometry_prior
from monalive_distill.generator.splat import DRAWING_CHANNELS, OPENINGS, draw_landmarks, splat
from monalive_distill.generator.warp import warp


@pytest.fixture
def face() -> torch.Tensor:
    """The mean face in the middle of the picture, (1, 478, 2) in units of the side."""
    points = torch.tensor(load_expressions().mean_face[:, :2], dtype=torch.float32)
    low, high = points.amin(0), points.amax(0)
    return ((points - (low + high) / 2) / (high - low).amax() * 0.5 + 0.5)[None]


def test_a_splat_is_the_sum_of_its_gaussians() -> None:
    random = torch.Generator().manual_seed(0)
    positions, values = torch.rand(2, 5, 2, generator=random), torch.randn(2, 5, 3, generator=random)
    made = splat(positions, values, 16, 0.1)
    for n, channel, row, column in ((0, 0, 3, 9), (1, 2, 15, 0), (1, 1, 7, 8)):
        x, y = (column + 0.5) / 16, (row + 0.5) / 16
        wanted = sum(
            float(values[n, k, channel]) * math.exp(-((px - x) ** 2 + (py - y) ** 2) / (2 * 0.1**2))
            for k, (px, py) in enumerate(positions[n].tolist())
        )
        assert float(made[n, channel, row, column]) == pytest.approx(wanted, abs=1e-5)


def test_a_drawing_is_bright_on_the_contours_only(face: torch.Tensor) -> None:
    drawing = draw_landmarks(face, 128, 0.009)
    assert drawing.shape == (1, DRAWING_CHANNELS, 128, 128)
    assert drawing.min() >= 0 and drawing.max() <= 1.5
    assert drawing[0, :, 0].max() < 1e-3
    x, y = (face[0, LIPS_INNER[5]] * 128).long().tolist()
    assert drawing[0, 2, y, x] > 0.5


def test_an_open_mouth_is_drawn_as_an_area_and_a_closed_one_is_not(face: torch.Tensor) -> None:
    apart, together = face.clone(), face.clone()
    for upper, lower in LIP_PAIRS:
        middle = (face[:, upper] + face[:, lower]) / 2
        together[:, upper] = together[:, lower] = middle
        apart[:, upper], apart[:, lower] = middle - torch.tensor([0.0, 0.03]), middle + torch.tensor([0.0, 0.03])
    x, y = (together[0, LIP_PAIRS[4][0]] * 128).long().tolist()
    mouth = -len(OPENINGS)
    assert draw_landmarks(apart, 128, 0.009)[0, mouth, y, x] > 0.5
    assert draw_landmarks(together, 128, 0.009)[0, mouth].max() < 1e-3


def test_no_motion_gives_no_flow(face: torch.Tensor) -> None:
    prior = geometry_prior(face, face)
    assert prior.affine_flow.abs().max() < 1e-3
    assert prior.face_flow.abs().max() < 1e-3


def test_a_shift_is_carried_everywhere(face: torch.Tensor) -> None:
    prior = geometry_prior(face, face + torch.tensor([0.05, -0.03]))
    wanted = torch.tensor([-0.05, 0.03]).view(1, 2, 1, 1)
    assert (prior.affine_flow - wanted).abs().max() < 2e-3
    assert (prior.face_flow - wanted).abs().max() < 2e-3


@pytest.mark.parametrize(("angle", "scale"), [(0.3, 1.0), (0.0, 1.1), (-0.2, 0.9)])
def test_a_turn_of_the_picture_is_inverted_exactly_enough(face: torch.Tensor, angle: float, scale: float) -> None:
    turn = scale * torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    target = (face - 0.5) @ turn.T + 0.5
    flow = geometry_prior(face, target).affine_flow[0]
    centres = (torch.arange(128) + 0.5) / 128
    place = torch.stack(torch.meshgrid(centres, centres, indexing="xy"))  # (2, 128, 128): x, y
    source = ((place.reshape(2, -1) - 0.5).T @ torch.linalg.inv(turn).T + 0.5).T.reshape(2, 128, 128)
    assert (flow - (source - place)).abs().max() < 5e-3


def test_landmarks_arrive_at_their_targets(face: torch.Tensor) -> None:
    """Flow at a moved mouth leads back to where the mouth was."""
    target = face.clone()
    target[:, [*LIPS_INNER, *LIPS_OUTER], 1] += 0.02
    flow = geometry_prior(face, target).face_flow[0]
    for index in LIPS_INNER[2:8]:
        x, y = (target[0, index] * 128).long().tolist()
        assert float(flow[1, y, x]) == pytest.approx(-0.02, abs=0.008)
        assert float(flow[0, y, x]) == pytest.approx(0.0, abs=0.004)


def test_warping_by_whole_pixels_moves_them() -> None:
    image = torch.rand(1, 3, 32, 32)
    flow = torch.zeros(1, 2, 32, 32)
    flow[:, 0], flow[:, 1] = 3 / 32, -2 / 32
    moved = warp(image, flow)
    assert torch.allclose(moved[:, :, 2:, :-3], image[:, :, :-2, 3:], atol=1e-5)
    assert torch.allclose(moved[:, :, 5, -1], image[:, :, 3, -1], atol=1e-5)  # the border repeats


def test_the_prior_is_differentiable(face: torch.Tensor) -> None:
    target = face.clone().requires_grad_(True)
    geometry_prior(face, target).face_flow.square().sum().backward()
    assert target.grad is not None and torch.isfinite(target.grad).all()
