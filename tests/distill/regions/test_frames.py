"""Where eyes and mouth lie, and what they do."""

from __future__ import annotations

import numpy as np
import pytest

from monalive.faces.expressions import load_expressions
from monalive.faces.landmarks import LEFT_EYE, LEFT_EYE_CORNERS, LEFT_IRIS
from monalive_distill.regions.frames import EYE_SHAPE, MOUTH_SHAPE, face_frames
from monalive_distill.regions.measures import eye_measures, mouth_measures

UNIT, MIDDLE = 90.0, np.array([160.0, 150.0, 0.0])


def _face(coefficients: dict[str, float], gaze: tuple[float, float] = (0.0, 0.0), roll: float = 0.0) -> np.ndarray:
    """Landmarks of a face in a picture, outer eye corners 90 pixels apart."""
    turn = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1.0]])
    landmarks: np.ndarray = load_expressions().face(coefficients, gaze) * UNIT @ turn.T + MIDDLE
    return landmarks


def test_frames_follow_the_skull_and_not_the_expression() -> None:
    rest, moved = face_frames(_face({})), face_frames(_face({"jawOpen": 0.8, "eyeBlinkLeft": 0.9}))
    assert rest.mouth.unit == pytest.approx(UNIT, rel=1e-6)
    for before, after in zip(rest, moved, strict=True):
        assert np.hypot(before.x - after.x, before.y - after.y) < 0.03 * UNIT


def test_both_eyes_look_like_left_ones_however_the_head_leans() -> None:
    upright = face_frames(_face({}))
    leaning = face_frames(_face({}, roll=0.5))
    assert leaning.left_eye.angle - upright.left_eye.angle == pytest.approx(0.5, abs=1e-6)
    left = upright.left_eye.to_crop(_face({}), EYE_SHAPE)
    assert left[list(LEFT_EYE_CORNERS)].mean(0) == pytest.approx(np.array([32.0, 32.0]), abs=0.01)
    others = (
        upright.right_eye.to_crop(_face({}), EYE_SHAPE),
        leaning.left_eye.to_crop(_face({}, roll=0.5), EYE_SHAPE),
    )
    shown = [*LEFT_EYE, *LEFT_IRIS[:1]]
    for other in others:
        assert np.abs(other[shown] - left[shown]).max() < 0.3


def test_a_crop_shows_what_its_landmarks_say(portrait: np.ndarray) -> None:
    """A white dot painted on an iris is where the iris is in the crop, mirrored or not, shrunk or not."""
    for unit, mirrored in ((UNIT, False), (UNIT, True), (4 * UNIT, True)):
        face = _face({}) * unit / UNIT
        frames = face_frames(face)
        frame = frames.right_eye if mirrored else frames.left_eye
        picture = np.zeros((int(320 * unit / UNIT), int(340 * unit / UNIT), 3), np.uint8)
        x, y = face[468 if mirrored else 473, :2]
        ys, xs = np.mgrid[: picture.shape[0], : picture.shape[1]] + 0.5
        radius = 3 * unit / UNIT
        picture[np.hypot(xs - x, ys - y) < radius] = 255
        crop = frame.extract(picture, EYE_SHAPE).astype(float)[..., 0]
        rows, columns = np.mgrid[:64, :64] + 0.5
        found = np.array([(columns * crop).sum(), (rows * crop).sum()]) / crop.sum()
        assert found == pytest.approx(frame.to_crop(face, EYE_SHAPE)[473], abs=0.3)


def test_measures_of_an_eye() -> None:
    def measured(coefficients: dict[str, float], gaze: tuple[float, float] = (0.0, 0.0)) -> list[np.ndarray]:
        face = _face(coefficients, gaze)
        frames = face_frames(face)
        eyes = (frames.left_eye, frames.right_eye)
        return [eye_measures(frame.to_crop(face, EYE_SHAPE), EYE_SHAPE.scale) for frame in eyes]

    rest, shut = measured({}), measured({"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0})
    assert 0.2 < rest[0][0] < 0.5 and shut[0][0] < 0.1 * rest[0][0] + 0.02
    left, right = measured({}, (20.0, 0.0))
    assert left[1] - rest[0][1] == pytest.approx(-0.4 * np.sin(np.deg2rad(20)), abs=0.02)
    assert right[1] - rest[1][1] == pytest.approx(0.4 * np.sin(np.deg2rad(20)), abs=0.02)
    assert measured({}, (0.0, 15.0))[0][2] - rest[0][2] == pytest.approx(0.4 * np.sin(np.deg2rad(15)), abs=0.02)


def test_measures_of_a_mouth_know_teeth_from_skin_and_from_the_dark() -> None:
    face = _face({"jawOpen": 0.5})
    frame = face_frames(face).mouth
    points = frame.to_crop(face, MOUTH_SHAPE)
    skin = np.full((96, 128, 3), (180, 130, 110), np.uint8)
    white, dark = skin.copy(), skin.copy()
    ys, xs = np.mgrid[:96, :128]
    low, high = points[[13, 14], 1]
    inside = (ys > low) & (ys < high) & (np.abs(xs - points[13, 0]) < 12)
    white[inside], dark[inside] = (200, 195, 185), (40, 20, 20)
    opening, width, none = mouth_measures(points, MOUTH_SHAPE.scale, skin)
    assert opening > 0.1 and 0.3 < width < 0.7 and none == 0
    assert mouth_measures(points, MOUTH_SHAPE.scale, white)[2] > 0.2
    assert mouth_measures(points, MOUTH_SHAPE.scale, dark)[2] == 0
    closed = _face({})
    assert mouth_measures(face_frames(closed).mouth.to_crop(closed, MOUTH_SHAPE), MOUTH_SHAPE.scale, skin)[0] < 0.05
