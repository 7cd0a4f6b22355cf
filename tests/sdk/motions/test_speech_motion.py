"""Motions that speak: in step with the sound, shut in silence, at rest at both ends. Loudness opens the mouth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from speech_stand_ins import LoudnessMouth, loudness_lips, silence, syllables, voiced, write_sound

from monalive import Motion
from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import HeadPose, fit_pose
from monalive.faces.landmarks import LEFT_IRIS, RIGHT_IRIS
from monalive.motions.moods import EXPRESSIONS
from monalive.motions.synthetic_driver import PIXELS_PER_UNIT
from monalive.speech.lips_network import LipsNetwork
from monalive.speech.rhythm import loudness_db
from monalive.speech.voice import SAMPLE_RATE, Voice


@pytest.fixture(autouse=True)
def _lips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monalive.speech.lips_network.LipsNetwork.load", loudness_lips)


def poses(motion: Motion) -> list[HeadPose]:
    return [fit_pose(face, load_expressions().mean_face) for face in motion.landmarks]


def mouth(motion: Motion) -> NDArray[np.float64]:
    """(T,) how far the middle of the lips is apart, over the width of a mouth at rest."""
    basis = load_expressions()
    aperture = basis.apertures.mouth
    faces = zip(motion.landmarks, poses(motion), strict=True)
    gaps = np.array([aperture.gaps(pose.to_canonical(face))[3:6].mean() for face, pose in faces])
    return gaps / aperture.width(basis.mean_face)


def lids(motion: Motion) -> NDArray[np.float64]:
    """(T,) how far the left eye is open."""
    eye = load_expressions().apertures.left_eye
    return np.array([eye.openness(face.astype(np.float64)) for face in motion.landmarks])


def speak(samples: NDArray[np.float32], **more: object) -> Motion:
    return Motion.from_speech((samples, SAMPLE_RATE), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_it_begins_and_ends_at_rest_and_loops(expression: str) -> None:
    motion = speak(np.concatenate([voiced(0.5, level=1.0), silence(0.2), voiced(1.5)]), expression=expression)
    rest = (load_expressions().mean_face * PIXELS_PER_UNIT).astype(np.float32)
    moved = np.linalg.norm((motion.landmarks - motion.landmarks[0])[..., :2], axis=-1).max(axis=1)
    assert np.abs((motion.landmarks[0] - rest) - (motion.landmarks[0] - rest)[0]).max() < 1e-3
    assert moved[-1] < 1.5 and moved.max() > 8.0  # pixels, in a face half of 512 high
    assert motion.loop and motion.speech and motion.fps == 25


def test_the_mouth_moves_with_the_sound_and_is_shut_in_silence() -> None:
    motion = speak(syllables())
    opened = mouth(motion)
    time = motion.timestamps_ms / 1000
    for start in np.arange(5) * 0.23 + 0.5:  # a syllable is 0.18 s long
        assert opened[(time > start) & (time < start + 0.18)].max() > 0.05
    assert opened[(time < 0.34) | (time > 1.76)].max() < 0.015
    assert opened.argmax() / 25 == pytest.approx(0.5 + 2 * 0.23 + 0.09, abs=0.05)  # the loudest


def test_lips_meet_between_sounds() -> None:
    """A closure of 100 ms, as of p, b and m, at every place between two frames."""
    for late in np.linspace(0.0, 0.04, 5):
        motion = speak(np.concatenate([silence(0.3 + late), voiced(0.3), silence(0.1), voiced(0.3), silence(0.4)]))
        time = motion.timestamps_ms / 1000
        between = (time > 0.58 + late) & (time < 0.72 + late)
        assert mouth(motion)[between].min() < 0.03


def test_noise_in_a_pause_opens_nothing() -> None:
    noise = np.random.default_rng(0).normal(0, 0.03, 48000).astype(np.float32)
    noise[:16000] += voiced(1.0, level=1.0)
    opened = mouth(speak(noise))
    assert opened[5:20].max() > 0.1 and opened[32:].max() < 0.015


@pytest.mark.parametrize("fps", [10.0, 24.0, 25.0, 29.97, 30.0, 60.0])
def test_lips_are_in_step_with_the_sound_at_any_rate(fps: float) -> None:
    """Cross-correlation of loudness and mouth, at steps of 10 ms: the network's look-ahead is no offset."""
    random = np.random.default_rng(5)
    parts = [silence(0.4)]
    for _ in range(14):
        parts += [voiced(random.uniform(0.12, 0.4), level=random.uniform(0.3, 1.0)), silence(random.uniform(0.05, 0.5))]
    samples = np.concatenate([*parts, silence(0.6)])
    motion = speak(samples, fps=fps)
    levels = np.maximum(loudness_db(samples), -45.0) + 45.0
    steps = np.arange(len(levels)) * 0.01
    opened = np.interp(steps, motion.timestamps_ms / 1000, mouth(motion))
    lags = np.arange(-25, 26)
    likeness = [np.corrcoef(np.roll(opened, -lag)[30:-30], levels[30:-30])[0, 1] for lag in lags]
    assert max(likeness) > 0.7
    assert abs(int(lags[int(np.argmax(likeness))])) * 10 <= 20
    assert len(motion) == int(np.ceil(len(samples) / SAMPLE_RATE * fps - 1e-6))
    assert motion.fps == fps


def test_speech_to_the_last_sample_gets_time_to_come_to_rest() -> None:
    motion = speak(voiced(1.0, level=1.0))
    assert motion.duration_ms == pytest.approx(1500, abs=60)
    assert mouth(motion)[20] > 0.1 and mouth(motion)[-3:].max() < 0.015


def test_seeds_change_head_brows_and_eyes_alone() -> None:
    one, same, other = (speak(syllables(), seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.landmarks, same.landmarks)
    assert np.abs(one.landmarks - other.landmarks).max() > 2.0
    assert mouth(one) == pytest.approx(mouth(other), rel=0.05, abs=0.01)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_mood_leaves_the_opening_of_the_lips_alone(expression: str) -> None:
    plain, moody = mouth(speak(syllables())), mouth(speak(syllables(), expression=expression))
    assert moody == pytest.approx(plain, rel=0.05, abs=0.01)
    assert (moody[plain < 0.01] < 0.015).all()


def turn(motion: Motion) -> float:
    """Degrees that the head turns at most."""
    return float(np.abs([(pose.yaw, pose.pitch, pose.roll) for pose in poses(motion)]).max())


def test_gain_by_region() -> None:
    plain = speak(syllables())
    still = speak(syllables(), gain={"pose": 0.0})
    assert turn(plain) > 1.0 and turn(still) < 0.5 * turn(plain)
    assert mouth(still) == pytest.approx(mouth(plain), abs=0.01)
    assert mouth(speak(syllables(), gain={"lips": 0.0})).max() < 0.01
    assert mouth(speak(syllables(), gain={"lips": 1.5})).max() > 1.3 * mouth(plain).max()
    nothing = speak(syllables(), gain=dict.fromkeys(("pose", "eyes", "lips", "brows"), 0.0))
    assert np.abs(nothing.landmarks - nothing.landmarks[0]).max() < 1e-3


def test_it_blinks_every_few_seconds_and_keeps_looking_ahead_most_of_the_time() -> None:
    sound = np.concatenate([np.concatenate([syllables(), silence(0.3)]) for _ in range(9)])
    motion = speak(sound)
    shut = lids(motion) < 0.4 * np.median(lids(motion))
    blinks = int((np.diff(shut.astype(int)) == 1).sum())
    assert 5 <= blinks <= 18  # in half a minute
    irises = motion.landmarks[:, [*RIGHT_IRIS, *LEFT_IRIS], 0].mean(axis=1)
    corners = motion.landmarks[:, [33, 133, 362, 263], 0].mean(axis=1)
    aside = np.abs(irises - corners - np.median(irises - corners)) > 2.0
    assert 0.0 < aside.mean() < 0.5


def test_the_head_nods_on_the_stressed_syllable() -> None:
    pitches = np.array([pose.pitch for pose in poses(speak(syllables(), gain={"lips": 0.0, "brows": 0.0}))])
    assert np.abs(pitches[24:32] - pitches[22]).max() > 0.8  # it sounds from 0.96 to 1.14 s


def test_silence_is_said_and_gives_a_face_at_rest(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    path = write_sound(tmp_path / "quiet.wav", silence(2.0))
    motion = Motion.from_speech(path)
    assert f"no speech found in {path}" in caplog.text
    assert len(motion) == 50 and mouth(motion).max() < 0.015
    assert np.abs(motion.landmarks - motion.landmarks[0]).max() > 0.5  # it lives


def test_a_click_is_no_reason_to_fail() -> None:
    for length in (1, 160, 1600):
        motion = speak(np.full(length, 0.5, np.float32))
        assert 1 <= len(motion) <= 18 and np.isfinite(motion.landmarks).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fps": 5.0}, "frame rate from 10 to 120, not 5"),
        ({"fps": float("nan")}, "frame rate"),
        ({"seed": -1}, "at least 0"),
        ({"expression": "bored"}, "no expression 'bored'"),
        ({"gain": {"nose": 1.0}}, "unknown region 'nose'"),
        ({"gain": {"lips": 9.0}}, "from 0 to 3"),
    ],
)
def test_what_cannot_be_asked_for_is_said(options: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        speak(syllables(), **options)


def test_a_file_is_as_its_samples_and_says_that_it_speaks(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "voice.wav", syllables(), codec="pcm_f32le")
    motion, given = Motion.from_speech(path), Motion.from_speech(Voice.read(path))
    np.testing.assert_array_equal(motion.landmarks, given.landmarks)
    motion.save(tmp_path / "voice.motion")
    assert Motion.load(tmp_path / "voice.motion").speech
    replace(motion, speech=False).save(tmp_path / "plain.motion")
    assert not Motion.load(tmp_path / "plain.motion").speech


def test_the_network_is_asked_at_fifty_moments_a_second_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    for fps, most in ((25.0, 151), (30.0, 181), (60.0, 181)):
        counted = LoudnessMouth()
        manifest = {"coefficients": ["jawOpen", "mouthPucker"], "sample_rate": 16000, "before_ms": 520, "after_ms": 120}
        network = LipsNetwork(counted, manifest)
        monkeypatch.setattr("monalive.speech.lips_network.LipsNetwork.load", lambda network=network: network)
        speak(silence(3.0), fps=fps)
        assert most - 3 <= counted.calls <= most
