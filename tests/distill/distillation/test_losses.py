"""The lightweight generator's losses, against values worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from monalive.faces.expressions import load_expressions
from monalive.faces.landmarks import LIP_PAIRS, LIPS_INNER, LIPS_OUTER
from monalive_distill.distillation.losses import area_ratio, where_the_photo_serves
from monalive_distill.generator.lightweight_generator import AnimatedPhoto

SIZE = 32


def _flow_of(matrix: list[list[float]]) -> torch.Tensor:
    """The flow (1, 2, 32, 32) of a linear map from picture to photo."""
    centres = (torch.arange(SIZE) + 0.5) / SIZE
    y, x = torch.meshgrid(centres, centres, indexing="ij")
    (a, b), (c, d) = matrix
    return torch.stack((a * x + b * y - x, c * x + d * y - y))[None]


@pytest.mark.parametrize(
    ("matrix", "area"),
    [
        ([[1.0, 0.0], [0.0, 1.0]], 1.0),
        ([[0.5, 0.0], [0.0, 0.5]], 0.25),  # shown at twice its size
        ([[math.cos(0.3), -math.sin(0.3)], [math.sin(0.3), math.cos(0.3)]], 1.0),
        ([[1.0, 0.7], [0.0, 1.0]], 1.0),  # a shear
        ([[-1.0, 0.0], [0.0, 1.0]], -1.0),  # mirrored: folded over
    ],
)
def test_area_ratio_is_the_determinant_of_the_map(matrix: list[list[float]], area: float) -> None:
    ratio = area_ratio(_flow_of(matrix))
    assert ratio.shape == (1, SIZE - 1, SIZE - 1)
    assert torch.allclose(ratio, torch.tensor(area), atol=1e-4)


def test_a_strip_shown_twice_is_a_fold() -> None:
    flow = torch.zeros(1, 2, SIZE, SIZE)
    flow[:, 0, :, : SIZE // 2] = 3 / SIZE  # the left half is read three pixels further right: past the seam again
    ratio = area_ratio(flow)
    assert (ratio < 0).sum() == SIZE - 1 and torch.equal(ratio[0, 0, SIZE // 2 - 1], torch.tensor(-2.0))


def _frame_with_mask(value: float) -> AnimatedPhoto:
    picture = torch.zeros(1, 3, 64, 64)
    mask = torch.full((1, 1, 64, 64), value)
    return AnimatedPhoto(picture, torch.zeros(1, 2, 128, 128), mask, picture, picture, mask)


def _face() -> torch.Tensor:
    face = torch.tensor(load_expressions().mean_face[:, :2], dtype=torch.float32)
    return ((face - face.amin(0)) / (face.amax(0) - face.amin(0)).amax() * 0.6 + 0.2)[None]


def _with_open_mouth(face: torch.Tensor, by: float) -> torch.Tensor:
    """The inner lips `by` further apart, above and below."""
    opened = face.clone()
    for upper, lower in LIP_PAIRS:
        opened[:, upper, 1] -= by
        opened[:, lower, 1] += by
    return opened


def _terms(out: AnimatedPhoto, source: torch.Tensor, target: torch.Tensor) -> dict[str, float]:
    terms = where_the_photo_serves(out, source, target)
    return {name: float(value) for name, value in terms._asdict().items()}


def test_eyes_and_mouth_at_rest_are_the_photos_own() -> None:
    """-log(mask) where nothing has moved; where the lips have moved they do not count."""
    face = _face()
    half = _terms(_frame_with_mask(0.5), face, face)["still_detail"]
    assert half == pytest.approx(math.log(2), rel=0.03)
    assert _terms(_frame_with_mask(1.0), face, face)["still_detail"] == pytest.approx(0.0, abs=1e-6)
    together = _terms(_frame_with_mask(0.5), face, face + 0.05)["still_detail"]  # the head as a whole
    assert together == pytest.approx(half, rel=1e-3)

    lips = list({*LIPS_OUTER, *LIPS_INNER})
    lowered = face.clone()
    lowered[:, lips, 1] += 0.04
    painted_lips = _frame_with_mask(1.0)
    x, y = (lowered[0, lips].mean(0) * 64).round().int().tolist()
    painted_lips.mask[:, :, y - 5 : y + 6, x - 7 : x + 8] = 0.01
    kept, moved = (_terms(painted_lips, source, lowered)["still_detail"] for source in (lowered, face))
    assert moved < 0.15 * kept


def test_teeth_that_the_photo_shows_are_its_own() -> None:
    """-log(mask) within a mouth that was about as open in the photo; not where it was hardly open."""
    ajar = _face()
    wide, wider = _with_open_mouth(ajar, 0.04), _with_open_mouth(ajar, 0.045)
    half = _frame_with_mask(0.5)
    assert _terms(half, wide, wide)["shown_teeth"] == pytest.approx(math.log(2), rel=0.03)
    assert _terms(half, wide, wider)["shown_teeth"] == pytest.approx(math.log(2), rel=0.05)
    assert _terms(half, ajar, wide)["shown_teeth"] < 0.1
    assert _terms(half, ajar, wide)["opening"] > 3 * _terms(half, wide, wide)["opening"]
