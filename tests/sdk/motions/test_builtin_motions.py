"""Built-in motions: they loop, start neutral, do what they are called, and look like a face throughout."""

from __future__ import annotations

import numpy as np
import pytest

from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import HeadPose, fit_pose
from monalive.motions import builtin_motions, motion_curves
from monalive.motions.motion import Motion

BASIS = load_expressions()
FACE = BASIS.mean_face
NAMES = builtin_motions.names()


def _poses(motion: Motion) -> list[HeadPose]:
    return [fit_pose(frame, FACE) for frame in motion.landmarks]


def _faces(motion: Motion) -> np.ndarray:
    return np.array([pose.to_canonical(frame) for pose, frame in zip(_poses(motion), motion.landmarks, strict=True)])


def _openness(motion: Motion) -> np.ndarray:
    """(T, 2) right, left eye, 1 as at rest."""
    eyes = BASIS.apertures.eyes
    return np.array([[eye.openness(face) / eye.openness(FACE) for eye in eyes] for face in _faces(motion)])


def test_there_are_the_promised_names() -> None:
    assert len(NAMES) >= 10
    assert {
        "smile",
        "laugh",
        "nod",
        "shake",
        "blink",
        "wink",
        "look_around",
        "talk",
        "surprise",
        "tilt",
        "idle",
    } <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_form(name: str) -> None:
    motion = builtin_motions.load(name)
    assert motion.loop and motion.name == name and motion.fps == 25.0
    assert 3000 <= motion.duration_ms <= 8000
    width, height = motion.image_size
    assert (motion.landmarks[..., :2] > 0).all() and (motion.landmarks[..., :2] < [width, height]).all()


@pytest.mark.parametrize("name", NAMES)
def test_starts_neutral(name: str) -> None:
    first = builtin_motions.load(name).landmarks[0]
    pose = fit_pose(first, FACE)
    assert np.allclose([pose.yaw, pose.pitch, pose.roll], 0.0, atol=1e-3)
    assert np.allclose(pose.to_canonical(first), FACE, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_the_seam_is_no_larger_than_any_other_step(name: str) -> None:
    landmarks = builtin_motions.load(name).landmarks
    steps = np.linalg.norm(np.diff(landmarks, axis=0), axis=-1).max(axis=1)
    seam = np.linalg.norm(landmarks[-1] - landmarks[0], axis=-1).max()
    assert seam <= steps.max()
    assert seam <= 1.5  # pixels of a face 250 px high
    # Speed is continuous too: nothing jolts where the loop closes.
    before, after = landmarks[-1] - landmarks[-2], landmarks[1] - landmarks[0]
    assert np.linalg.norm(after - before, axis=-1).max() <= 1.0


@pytest.mark.parametrize("name", NAMES)
def test_something_lives_in_every_second(name: str) -> None:
    motion = builtin_motions.load(name)
    for start in range(0, len(motion) - 25, 25):
        assert np.ptp(motion.landmarks[start : start + 25, 1, :2], axis=0).max() > 0.1
    assert (_openness(motion).min(axis=1) < 0.2).any(), "every motion has a blink or closes an eye"
    assert np.ptp(motion.landmarks, axis=0)[..., :2].max() > 4.0


@pytest.mark.parametrize("name", NAMES)
def test_lids_and_lips_never_pass_each_other(name: str) -> None:
    motion = builtin_motions.load(name)
    for face in _faces(motion)[::2]:
        for aperture in (*BASIS.apertures.eyes, BASIS.apertures.mouth):
            assert (aperture.gaps(face) > -0.012).all()


@pytest.mark.parametrize("name", NAMES)
def test_no_frame_jumps(name: str) -> None:
    landmarks = builtin_motions.load(name).landmarks
    assert np.linalg.norm(np.diff(landmarks[..., :2], axis=0), axis=-1).max() < 16.0  # 6 % of the face's height


def test_head_motions() -> None:
    nod = np.array([[pose.yaw, pose.pitch, pose.roll] for pose in _poses(builtin_motions.load("nod"))])
    shake = np.array([[pose.yaw, pose.pitch, pose.roll] for pose in _poses(builtin_motions.load("shake"))])
    tilt = np.array([[pose.yaw, pose.pitch, pose.roll] for pose in _poses(builtin_motions.load("tilt"))])
    assert np.ptp(nod, axis=0).argmax() == 1 and nod[:, 1].max() > 7
    assert np.ptp(shake, axis=0).argmax() == 0 and shake[:, 0].max() > 7 and shake[:, 0].min() < -7
    assert np.ptp(tilt, axis=0).argmax() == 2 and tilt[:, 2].max() > 7 and tilt[:, 2].min() < -5


def test_face_motions() -> None:
    mouth = BASIS.apertures.mouth
    smile = np.array([mouth.width(face) for face in _faces(builtin_motions.load("smile"))])
    assert smile.max() > 1.12 * mouth.width(FACE)
    kiss = np.array([mouth.width(face) for face in _faces(builtin_motions.load("kiss"))])
    assert 0.65 * mouth.width(FACE) < kiss.min() < 0.76 * mouth.width(FACE)  # as real puckers
    surprise = builtin_motions.load("surprise")
    assert _openness(surprise).max() > 1.15
    assert max(mouth.openness(face) for face in _faces(surprise)) > 0.2
    talk = np.array([mouth.openness(face) for face in _faces(builtin_motions.load("talk"))])
    openings = ((talk[1:-1] > talk[:-2]) & (talk[1:-1] >= talk[2:]) & (talk[1:-1] > 0.1)).sum()
    assert openings >= 8 and (talk < 0.02).sum() >= 10


def test_wink_closes_one_eye_only() -> None:
    openness = _openness(builtin_motions.load("wink"))
    winking = openness[:, 0] < 0.1
    assert (openness[winking, 1] > 0.5).sum() >= 4


def test_eyes_look_around() -> None:
    motion = builtin_motions.load("look_around")
    irises = _faces(motion)[:, [468, 473], :2] - FACE[[468, 473], :2]
    assert irises[..., 0].max() > 0.025 and irises[..., 0].min() < -0.025 and irises[..., 1].min() < -0.015


def test_loading_twice_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    first = builtin_motions.load("idle").landmarks.copy()
    builtin_motions.load.cache_clear()
    assert np.array_equal(builtin_motions.load("idle").landmarks, first)


def test_unknown_name() -> None:
    with pytest.raises(ValueError, match=r"no motion 'dance'; choose from .*smile"):
        builtin_motions.load("dance")


def test_curves() -> None:
    time = np.arange(0, 4, 0.04)
    pulse = motion_curves.pulse(time, 0.4, 0.4, 0.4, 0.8)
    assert pulse[0] == 0 and pulse.max() == pytest.approx(1.0) and pulse[time > 2.1].max() < 1e-9
    keys = motion_curves.keyframes(time, [(0.4, 0.0), (0.8, 2.0), (1.6, -1.0)])
    assert keys[time <= 0.4].max() == 0 and keys[20] == pytest.approx(2.0) and keys[-1] == pytest.approx(-1.0)
    shut = motion_curves.blink(time, 0.8, 2.0)
    assert shut[20] == shut[50] == 1.0 and (shut > 0.9).sum() == 4 and (shut > 1e-9).sum() == 16
    wander = motion_curves.sway(time, 4.0, 2.0, seed=3)
    assert wander[0] == 0.0 and wander.std() == pytest.approx(2.0, rel=0.05)
    assert abs(motion_curves.sway(np.array([4.0]), 4.0, 2.0, seed=3)[0]) < 1e-9
