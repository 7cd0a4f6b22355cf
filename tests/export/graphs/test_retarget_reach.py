"""What a driver's lids, brows, gaze and lips do reaches the portrait; what the photo does already counts."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from retargeting_oracle.oracle_retargeter import OracleRetargeter

from monalive.faces.crop import portrait_crop
from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import angles_rotation, fit_pose
from monalive.faces.landmarks import LEFT_BROW, LEFT_IRIS, POSE_POINTS, RIGHT_BROW, RIGHT_EYE_CORNERS
from monalive.retargeting.retarget import RetargetOptions

BASIS = load_expressions()
RIGHT_EYE, LEFT_EYE = BASIS.apertures.eyes
MOUTH = BASIS.apertures.mouth
SIZE = (512, 512)


def _person(
    expression: dict[str, float] | None = None, *, eyes: float = 0.0, gaze: tuple[float, float] = (0.0, 0.0)
) -> NDArray[np.float64]:
    """A face (478, 3) in pixels, turned a little; `eyes` is added to the openness."""
    face = BASIS.face(expression or {}, gaze)
    for eye in BASIS.apertures.eyes:
        face = eye.add_to_gaps(face, eyes * eye.gaps(BASIS.mean_face) / eye.openness(BASIS.mean_face))
    person: NDArray[np.float64] = face @ angles_rotation(4.0, -3.0, 2.0).T * 130.0 + [256.0, 236.0, 0.0]
    return person


def _asked(
    portrait: NDArray[np.float64], driver: list[NDArray[np.float64]], *, smooth: bool = False, fps: float = 25.0
) -> list[NDArray[np.float64]]:
    """The portrait's landmarks in the driver's frames, upright in its own head's frame; the first is the reference.

    By the NumPy oracle, with which the graphs are compared to the fifth digit.
    """
    crop = portrait_crop(portrait.astype(np.float32), *SIZE)
    oracle = OracleRetargeter(portrait, crop, RetargetOptions(smooth=smooth))
    oracle.start(driver[0], SIZE)
    made = []
    for index, frame in enumerate(driver):
        pixels = crop.to_pixels(oracle.step(frame, 1000.0 / fps * index)).astype(np.float64)
        made.append(_upright(pixels, portrait))
    return made


def _upright(landmarks: NDArray[np.float64], person: NDArray[np.float64]) -> NDArray[np.float64]:
    face = fit_pose(person, BASIS.mean_face, POSE_POINTS).to_canonical(person)
    return fit_pose(landmarks, face, POSE_POINTS).to_canonical(landmarks)


def _brow_height(face: NDArray[np.float64]) -> float:
    brows = face[[*LEFT_BROW, *RIGHT_BROW], 1].mean()
    return float(face[[*RIGHT_EYE_CORNERS, 263, 362], 1].mean() - brows)


@pytest.mark.parametrize("name", ["browInnerUp", "browOuterUp", "browDown"])
def test_brows_move_by_as_much_above_the_eyes(name: str) -> None:
    amounts = {name: 0.8} if name in BASIS.names else {f"{name}Left": 0.8, f"{name}Right": 0.8}
    rest, performed = _person(), _person(amounts)
    before, after = _asked(rest, [rest, performed])
    wanted = _brow_height(_upright(performed, rest)) - _brow_height(_upright(rest, rest))
    assert abs(wanted) > 0.015
    assert _brow_height(after) - _brow_height(before) == pytest.approx(wanted, rel=0.05)


@pytest.mark.parametrize("change", [-0.12, -0.05, 0.05, 0.12])
@pytest.mark.parametrize("own", [-0.06, 0.0])
def test_lids_open_and_close_by_as_much(own: float, change: float) -> None:
    """Eyes that were open, or narrow, in the reference frame: self-reenactment, so the truth is known."""
    before, after = _asked(_person(eyes=own), [_person(eyes=own), _person(eyes=own + change)])
    moved = LEFT_EYE.openness(after) - LEFT_EYE.openness(before)
    assert 0.95 < moved / change < 1.25


def test_a_reading_of_nearly_shut_is_shut() -> None:
    open_eye = LEFT_EYE.openness(BASIS.mean_face)
    _, after = _asked(_person(), [_person(), _person(eyes=0.2 * open_eye - open_eye)])
    assert abs(LEFT_EYE.openness(after)) < 0.006


def test_half_shut_eyes_of_a_photo_shut() -> None:
    before, after = _asked(_person(eyes=-0.16), [_person(), _person({"eyeBlinkLeft": 1.3, "eyeBlinkRight": 1.3})])
    assert LEFT_EYE.openness(before) > 0.08
    assert abs(LEFT_EYE.openness(after)) < 0.004


def test_shut_eyes_of_a_photo_stay_shut_unless_the_drivers_were() -> None:
    shut = _person({"eyeBlinkLeft": 1.3, "eyeBlinkRight": 1.3})
    wide = _asked(shut, [_person(), _person(eyes=0.1)])[1]
    assert LEFT_EYE.openness(wide) < 0.02
    woken = _asked(shut, [shut, _person()])[1]
    assert LEFT_EYE.openness(woken) == pytest.approx(LEFT_EYE.openness(BASIS.mean_face), rel=0.05)


def test_wide_eyes_of_a_photo_do_not_widen_as_much_again() -> None:
    surprised = _person(eyes=0.12)
    driver = [_person(), surprised]
    normal, wide = (_asked(portrait, driver)[1] for portrait in (_person(), surprised))
    shown = LEFT_EYE.openness(_upright(surprised, _person()))
    assert LEFT_EYE.openness(normal) == pytest.approx(shown, rel=0.03)
    assert LEFT_EYE.openness(wide) < shown + 0.035


def test_an_open_smile_does_not_open_twice() -> None:
    laugh = _person({"jawOpen": 0.9})
    smile = _person({"jawOpen": 0.2, "mouthSmileLeft": 0.7, "mouthSmileRight": 0.7})
    shown = MOUTH.gaps(_upright(laugh, _person())).mean()
    wider = MOUTH.width(_upright(smile, smile)) / MOUTH.width(_upright(_person(), _person()))
    closed, opened = (_asked(portrait, [_person(), laugh])[1] for portrait in (_person(), smile))
    assert MOUTH.gaps(closed).mean() == pytest.approx(shown, rel=0.05)
    assert MOUTH.gaps(opened).mean() < wider * shown + 0.035 * MOUTH.width(opened)
    word = _person({"jawOpen": 0.08})
    before, talking = _asked(smile, [_person(), word])
    said = MOUTH.gaps(_upright(word, _person())).mean() - MOUTH.gaps(_upright(_person(), _person())).mean()
    assert MOUTH.gaps(talking).mean() - MOUTH.gaps(before).mean() > 0.8 * said


@pytest.mark.parametrize("degrees", [(14.0, 0.0), (-25.0, 0.0), (0.0, 12.0)])
def test_gaze_is_passed_on(degrees: tuple[float, float]) -> None:
    looking = _person(gaze=degrees)
    before, after = _asked(_person(), [_person(), looking])
    wanted = (_upright(looking, _person()) - _upright(_person(), _person()))[LEFT_IRIS[0], :2]
    assert (after - before)[LEFT_IRIS[0], :2] @ wanted == pytest.approx(wanted @ wanted, rel=0.05)


@pytest.mark.parametrize("phase", [0.0, 0.5])
@pytest.mark.parametrize("fps", [25.0, 30.0])
def test_a_smoothed_blink_is_full_at_its_peak(fps: float, phase: float) -> None:
    """150 ms from open to open, fully shut for the middle third."""
    time = (np.arange(20) - 9 - phase) / fps
    closing = 1.3 * np.clip(1.5 * (1.0 - np.abs(time) / 0.1), 0.0, 1.0)
    driver = [_person({"eyeBlinkLeft": c, "eyeBlinkRight": c}) for c in closing]
    openness = np.array([LEFT_EYE.openness(face) for face in _asked(_person(), driver, smooth=True, fps=fps)])
    shown = np.array([LEFT_EYE.openness(_upright(frame, _person())) for frame in driver])
    assert np.ptp(openness) > 0.95 * np.ptp(shown)
    assert openness[-1] > 0.95 * openness[0]
