"""The lightweight generator: shapes, where it starts from, and its two halves."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from monalive_distill.generator.geometry_prior import geometry_prior
from monalive_distill.generator.lightweight_generator import build_generator
from monalive_distill.generator.warp import warp


def _inputs(size: int, photos: int = 1, targets: int = 1) -> tuple[torch.Tensor, ...]:
    """Photos, their landmarks, targets, surroundings."""
    random = torch.Generator().manual_seed(0)
    photo = torch.rand(photos, 3, size, size, generator=random)
    source = torch.rand(photos, 478, 2, generator=random) * 0.5 + 0.25
    noise = 0.01 * torch.randn(photos * targets, 478, 2, generator=random)
    surroundings = torch.rand(photos * targets, 3, 16, 16, generator=random)
    surroundings[:, :2] *= 0.1
    return photo, source, source.repeat_interleave(targets, 0) + noise, surroundings


@pytest.mark.parametrize("size", [64, 128, 256])
def test_shapes_and_ranges(size: int) -> None:
    out = build_generator("tiny").eval()(*_inputs(size, photos=2, targets=3))
    assert out.image.shape == out.painted.shape == out.warped.shape == (6, 3, size, size)
    assert out.mask.shape == (6, 1, size, size)
    assert out.flow.shape == (6, 2, 128, 128)
    for picture in (out.image, out.painted, out.mask):
        assert picture.min() >= 0 and picture.max() <= 1


def test_untrained_it_moves_the_photo_by_the_geometry_prior() -> None:
    photo, source, target, surroundings = _inputs(128)
    surroundings *= 0
    out = build_generator("tiny").eval()(photo, source, target, surroundings)
    prior = geometry_prior(source, target)
    between = torch.stack((warp(photo, prior.face_flow), warp(photo, prior.affine_flow), photo))
    assert ((out.warped - between).abs().amin(0)).mean() < 0.05
    assert out.mask.mean() > 0.7


def test_the_surroundings_move_what_is_not_face() -> None:
    photo, source, target, surroundings = _inputs(128)
    generator = build_generator("tiny").eval()
    surroundings[:, 0], surroundings[:, 1] = 0.1, 0.0
    with_flow, without = (generator(photo, source, target, s).flow[:, 0, :8] for s in (surroundings, surroundings * 0))
    assert (with_flow - without).min() > 0  # at the picture's upper edge, far from the face


def test_the_picture_is_what_mask_and_painting_say() -> None:
    out = build_generator("tiny").eval()(*_inputs(64))
    assert torch.allclose(out.image, out.mask * out.warped + (1 - out.mask) * out.painted, atol=1e-6)


def test_enrolling_once_gives_the_same_as_all_in_one() -> None:
    generator = build_generator("tiny").eval()
    photo, source, target, surroundings = _inputs(64, photos=1, targets=2)
    both = generator(photo, source, target, surroundings)
    enrolled = generator.enroll(photo, source)
    second = generator.animate(photo, source, enrolled, target[1:], surroundings[1:])
    assert torch.allclose(both.image[1:], second.image, atol=1e-6)


def test_every_parameter_learns() -> None:
    generator = build_generator("tiny")
    out = generator(*_inputs(64, photos=2, targets=2))
    (out.image.square().mean() + out.flow.square().mean()).backward()
    silent = [n for n, p in generator.named_parameters() if p.grad is None]
    assert not silent


def test_the_default_variant_keeps_to_its_budget() -> None:
    """At most 2 GMACs a frame and 8 MB of 8-bit weights."""
    generator = build_generator().eval()
    photo, source, target, surroundings = _inputs(256)
    with torch.no_grad():
        enrolled = generator.enroll(photo, source)
        with FlopCounterMode(display=False) as counter:
            generator.animate(photo, source, enrolled, target, surroundings)
    assert counter.get_total_flops() / 2 < 2e9
    assert sum(p.numel() for p in generator.parameters()) < 8e6


def test_an_unknown_variant_is_refused() -> None:
    with pytest.raises(ValueError, match="no lightweight variant named 'huge'; choose from default, tiny"):
        build_generator("huge")
