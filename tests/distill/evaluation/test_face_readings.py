"""Faces made from known expressions are read as what they are."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import angles_rotation
from monalive_distill.evaluation.face_readings import READINGS, FaceReader, Readings, column, gaze_error
from monalive_distill.mediapipe_tracker import task_file

try:
    task_file.packaged_task_path()
except FileNotFoundError as missing:
    pytest.skip(str(missing), allow_module_level=True)


@pytest.fixture(scope="module")
def reader() -> FaceReader:
    return FaceReader()


def face(gaze: tuple[float, float] = (0.0, 0.0), roll: float = 0.0, **expression: float) -> NDArray[np.float32]:
    points = load_expressions().face(expression, gaze) @ angles_rotation(0, 0, roll).T
    return (points * 75 + [128, 120, 0]).astype(np.float32)


def value(readings: Readings, name: str) -> float:
    return float(readings[column(name)])


@pytest.mark.parametrize("roll", [0.0, 20.0])
@pytest.mark.parametrize("gaze", [(15.0, 0.0), (-10.0, 5.0), (0.0, -8.0)])
def test_gaze_is_read_in_degrees(reader: FaceReader, gaze: tuple[float, float], roll: float) -> None:
    (change,) = reader.changes([face(roll=roll), face(gaze, roll=roll)])
    assert value(change, "gaze, degrees right") == pytest.approx(gaze[0], abs=0.7)
    assert value(change, "gaze, degrees down") == pytest.approx(gaze[1], abs=0.7)


def test_the_error_of_a_gaze(reader: FaceReader) -> None:
    straight, aside = reader(face()), reader(face((12.0, 0.0)))
    assert gaze_error(straight, straight) == 0
    assert gaze_error(straight, aside) == pytest.approx(12, abs=0.7)
    shut = reader(face(eyeBlinkLeft=1.0, eyeBlinkRight=1.0))
    assert gaze_error(straight, shut) is None and gaze_error(reader(None), straight) is None


def test_lids_lips_and_brows(reader: FaceReader) -> None:
    shut, open_mouth, brows = reader.changes(
        [
            face(),
            face(eyeBlinkLeft=1.0, eyeBlinkRight=1.0),
            face(jawOpen=0.8),
            face(browInnerUp=1.0, browOuterUpLeft=1.0, browOuterUpRight=1.0),
        ]
    )
    assert value(shut, "eye opening") < -0.15 and value(shut, "blink") > 0.25
    assert value(open_mouth, "mouth opening") > 0.1 and value(open_mouth, "jaw") > 0.2
    assert value(brows, "brow height") > 0.03 and value(brows, "brows up") > 0.2


def test_where_there_is_no_face_there_is_nothing_to_read(reader: FaceReader) -> None:
    changes = reader.changes([face(), None, face()])
    assert changes.shape == (2, len(READINGS)) and np.isnan(changes[0]).all() and (changes[1] == 0).all()
