"""Who drives: chosen at the start, kept through gaps, never taken over by a still face."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from driver_cases import DRIVER_CASES, PICTURE_SIZE, face_at

from monalive.faces.driver_rule import DriverRule
from monalive.faces.level_crop import level_region

PORTRAIT = np.array(
    json.loads((Path(__file__).resolve().parents[2] / "golden/bindings/faces.json").read_text())["portrait"]
)


@pytest.mark.parametrize("case", DRIVER_CASES, ids=lambda case: case["name"])
def test_who_drives(case: dict[str, Any]) -> None:
    rule = DriverRule(case["which"])
    for frame in case["frames"]:
        faces = [face_at(PORTRAIT, face) for face in frame["faces"]]
        driver = rule(faces, frame["time_ms"], PICTURE_SIZE)
        assert driver == frame["driver"], f"{case['name']}, at {frame['time_ms']} ms"


def test_it_says_when_another_face_begins_to_drive() -> None:
    rule, changed = DriverRule(), []
    for frame in DRIVER_CASES[0]["frames"]:
        rule([face_at(PORTRAIT, face) for face in frame["faces"]], frame["time_ms"], PICTURE_SIZE)
        changed.append(rule.changed)
    assert [index for index, value in enumerate(changed) if value] == [10]


def test_a_place_is_a_choice() -> None:
    left, right = face_at(PORTRAIT, (280, 380, 1.0, 0)), face_at(PORTRAIT, (990, 380, 1.4, 0))
    rule = DriverRule(level_region(left))
    assert rule([right], 0.0, PICTURE_SIZE) is None
    assert rule([right, left], 40.0, PICTURE_SIZE) == 1
    assert rule.first_place == level_region(left)
    assert not rule.is_open(40.0) and rule.is_open(2100.0)


def test_a_short_video_is_decided_with_what_there_is() -> None:
    rule = DriverRule()
    for index, stretch in enumerate((0.0, 0.05, 0.1)):
        faces = [face_at(PORTRAIT, (280, 380, 1.0, stretch)), face_at(PORTRAIT, (990, 380, 1.4, 0))]
        assert rule(faces, index * 40.0, PICTURE_SIZE) == 1
    rule.decide(PICTURE_SIZE)
    assert rule.first_place == level_region(face_at(PORTRAIT, (280, 380, 1.0, 0.0)))


@pytest.mark.parametrize("which", ["left", -1, True, 1.5, None])
def test_no_such_choice(which: object) -> None:
    with pytest.raises(ValueError, match='"auto", "largest", "moving" or a number'):
        DriverRule(which)  # type: ignore[arg-type]
