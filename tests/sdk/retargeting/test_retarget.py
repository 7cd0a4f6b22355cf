"""Retargeting: what the driver does reaches the portrait, the driver's shape does not; closed is closed."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from numpy.typing import NDArray

from monalive.faces.crop import SquareCrop, portrait_crop
from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import angles_rotation, fit_pose
from monalive.faces.landmarks import FACE_OVAL, LEFT_BROW, LEFT_IRIS, LIPS_OUTER, POSE_POINTS, RIGHT_BROW, RIGHT_IRIS
from monalive.motions import builtin_motions
from monalive.retargeting.retarget import REGIONS, Retargeter, RetargetOptions
from monalive.retargeting.retarget_networks import RetargetNetworks

NETWORKS = RetargetNetworks()
BASIS = load_expressions()
APERTURES = BASIS.apertures
SIZE = (512, 512)
RAW = RetargetOptions(smooth=False)
RIGHT_EYE, LEFT_EYE = APERTURES.eyes


def _person(
    shape: Iterable[float] = (1.0, 1.0, 1.0),
    eyes: float = 1.0,
    mouth: float = 1.0,
    pose: tuple[float, float, float] = (0.0, 0.0, 0.0),
    scale: float = 130.0,
    expression: dict[str, float] | None = None,
    gaze: tuple[float, float] = (0.0, 0.0),
    centre: tuple[float, float] = (256.0, 236.0),
) -> NDArray[np.float64]:
    """A face (478, 3) in pixels with its own proportions: stretched, eyes and mouth wider or narrower."""
    face = BASIS.face(expression or {}, gaze)
    for indices, factor, axes in (
        ([*RIGHT_EYE.upper, *RIGHT_EYE.lower, *RIGHT_IRIS], eyes, [1]),
        ([*LEFT_EYE.upper, *LEFT_EYE.lower, *LEFT_IRIS], eyes, [1]),
        (
            [*LIPS_OUTER, *APERTURES.mouth.upper, *APERTURES.mouth.lower, *APERTURES.mouth.corners],
            mouth,
            [0, 1],
        ),
    ):
        middle = BASIS.mean_face[indices].mean(axis=0)
        for axis in axes:
            face[indices, axis] = middle[axis] + factor * (face[indices, axis] - middle[axis])
    person: NDArray[np.float64] = (face * np.array(list(shape))) @ angles_rotation(*pose).T * scale + [*centre, 0.0]
    return person


PORTRAITS = {
    "average": _person(),
    "narrow": _person((0.9, 1.1, 1.0), eyes=0.7, mouth=0.8, scale=90.0, centre=(200.0, 260.0)),
    "broad": _person((1.1, 0.9, 1.1), eyes=1.4, mouth=1.2, pose=(8.0, -5.0, 6.0)),
    "turned": _person((1.0, 1.05, 1.0), eyes=0.9, pose=(-30.0, 5.0, -4.0)),
}


def _retarget(
    portrait: np.ndarray, driver: np.ndarray, options: RetargetOptions = RAW
) -> tuple[np.ndarray, SquareCrop]:
    """(T, 478, 3) crop units for driver frames (T, 478, 3), the first of them the reference."""
    crop = portrait_crop(portrait.astype(np.float32), *SIZE)
    retargeter = Retargeter(portrait, crop, options, networks=NETWORKS)
    retargeter.start(driver[0], SIZE)
    return np.array([retargeter.step(frame, 40.0 * index) for index, frame in enumerate(driver)]), crop


def _own_frame(portrait: np.ndarray, unit: np.ndarray, crop: SquareCrop) -> np.ndarray:
    """A result in the portrait's own head's frame, upright: that of the points which retargeting takes for rigid."""
    reference = fit_pose(portrait, BASIS.mean_face, POSE_POINTS).to_canonical(portrait)
    pixels = crop.to_pixels(unit).astype(np.float64)
    return fit_pose(pixels, reference, POSE_POINTS).to_canonical(pixels)


@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("name", PORTRAITS)
def test_a_driver_at_rest_changes_nothing(name: str, smooth: bool, absolute: bool) -> None:
    portrait = PORTRAITS[name]
    driver = _person((0.95, 1.0, 1.0), expression={"jawOpen": 0.3, "eyeBlinkLeft": 0.4}, pose=(12, 3, -8), scale=80.0)
    target = driver if absolute else portrait
    for gains in ({}, {"pose": 0.5, "eyes": 2.0, "lips": 0.0}):
        options = RetargetOptions(absolute=absolute, smooth=smooth, gains=gains)
        result, _ = _retarget(portrait, np.repeat(driver[None], 8, axis=0), options)
        expected = portrait_crop(target.astype(np.float32), *SIZE).to_unit(target.astype(np.float32))
        assert np.abs(result - expected).max() <= 3e-7  # float32
        assert np.array_equal(result[0], result[-1])


def test_a_portrait_driven_by_itself_does_as_the_driver() -> None:
    motion = builtin_motions.load("smile").landmarks[::4].astype(np.float64)
    result, crop = _retarget(motion[0], motion)
    error = np.linalg.norm((crop.to_pixels(result) - motion)[..., :2], axis=-1)
    lips = error[:, list(LIPS_OUTER)]
    assert lips.max() < 4.0 and error.mean() < 0.8  # of a face 250 px high
    # Frames 0, 4, 8... of a smile with blinks: lids close by rule, not by displacement.
    assert np.median(error[:, [*RIGHT_EYE.upper, *LEFT_EYE.upper]]) < 1.0


@pytest.mark.parametrize("driver_eyes", [0.7, 1.0, 1.4])
@pytest.mark.parametrize("name", PORTRAITS)
def test_closed_eyes_close(name: str, driver_eyes: float) -> None:
    driver = np.array([_person(eyes=driver_eyes)] * 2 + [_person()])
    shut = BASIS.face({"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}) * 130 + [256, 236, 0]
    driver[2] = np.where(np.isin(np.arange(478), [*RIGHT_EYE.lower, *LEFT_EYE.lower])[:, None], driver[0], shut)
    for eye in APERTURES.eyes:
        driver[2][eye.upper] = driver[2][eye.lower]
    portrait = PORTRAITS[name]
    result, crop = _retarget(portrait, driver)
    closed, rest = _own_frame(portrait, result[2], crop), _own_frame(portrait, result[0], crop)
    corners = [corner for eye in APERTURES.eyes for corner in eye.corners]
    seen = [fit_pose(face, driver[0], POSE_POINTS).to_canonical(face) / 130 for face in (driver[0], driver[2])]
    together = (seen[1] - seen[0])[corners].mean(0)
    assert np.linalg.norm(together) < 0.02
    for eye in APERTURES.eyes:
        assert np.abs(np.linalg.norm(closed[eye.upper] - closed[eye.lower], axis=-1)).max() < 0.004
        # The upper lid does the closing.
        down = np.linalg.norm((closed - rest)[eye.upper], axis=-1).mean()
        up = np.linalg.norm((closed - rest)[eye.lower], axis=-1).mean()
        assert down > 3 * up
        # Corners stay, but for the eyes as a whole, which follow the driver's; and the brow is not pulled along.
        assert np.linalg.norm((closed - rest - together)[list(eye.corners)], axis=-1).max() < 0.01
    assert np.linalg.norm((closed - rest)[[*LEFT_BROW, *RIGHT_BROW]], axis=-1).max() < 0.04


def test_a_wink_closes_the_same_eye_only() -> None:
    shut = _person(expression={"eyeBlinkLeft": 1.5, "eyeBlinkRight": -0.3})
    result, crop = _retarget(PORTRAITS["narrow"], np.array([_person(), shut]))
    face = _own_frame(PORTRAITS["narrow"], result[1], crop)
    rest = _own_frame(PORTRAITS["narrow"], result[0], crop)
    assert LEFT_EYE.openness(face) < 0.05 * LEFT_EYE.openness(rest)
    assert RIGHT_EYE.openness(face) > 0.5 * RIGHT_EYE.openness(rest)


def test_a_reference_frame_in_mid_blink() -> None:
    """The portrait rests while the driver's eyes open; the next blink closes it all the same."""
    closing = [0.9, 0.5, 0.0, 0.0, 0.0, 0.6, 1.3, 1.3, 0.0]
    driver = np.array([_person(expression={"eyeBlinkLeft": c, "eyeBlinkRight": c}) for c in closing])
    portrait = PORTRAITS["broad"]
    result, crop = _retarget(portrait, driver)
    openness = np.array([LEFT_EYE.openness(_own_frame(portrait, unit, crop)) for unit in result])
    openness /= openness[0]
    assert np.all(openness[:5] > 0.95) and np.all(openness[:5] < 1.2)
    assert np.all(openness[6:8] < 0.06)
    assert 0.95 < openness[8] < 1.2


def test_wide_eyes_widen() -> None:
    driver = np.array([_person(), _person(expression={"eyeWideLeft": 1.0, "eyeWideRight": 1.0})])
    result, crop = _retarget(PORTRAITS["narrow"], driver)
    faces = [_own_frame(PORTRAITS["narrow"], unit, crop) for unit in result]
    before, after = (LEFT_EYE.openness(face) for face in faces)
    own, wide = (LEFT_EYE.openness(face) for face in driver)
    assert 0.85 < (after - before) / (wide - own) < 1.05  # a soft limit takes some of what is so wide


@pytest.mark.parametrize("name", PORTRAITS)
def test_a_closed_mouth_stays_closed(name: str) -> None:
    """Whatever else the lips do: smile, pucker, press, on other proportions."""
    expressions = [
        {},
        {"mouthPucker": 0.8},
        {"mouthPressLeft": 0.6, "mouthPressRight": 0.6},
        {"mouthLeft": 0.6},
    ]
    driver = np.array([_person((1.0, 0.9, 1.0), mouth=1.1, expression=expression) for expression in expressions])
    for frame in driver:  # lips closed by construction
        frame[APERTURES.mouth.lower] = frame[APERTURES.mouth.upper]
    portrait = PORTRAITS[name]
    result, crop = _retarget(portrait, driver)
    for unit in result:
        face = _own_frame(portrait, unit, crop)
        assert np.abs(APERTURES.mouth.gaps(face)).max() < 0.008 * APERTURES.mouth.width(face) + 0.003


def test_mouth_opening_is_scaled_by_the_mouth() -> None:
    driver = np.array([_person(), _person(expression={"jawOpen": 0.5})])
    gaps = {}
    for name in ("narrow", "broad"):
        portrait = _person(mouth={"narrow": 0.8, "broad": 1.25}[name])
        result, crop = _retarget(portrait, driver)
        face = _own_frame(portrait, result[1], crop)
        gaps[name] = APERTURES.mouth.gaps(face)[4]
    assert gaps["broad"] / gaps["narrow"] == pytest.approx(1.25 / 0.8, rel=0.06)


def test_a_driver_caught_talking() -> None:
    """Open at first, then closed: a closed portrait stays closed, an open one closes; the lips never
    cross.
    """
    opening = [0.3, 0.15, 0.0, 0.0, 0.3, 0.5]
    driver = np.array([_person(expression={"jawOpen": o}) for o in opening])
    shut, crop = _retarget(_person(), driver)
    gaps = np.array([APERTURES.mouth.gaps(_own_frame(_person(), unit, crop)) for unit in shut])
    assert np.abs(gaps[:4]).max() < 0.012
    assert gaps[4].max() > 0.05 and gaps[5].max() > gaps[4].max()  # it has learned what closed is
    laughing = _person(expression={"jawOpen": 0.3})
    wide, crop = _retarget(laughing, driver)
    gaps = np.array([APERTURES.mouth.gaps(_own_frame(laughing, unit, crop)) for unit in wide])
    assert gaps[0].max() > 0.08 and np.abs(gaps[3]).max() < 0.012


def test_gaze_follows_within_the_eye() -> None:
    for degrees, limit in ((15.0, 0.3), (60.0, 0.5)):
        driver = np.array([_person(), _person(gaze=(degrees, 0.0)), _person(gaze=(0.0, -degrees))])
        for portrait in PORTRAITS.values():
            result, crop = _retarget(portrait, driver)
            rest, across, up = (_own_frame(portrait, unit, crop) for unit in result)
            for eye, iris in ((RIGHT_EYE, RIGHT_IRIS), (LEFT_EYE, LEFT_IRIS)):
                width = eye.width(rest)
                assert 0.03 < (across - rest)[iris[0], 0] / width < limit
                assert -limit < (up - rest)[iris[0], 1] / width < -0.02
                corners = sorted(rest[list(eye.corners), 0])
                assert corners[0] < across[iris[0], 0] < corners[1]
                assert np.ptp((across - rest)[list(iris)], axis=0).max() < 0.005  # the iris keeps its form


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("how", ["gain", "region"])
def test_a_region_can_be_frozen(region: str, how: str) -> None:
    performed = {
        "jawOpen": 0.4,
        "mouthSmileLeft": 0.5,
        "browInnerUp": 0.9,
        "eyeBlinkLeft": 0.7,
        "eyeBlinkRight": 0.7,
    }
    driver = np.array([_person(), _person(expression=performed, gaze=(10.0, 0.0), pose=(10.0, 5.0, 5.0))])
    options = RetargetOptions(smooth=False, gains={region: 0.0})
    if how == "region":
        options = RetargetOptions(smooth=False, regions=frozenset(REGIONS) - {region})
    portrait = PORTRAITS["average"]
    result, crop = _retarget(portrait, driver, options)
    rest, moved = (_own_frame(portrait, unit, crop) for unit in result)
    change = np.linalg.norm(moved - rest, axis=-1)
    parts = {
        "lips": [*LIPS_OUTER, *APERTURES.mouth.upper, *APERTURES.mouth.lower],
        "eyes": [*RIGHT_EYE.upper, *LEFT_EYE.upper, *RIGHT_IRIS, *LEFT_IRIS],
        "brows": [*LEFT_BROW, *RIGHT_BROW],
    }
    # What moves moves by .01 and more; a frozen part, by what the other parts' depth takes along of the fitted pose.
    for name, indices in parts.items():
        assert change[indices].max() < 0.005 if name == region else change[indices].max() > 0.01, name
    pose = fit_pose(crop.to_pixels(result[1]), fit_pose(portrait, BASIS.mean_face).to_canonical(portrait))
    turned = abs(pose.yaw - fit_pose(portrait, BASIS.mean_face).yaw)
    assert turned < 1.5 if region == "pose" else turned > 6.0


def test_pose_alone_moves_the_head_as_one() -> None:
    driver = np.array([_person(), _person(pose=(12.0, -6.0, 8.0), expression={"jawOpen": 0.5})])
    options = RetargetOptions(smooth=False, regions=frozenset({"pose"}))
    result, crop = _retarget(PORTRAITS["broad"], driver, options)
    rest, moved = (_own_frame(PORTRAITS["broad"], unit, crop) for unit in result)
    assert np.abs(moved - rest).max() < 1e-4


@pytest.mark.parametrize("name", PORTRAITS)
def test_head_turns_are_passed_on(name: str) -> None:
    portrait = PORTRAITS[name]
    own = fit_pose(portrait, BASIS.mean_face)
    for turn in ((8.0, 0.0, 0.0), (0.0, 8.0, 0.0), (0.0, -8.0, 0.0), (0.0, 0.0, 10.0)):
        driver = np.array(
            [
                _person((0.9, 1.1, 1.0), pose=(3.0, 2.0, 1.0)),
                _person((0.9, 1.1, 1.0), pose=(3.0 + turn[0], 2.0 + turn[1], 1.0 + turn[2])),
            ]
        )
        result, crop = _retarget(portrait, driver)
        reference = own.to_canonical(portrait)
        now = fit_pose(crop.to_pixels(result[1]), reference)
        assert np.allclose([now.yaw - own.yaw, now.pitch - own.pitch, now.roll - own.roll], turn, atol=0.6)


def test_a_turned_face_is_not_turned_further_away() -> None:
    portrait = PORTRAITS["turned"]  # looks to the picture's left, -30 degrees
    own = fit_pose(portrait, BASIS.mean_face)
    driver = np.array([_person(pose=(yaw, 0.0, 0.0)) for yaw in (0.0, -40.0, 40.0)])
    result, crop = _retarget(portrait, driver)
    away, back = (fit_pose(crop.to_pixels(unit), own.to_canonical(portrait)).yaw - own.yaw for unit in result[1:])
    assert -8.0 < away < 0.0
    assert 8.0 < back < 16.0  # part of the way: the far side was never seen
    # What is not turned is not shifted either.
    nose = (result[1] - result[0])[1, :2]
    assert np.abs(nose).max() < 0.08


def test_extreme_poses_stay_in_sight() -> None:
    driver = np.array([_person()] + [_person(pose=pose) for pose in ((80, 0, 0), (0, 60, 0), (-70, -50, 100))])
    result, crop = _retarget(PORTRAITS["average"], driver)
    own = fit_pose(PORTRAITS["average"], BASIS.mean_face)
    for unit in result:
        pose = fit_pose(crop.to_pixels(unit), own.to_canonical(PORTRAITS["average"]))
        assert abs(pose.yaw) < 35 and abs(pose.pitch) < 25 and abs(pose.roll) < 32


@pytest.mark.parametrize("growth", [0.5, 0.9, 1.1, 2.0])
def test_size_stays(growth: float) -> None:
    driver = np.array([_person(scale=100.0), _person(scale=100.0 * growth)])
    result, crop = _retarget(PORTRAITS["narrow"], driver)
    own = fit_pose(PORTRAITS["narrow"], BASIS.mean_face)
    now = fit_pose(crop.to_pixels(result[1]), own.to_canonical(PORTRAITS["narrow"]))
    assert abs(np.log(now.scale / own.scale)) < 0.05 + 1e-4
    assert (now.scale > own.scale) == (growth > 1)


def test_shifts_scale_with_the_face_and_stay_in_the_crop() -> None:
    small = _person(scale=65.0, centre=(150.0, 150.0))
    for step, exact in ((4.0, True), (400.0, False)):
        driver = np.array([small, np.add(small, [step, -step, 0.0])])
        result, crop = _retarget(PORTRAITS["average"], driver)
        moved = crop.to_pixels(result[1]) - crop.to_pixels(result[0])
        if exact:
            assert np.allclose(moved[:, 0], 8.0, atol=0.2) and np.allclose(moved[:, 1], -8.0, atol=0.2)
        face = result[1][list(FACE_OVAL), :2]
        assert (face > 0).all() and (face < 1).all()


def _in_picture(points: NDArray[np.float64], degrees: float) -> NDArray[np.float64]:
    """Points (..., 478, 3) of a picture turned clockwise about its middle."""
    middle = [SIZE[0] / 2, SIZE[1] / 2, 0.0]
    turned: NDArray[np.float64] = (points - middle) @ angles_rotation(0.0, 0.0, degrees).T + middle
    return turned


@pytest.mark.parametrize("degrees", [-15.0, 33.0, 90.0, 180.0, 270.0])
def test_a_portrait_in_any_orientation_moves_along_its_own_axes(degrees: float) -> None:
    motion = builtin_motions.load("nod").landmarks[::4].astype(np.float64)
    upright, crop = _retarget(PORTRAITS["average"], motion)
    moves = crop.to_pixels(upright[1:]) - crop.to_pixels(upright[:1])
    result, crop = _retarget(_in_picture(PORTRAITS["average"], degrees), motion)
    moved = crop.to_pixels(result[1:]) - crop.to_pixels(result[:1])
    expected = moves @ angles_rotation(0.0, 0.0, degrees).T
    assert np.linalg.norm(moves[:, 1, :2], axis=-1).max() > 10  # pixels: the nose nods
    assert np.abs(moved - expected).max() < 0.05  # the room in the crop, which bends large shifts, is hardly the same


@pytest.mark.parametrize("degrees", [-15.0, 33.0, 90.0, 180.0, 270.0])
def test_a_driver_filmed_in_any_orientation_drives_alike(degrees: float) -> None:
    motion = builtin_motions.load("nod").landmarks[::4].astype(np.float64)
    upright, _ = _retarget(PORTRAITS["broad"], motion, RetargetOptions())
    turned, _ = _retarget(PORTRAITS["broad"], _in_picture(motion, degrees), RetargetOptions())
    assert np.abs(upright - turned).max() < 1e-5


def test_the_shift_of_an_upright_driver_and_portrait_is_that_of_the_picture() -> None:
    driver = np.array([_person(), _person(centre=(250.0, 239.0))])
    result, crop = _retarget(PORTRAITS["average"], driver)
    assert np.abs((crop.to_pixels(result[1]) - crop.to_pixels(result[0])) - [-6.0, 3.0, 0.0]).max() < 1e-3


def test_a_mirrored_driver_gives_the_mirrored_motion() -> None:
    flip = np.array([-1.0, 1.0, 1.0])

    def mirrored(frames: NDArray[np.float64]) -> NDArray[np.float64]:
        flipped: NDArray[np.float64] = frames[..., BASIS.mirror, :] * flip + [SIZE[0], 0, 0]
        return flipped

    portrait = _person((1.05, 0.95, 1.0), eyes=1.2)
    portrait = (portrait + mirrored(portrait)) / 2
    driver = builtin_motions.load("wink").landmarks[::5].astype(np.float64)
    plain, _ = _retarget(portrait, driver)
    other, _ = _retarget(portrait, mirrored(driver))
    expected = plain[:, BASIS.mirror] * flip + [1, 0, 0]
    assert np.abs(other - expected).max() < 2e-3  # half a pixel at 256: the expression model is symmetric in float16


def test_the_drivers_shape_does_not_leak() -> None:
    """Two drivers of different build who do the same give nearly the same result."""
    results = []
    for shape in ((0.88, 1.1, 1.0), (1.1, 0.92, 1.1)):
        driver = np.array([_person(shape), _person(shape, pose=(6.0, 3.0, 2.0), expression={"jawOpen": 0.3})])
        results.append(_retarget(PORTRAITS["average"], driver)[0][1])
    assert np.linalg.norm((results[0] - results[1])[:, :2], axis=-1).mean() < 0.006


def test_absolute_is_exact() -> None:
    motion = builtin_motions.load("laugh").landmarks
    crop = portrait_crop(motion[0], *SIZE)
    result, _ = _retarget(PORTRAITS["turned"], motion, RetargetOptions(absolute=True, smooth=False))
    assert np.array_equal(result, np.array([crop.to_unit(frame) for frame in motion]))


def test_absolute_with_a_gain_moves_parts_of_the_drivers_first_frame() -> None:
    motion = builtin_motions.load("look_around").landmarks[::6]
    crop = portrait_crop(motion[0], *SIZE)
    options = RetargetOptions(absolute=True, smooth=False, gains={"lips": 1.001})
    nearly, _ = _retarget(PORTRAITS["turned"], motion, options)
    exact = np.array([crop.to_unit(frame) for frame in motion])
    assert np.linalg.norm((nearly - exact)[..., :2], axis=-1).mean() < 0.01  # no pose limits in this mode
    options = RetargetOptions(absolute=True, smooth=False, regions=frozenset())
    still, _ = _retarget(PORTRAITS["turned"], motion, options)
    assert np.allclose(still, exact[0], atol=1e-6)


@pytest.mark.parametrize("absolute", [False, True])
def test_noise_at_rest_is_calmed(absolute: bool) -> None:
    random = np.random.default_rng(0)
    driver = _person() / 2.0 + random.normal(0, 0.5, (150, 478, 3)) * [1, 1, 1]  # 0.5 px at 256
    portrait = _person() / 2.0
    crop = portrait_crop(portrait.astype(np.float32), 256, 256)
    retargeter = Retargeter(portrait, crop, RetargetOptions(absolute=absolute), networks=NETWORKS)
    retargeter.start(driver[0], (256, 256))
    result = np.array([retargeter.step(frame, 40.0 * index) for index, frame in enumerate(driver)])[25:, :, :2]
    jitter = (result * crop.side).std(axis=0)
    assert jitter.mean() < 0.3
    assert np.sqrt((jitter[[*LIPS_OUTER]] ** 2).mean()) < 0.3


@pytest.mark.parametrize("phase", [0.0, 0.25, 0.5, 0.75])
@pytest.mark.parametrize("milliseconds", [100.0, 150.0])
def test_smoothing_lets_blinks_through(milliseconds: float, phase: float) -> None:
    """Lids shut for a third of a blink that lasts so long; frames every 40 ms fall where they fall."""
    time = (np.arange(20) - 8 - phase) * 40.0
    closing = 1.3 * np.clip(1.5 * (1.0 - np.abs(time) / milliseconds), 0.0, 1.0)
    driver = np.array([_person(expression={"eyeBlinkLeft": c, "eyeBlinkRight": c}) for c in closing])
    result, crop = _retarget(PORTRAITS["average"], driver, RetargetOptions())
    openness = np.array([LEFT_EYE.openness(_own_frame(PORTRAITS["average"], unit, crop)) for unit in result])
    assert openness.min() < 0.2 * openness[0]
    assert openness[-1] > 0.9 * openness[0]


def test_smoothed_motion_keeps_up() -> None:
    motion = builtin_motions.load("nod").landmarks.astype(np.float64)
    raw, _ = _retarget(PORTRAITS["average"], motion)
    smooth, _ = _retarget(PORTRAITS["average"], motion, RetargetOptions())
    assert np.abs(raw - smooth).max() < 0.02 and np.abs(raw - smooth).mean() < 0.003


def test_start_again_forgets_the_driver() -> None:
    motion = builtin_motions.load("wink").landmarks[:30]
    portrait = PORTRAITS["average"]
    retargeter = Retargeter(
        portrait, portrait_crop(portrait.astype(np.float32), *SIZE), RetargetOptions(), networks=NETWORKS
    )
    runs = []
    for _ in range(2):
        retargeter.start(motion[0], SIZE)
        runs.append([retargeter.step(frame, 40.0 * index) for index, frame in enumerate(motion)])
    assert np.array_equal(runs[0], runs[1])


def _restarted(frames: NDArray[np.float64], at: int, reference: NDArray[np.float64], *, after_cut: bool) -> np.ndarray:
    """(T, 478, 3): counted from the first frame, then, from frame `at` on, from another within 400 ms."""
    portrait = PORTRAITS["average"]
    retargeter = Retargeter(portrait, portrait_crop(portrait.astype(np.float32), *SIZE), RAW, networks=NETWORKS)
    retargeter.start(frames[0], SIZE)
    made = []
    for index, frame in enumerate(frames):
        if index == at:
            retargeter.restart(reference, SIZE, 400.0, after_cut=after_cut)
        made.append(retargeter.step(frame, 40.0 * index))
    return np.array(made)


@pytest.mark.parametrize("after_cut", [False, True])
def test_another_reference_takes_over_without_a_jump(after_cut: bool) -> None:
    turned, ahead = _person(pose=(10.0, 0.0, 0.0)), _person()
    driver = np.array([turned] * 5 + [ahead] * 20)
    if after_cut:  # somewhere else and larger, and at rest at once
        driver[5:] = _person(scale=160.0, centre=(330.0, 236.0))
    plain, _ = _retarget(PORTRAITS["average"], driver[:5])
    result = _restarted(driver, 5, driver[-1], after_cut=after_cut)
    assert np.array_equal(result[:5], plain)
    steps = np.linalg.norm(np.diff(result, axis=0)[..., :2], axis=-1).max(1)
    assert steps[15:].max() < 1e-6
    rest = portrait_crop(PORTRAITS["average"].astype(np.float32), *SIZE).to_unit(
        PORTRAITS["average"].astype(np.float32)
    )
    assert np.abs(result[15:] - rest).max() < 1e-6  # the head looks ahead as the photo does
    if after_cut:  # no more is to be seen of the leap of 74 pixels
        assert steps.max() < 1e-6
    else:  # before, it stood turned by 10 degrees; the first frame is the old motion's
        old, _ = _retarget(PORTRAITS["average"], driver)
        assert np.array_equal(result[5], old[5])
        assert steps[5:].max() < 0.2 * np.linalg.norm((old[5] - rest)[:, :2], axis=-1).max()


def test_a_restart_glides_on_with_the_motion() -> None:
    """Counted from the same frame again, nothing changes at all, while the driver moves on."""
    motion = builtin_motions.load("nod").landmarks[:40].astype(np.float64)
    plain, _ = _retarget(PORTRAITS["average"], motion)
    result = _restarted(motion, 12, motion[0], after_cut=False)
    assert np.abs(result - plain).max() < 0.01  # what eyes and lips had taught is learned anew
    assert np.abs(result - plain)[:, 1].max() < 1e-6


def test_gains_exaggerate() -> None:
    driver = np.array([_person(), _person(expression={"jawOpen": 0.2, "browInnerUp": 0.4}, pose=(5.0, 0, 0))])
    changes = []
    for gain in (0.5, 1.0, 2.0):
        options = RetargetOptions(smooth=False, gains=dict.fromkeys(REGIONS, gain))
        result, _ = _retarget(PORTRAITS["average"], driver, options)
        changes.append(np.linalg.norm((result[1] - result[0])[[14, 55, 285, 1], :2], axis=-1))
    assert (changes[0] < changes[1]).all() and (changes[1] < changes[2]).all()


def test_bad_options() -> None:
    with pytest.raises(ValueError, match="unknown region 'nose'; choose from pose, eyes, lips, brows"):
        RetargetOptions(regions=frozenset({"nose"}))
    with pytest.raises(ValueError, match="unknown region"):
        RetargetOptions(gains={"hair": 1.0})
    for gain in (-0.1, 4.0, float("nan")):
        with pytest.raises(ValueError, match="gain of lips"):
            RetargetOptions(gains={"lips": gain})


def test_bad_calls() -> None:
    portrait = PORTRAITS["average"]
    crop = portrait_crop(portrait.astype(np.float32), *SIZE)
    with pytest.raises(ValueError, match="portrait's landmarks must be"):
        Retargeter(portrait[:468], crop, networks=NETWORKS)
    retargeter = Retargeter(portrait, crop, networks=NETWORKS)
    with pytest.raises(RuntimeError, match="start"):
        retargeter.step(portrait, 0.0)
    with pytest.raises(RuntimeError, match=r"before restart\(\)"):
        retargeter.restart(portrait, SIZE, 400.0, after_cut=True)
    with pytest.raises(ValueError, match="driver's landmarks hold NaN"):
        retargeter.start(np.full((478, 3), np.nan), SIZE)
    retargeter.start(portrait, SIZE)
    retargeter.step(portrait, 0.0)
    with pytest.raises(ValueError, match="increase"):
        retargeter.step(portrait, 0.0)
    with pytest.raises(ValueError, match="driver's landmarks must be"):
        retargeter.step(portrait[:, :2], 40.0)
    with pytest.raises(ValueError, match="coincide"):
        retargeter.start(np.zeros((478, 3)), SIZE)
