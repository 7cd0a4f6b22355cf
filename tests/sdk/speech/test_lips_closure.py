"""Lips that nearly touch do; what is open stays, and so does what is round."""

from __future__ import annotations

import numpy as np
import pytest

from monalive.faces.expressions import load_expressions
from monalive.speech.lips_closure import CLOSER, lips_opening, touching


def openness(coefficients: dict[str, float]) -> float:
    basis = load_expressions()
    return basis.apertures.mouth.openness(basis.face(coefficients))


def test_the_opening_is_that_of_the_face() -> None:
    basis = load_expressions()
    for name, amount in (("jawOpen", 0.4), ("mouthUpperUpLeft", 0.3), ("mouthShrugUpper", 0.5)):
        gap = basis.apertures.mouth.gaps(basis.face({name: amount}) - basis.mean_face)[4]
        width = basis.apertures.mouth.width(basis.mean_face)
        assert gap / width == pytest.approx(amount * lips_opening(name), abs=1e-6)
    assert lips_opening(CLOSER) < -0.1


@pytest.mark.parametrize(
    ("opened", "wanted"), [(0.0, 0.0), (0.02, 0.0), (0.03, 0.0), (0.06, 0.045), (0.09, 0.09), (0.4, 0.4)]
)
def test_lips_that_nearly_touch_do(opened: float, wanted: float) -> None:
    jaw = opened / lips_opening("jawOpen")
    made = touching({"jawOpen": np.array([jaw, 0.0])})
    assert made["jawOpen"].tolist() == [jaw, 0.0]
    result = sum(lips_opening(name) * curve for name, curve in made.items())
    assert result == pytest.approx([wanted, 0.0], abs=1e-9)
    rest = openness({})
    assert openness({name: float(curve[0]) for name, curve in made.items()}) == pytest.approx(rest + wanted, abs=0.012)


def test_lips_that_are_pressed_stay_pressed() -> None:
    pressed = {"jawOpen": np.array([0.05]), CLOSER: np.array([0.3])}
    assert touching(pressed)[CLOSER] == pytest.approx(pressed[CLOSER])


def test_a_round_mouth_stays_round() -> None:
    said = {"jawOpen": np.array([0.12]), "mouthPucker": np.array([0.5]), "mouthFunnel": np.array([0.2])}
    made = touching(said)
    assert made["mouthPucker"].tolist() == [0.5] and made["mouthFunnel"].tolist() == [0.2]
