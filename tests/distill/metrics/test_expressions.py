"""Groups of blendshape scores add up what their names say."""

from __future__ import annotations

import numpy as np
import pytest

from monalive.faces.blendshapes import BLENDSHAPE_NAMES
from monalive_distill.metrics.expressions import EXPRESSION_GROUPS, expression_groups


def groups(**scores: float) -> dict[str, float]:
    vector = np.array([scores.get(name, 0.0) for name in BLENDSHAPE_NAMES], np.float32)
    return dict(zip(EXPRESSION_GROUPS, expression_groups(vector).tolist(), strict=True))


def test_only_scores_that_exist_are_added_up() -> None:
    assert all(name in BLENDSHAPE_NAMES for group in EXPRESSION_GROUPS.values() for name in group)


def test_both_sides_count_alike() -> None:
    assert groups(eyeBlinkLeft=1.0)["blink"] == pytest.approx(0.5)
    found = groups(eyeBlinkLeft=0.8, eyeBlinkRight=0.4, jawOpen=0.3, mouthPucker=0.2)
    wanted = dict.fromkeys(EXPRESSION_GROUPS, 0.0) | {"blink": 0.6, "jaw": 0.3, "pucker": 0.2}
    assert found == pytest.approx(wanted)


def test_gaze_has_a_direction() -> None:
    to_the_left = groups(eyeLookOutLeft=0.6, eyeLookInRight=0.6)
    to_the_right = groups(eyeLookInLeft=0.6, eyeLookOutRight=0.6)
    assert to_the_left["gaze sideways"] == pytest.approx(0.6) == -to_the_right["gaze sideways"]
    assert groups(eyeLookInLeft=0.6, eyeLookInRight=0.6)["gaze sideways"] == pytest.approx(0)  # squinting inwards
    assert groups(eyeLookDownLeft=0.5, eyeLookDownRight=0.5)["gaze up/down"] == pytest.approx(-0.5)


def test_many_frames_at_once() -> None:
    assert expression_groups(np.zeros((7, 52), np.float32)).shape == (7, 9)
