"""A finished file of a photo that speaks: mouth and sound in step, the mouth shut in silence, no consent no speech."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from speech_stand_ins import loudness_lips, silence, syllables, voiced, write_sound

from monalive import (
    AnimationRequest,
    Consent,
    Disclosure,
    Motion,
    PhotoAnimator,
    PhotoAnimatorOptions,
    animate_photos,
    load_image,
)
from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import fit_pose
from monalive.faces.tracker import FaceTracker
from monalive.media.video_io import VideoReader
from monalive.packaged_assets import sample_portrait_path
from monalive.speech.rhythm import loudness_db
from monalive.speech.voice import SAMPLE_RATE


@pytest.fixture(autouse=True)
def _lips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monalive.speech.lips_network.LipsNetwork.load", loudness_lips)


def words() -> NDArray[np.float32]:
    """4.5 s: nine words of unequal length and loudness, with unequal pauses."""
    random = np.random.default_rng(7)
    parts = [silence(0.4)]
    for _ in range(9):
        parts += [voiced(random.uniform(0.12, 0.3), level=random.uniform(0.4, 1.0)), silence(random.uniform(0.1, 0.4))]
    return np.concatenate([*parts, silence(4.5)])[: round(4.5 * SAMPLE_RATE)]


def heard(path: Path) -> NDArray[np.float64]:
    """Loudness of the finished file, every 10 ms of its clock."""
    track = np.zeros(round(5.0 * SAMPLE_RATE), np.float32)
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            assert frame.sample_rate == SAMPLE_RATE and frame.pts is not None and frame.time_base is not None
            start = round(float(frame.pts * frame.time_base) * SAMPLE_RATE)
            samples = frame.to_ndarray().mean(axis=0)
            track[start : start + len(samples)] = samples
    return np.maximum(loudness_db(track), -45.0) + 45.0


def seen(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times in seconds, and how far the lips of the face in the finished file are apart."""
    basis, times, gaps = load_expressions(), [], []
    with FaceTracker() as tracker:
        for time, image in VideoReader(path):
            (face,) = tracker.track(image)
            inside = fit_pose(face.landmarks, basis.mean_face).to_canonical(face.landmarks)
            times.append(time / 1000)
            gaps.append(float(basis.apertures.mouth.gaps(inside)[3:6].mean()))
    return np.array(times), np.array(gaps)


@pytest.mark.parametrize("codec", [("voice.wav", "pcm_s16le"), ("voice.m4a", "aac")], ids=["wav", "aac"])
def test_what_is_seen_is_in_step_with_what_is_heard(tmp_path: Path, codec: tuple[str, str]) -> None:
    voice = write_sound(tmp_path / codec[0], words(), codec=codec[1])
    said = Disclosure(consent=Consent.ARTWORK)
    request = AnimationRequest([sample_portrait_path()], tmp_path / "out.mp4", speech=voice, size=320, disclosure=said)
    written = animate_photos(request)
    times, gaps = seen(written.path)
    levels = heard(written.path)[: round(4.4 * 100)]
    opened = np.interp(np.arange(len(levels)) * 0.01, times, gaps)
    lags = np.arange(-20, 21)
    likeness = [np.corrcoef(np.roll(opened, -lag)[20:-20], levels[20:-20])[0, 1] for lag in lags]
    assert max(likeness) > 0.6
    assert abs(int(lags[int(np.argmax(likeness))])) * 10 <= 40
    assert gaps[times < 0.2].max() < gaps.min() + 0.25 * np.ptp(gaps)  # shut before the first word


@pytest.fixture(scope="module")
def animator() -> Iterator[PhotoAnimator]:
    with PhotoAnimator.create_from_options(PhotoAnimatorOptions()) as made:
        yield made


def test_a_portrait_without_consent_does_not_speak(animator: PhotoAnimator, tmp_path: Path) -> None:
    motion = Motion.from_speech((syllables(), SAMPLE_RATE))
    motion.save(tmp_path / "said.motion")
    photo = load_image(sample_portrait_path())[::3, ::3].copy()
    silent, speaking = animator.enroll(photo), animator.enroll(photo, consent="given")
    for spoken in (motion, tmp_path / "said.motion"):
        with pytest.raises(ValueError, match="consent='self'"):
            next(animator.play(silent, spoken))
        with pytest.raises(ValueError, match="consent='self'"):
            next(animator.play([speaking, silent], spoken))
        assert next(animator.play(speaking, spoken)).image.shape == photo.shape
    live = [(0.0, motion.landmarks[0])], motion.landmarks[0], motion.image_size
    with pytest.raises(ValueError, match="consent='self'"):
        next(animator.play_speaking(silent, *live))
    assert next(animator.play_speaking(speaking, *live)).image.shape == photo.shape
    assert next(animator.play(silent, replace(motion, speech=False))).image.shape == photo.shape
