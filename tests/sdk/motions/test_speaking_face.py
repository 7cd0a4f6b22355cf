"""A face that speaks while the sound is coming: how late it is, that it shuts, blinks and nods."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from speech_stand_ins import loudness_lips, silence, syllables, voiced

from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import fit_pose
from monalive.motions.speaking_face import SpeakingFace
from monalive.speech.rhythm import loudness_db
from monalive.speech.voice import SAMPLE_RATE

FPS = 25.0


def spoken(samples: NDArray[np.float32], face: SpeakingFace) -> NDArray[np.float32]:
    """(T, 478, 3) of a face that hears the samples as they come."""
    heard = np.concatenate([silence(face.window / SAMPLE_RATE), samples])
    ends = [round(index / FPS * SAMPLE_RATE) for index in range(int(len(samples) / SAMPLE_RATE * FPS))]
    return np.stack([face.frame(i / FPS, heard[end : end + face.window]) for i, end in enumerate(ends)])


def mouth(landmarks: NDArray[np.float32]) -> NDArray[np.float64]:
    basis = load_expressions()
    inside = [fit_pose(face, basis.mean_face).to_canonical(face) for face in landmarks]
    return np.array([basis.apertures.mouth.gaps(face)[3:6].mean() for face in inside])


def words(seconds: float = 8.0) -> NDArray[np.float32]:
    random = np.random.default_rng(3)
    parts = [silence(0.5)]
    while sum(map(len, parts)) < (seconds - 1.0) * SAMPLE_RATE:
        parts += [voiced(random.uniform(0.15, 0.35), level=random.uniform(0.3, 1.0)), silence(random.uniform(0.1, 0.6))]
    return np.concatenate([*parts, silence(1.0)])


def test_it_is_as_late_as_it_says() -> None:
    samples = words()
    face = SpeakingFace(loudness_lips())
    assert face.delay_seconds == pytest.approx(0.12)
    opened = mouth(spoken(samples, face))
    steps = np.arange(int(len(samples) / SAMPLE_RATE * 100)) * 0.01
    seen = np.interp(steps, np.arange(len(opened)) / FPS, opened)
    levels = np.maximum(loudness_db(samples)[: len(steps)], -45.0) + 45.0
    lags = np.arange(-10, 41)
    likeness = [np.corrcoef(np.roll(seen, -lag)[50:-50], levels[50:-50])[0, 1] for lag in lags]
    late = 0.01 * float(lags[int(np.argmax(likeness))])
    assert max(likeness) > 0.7
    assert face.delay_seconds - 0.02 <= late <= face.delay_seconds + 0.06


def test_the_first_frame_of_silence_is_at_rest_and_the_mouth_stays_shut() -> None:
    face = SpeakingFace(loudness_lips(), expression="happy")
    assert face.rest.shape == (478, 3) and face.image_size == (512, 512)
    noise = np.random.default_rng(0).normal(0, 0.002, 5 * SAMPLE_RATE).astype(np.float32)
    shown = spoken(noise, face)
    assert np.abs(shown[0] - face.rest).max() < 0.05
    assert mouth(shown).max() < 0.01
    assert np.abs(shown - face.rest).max() > 1.0  # it lives


def test_lips_open_and_shut_again() -> None:
    opened = mouth(
        spoken(np.concatenate([silence(1.0), voiced(0.5, level=1.0), silence(1.5)]), SpeakingFace(loudness_lips()))
    )
    assert opened[28:40].max() > 0.1
    assert opened[:24].max() < 0.01 and opened[48:].max() < 0.01


def test_it_nods_on_stress_and_blinks() -> None:
    face = SpeakingFace(loudness_lips(), gain={"lips": 0.0, "brows": 0.0})
    shown = spoken(np.concatenate([syllables()] * 4), face)
    eye = load_expressions().apertures.left_eye
    lids = np.array([eye.openness(points.astype(np.float64)) for points in shown])
    shut = lids < 0.5 * np.median(lids)
    assert 1 <= int((np.diff(shut.astype(int)) == 1).sum()) <= 6  # in 12 seconds
    pitch = np.array([fit_pose(points, load_expressions().mean_face).pitch for points in shown])
    assert np.ptp(pitch) > 1.5


def test_seed_and_gain() -> None:
    samples = words(4.0)
    one, same, other = (spoken(samples, SpeakingFace(loudness_lips(), seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 1.0
    still = SpeakingFace(loudness_lips(), gain=dict.fromkeys(("pose", "eyes", "lips", "brows"), 0.0))
    assert np.abs(spoken(samples, still) - still.rest).max() < 0.05


@pytest.mark.parametrize(
    ("options", "said"),
    [({"seed": -1}, "at least 0"), ({"expression": "bored"}, "no expression"), ({"gain": {"nose": 1}}, "nose")],
)
def test_what_cannot_be_asked_for_is_said(options: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        SpeakingFace(loudness_lips(), **options)  # type: ignore[arg-type]
