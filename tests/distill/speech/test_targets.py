"""Coefficients make the landmarks that were measured, whoever's and wherever the head turns."""

from __future__ import annotations

import numpy as np
import pytest
from spoken_clips import opening_mouth, spoken_clip

from monalive_distill.speech.mouth_basis import COEFFICIENTS, TIED, lip_gaps, lip_opening, mouth_basis
from monalive_distill.speech.targets import bounded_least_squares, displacements, mouths, person_scale


def test_both_sides_are_told_apart() -> None:
    sides = mouth_basis().sides
    assert sides.shape == (len(TIED), len(COEFFICIENTS)) and len(set(COEFFICIENTS)) == len(COEFFICIENTS)
    assert sides.sum(0) == pytest.approx(1)  # each stands for exactly one
    stretch = sides[TIED.index("mouthStretchLeft")]
    assert {COEFFICIENTS[k] for k in np.flatnonzero(stretch)} == {"mouthStretchLeft", "mouthStretchRight"}


def test_an_open_jaw_parts_the_lips_and_lowers_the_chin() -> None:
    basis, jaw = mouth_basis(), TIED.index("jawOpen")
    assert basis.jaw[jaw] > 0.1 and basis.gaps[jaw, 4] > 0.2
    assert lip_opening(np.full(9, -0.1)) == 0.0


@pytest.mark.parametrize("size", [60.0, 200.0])
def test_openings_are_read_under_a_turning_head(size: float) -> None:
    wanted = opening_mouth(90)
    moved = displacements(spoken_clip(wanted, size=size))
    basis = mouth_basis()
    assert lip_gaps(moved)[:, 4] == pytest.approx((wanted @ basis.gaps)[:, 4], abs=2e-3)
    found = mouths(moved)
    assert found.jaw == pytest.approx(wanted @ basis.jaw, abs=2e-3)
    assert found.coefficients @ basis.jaw == pytest.approx(found.jaw, abs=0.01)
    assert lip_opening(found.coefficients @ basis.gaps) == pytest.approx(found.lips, abs=5e-3)


def test_lips_that_touch_touch() -> None:
    wanted = opening_mouth(90)
    found = mouths(displacements(spoken_clip(wanted)))
    shut = wanted[:, TIED.index("jawOpen")] == 0
    assert shut.sum() > 30 and (found.lips[shut] == 0).all()
    assert lip_opening(found.coefficients[shut] @ mouth_basis().gaps).max() < 1e-3


def test_people_who_mumble_are_scaled_up() -> None:
    quiet, loud = (displacements(spoken_clip(opening_mouth(90) * share)) for share in (0.4, 1.0))
    assert person_scale([quiet]) > 1.15 * person_scale([loud])
    assert person_scale([np.zeros((5, 478, 3))]) == pytest.approx(1.8)  # nobody is scaled without bound


def test_bounded_least_squares() -> None:
    made = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])
    wanted = np.array([[0.25, 0.5, 0.5], [3.0, -1.0, -1.0]])
    assert bounded_least_squares(made, wanted, 0.0) == pytest.approx(np.array([[0.25, 0.5], [1.0, 0.0]]))
