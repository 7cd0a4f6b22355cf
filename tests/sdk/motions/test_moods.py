"""Moods are seen. That they leave lips alone: test_speech_motion.py."""

from __future__ import annotations

import numpy as np
import pytest

from monalive.faces.expressions import load_expressions
from monalive.motions.moods import EXPRESSIONS, mood


@pytest.mark.parametrize("name", [name for name in EXPRESSIONS if name != "neutral"])
def test_a_mood_is_seen(name: str) -> None:
    basis = load_expressions()
    moved = basis.displacement(mood(name))[:, :2]
    assert np.linalg.norm(moved, axis=1).max() > 0.01  # of the distance between the outer eye corners


def test_neutral_is_nothing_and_what_is_not_there_is_said() -> None:
    assert dict(mood("neutral")) == {}
    with pytest.raises(ValueError, match=r"no expression 'bored'; choose from neutral, happy, sad"):
        mood("bored")
