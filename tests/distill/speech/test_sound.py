"""Sound of files: rate, channels, and the moment of its first sample; faces that are missing in between."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from monalive_distill.speech.clips import _filled, prepare_clips
from monalive_distill.speech.sound import read_sound


def _stereo_tone(path: Path, seconds: float = 0.5, rate: int = 44100) -> Path:
    tone = 0.5 * np.sin(2 * np.pi * 400 * np.arange(round(seconds * rate)) / rate)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.stack([np.round(tone * 32767)] * 2, 1).astype("<i2").tobytes())
    return path


def test_any_rate_becomes_16000_mono(tmp_path: Path) -> None:
    sound = read_sound(_stereo_tone(tmp_path / "tone.wav"))
    assert sound.dtype == np.float32 and len(sound) == pytest.approx(8000, abs=40)
    assert int(np.abs(np.fft.rfft(sound[:8000])).argmax()) == pytest.approx(200, abs=1)
    assert float(np.abs(sound).max()) == pytest.approx(0.5, abs=0.02)


def test_the_first_sample_is_of_the_moment_asked_for(tmp_path: Path) -> None:
    path = _stereo_tone(tmp_path / "tone.wav")
    whole = read_sound(path)
    assert np.array_equal(read_sound(path, 0.1), whole[1600:])
    early = read_sound(path, -0.1)
    assert not early[:1600].any() and np.array_equal(early[1600:], whole)


def test_files_without_sound(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_sound(tmp_path / "nothing.wav")
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(ValueError, match=r"text\.wav"):
        read_sound(tmp_path / "text.wav")


def test_frames_without_a_face_lie_between_their_neighbours() -> None:
    values = np.array([[np.nan, np.nan], [1, 10], [np.nan, np.nan], [3, 30]], np.float32)
    assert _filled(values).tolist() == [[1, 10], [1, 10], [2, 20], [3, 30]]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        prepare_clips(tmp_path / "nowhere", tmp_path / "cache")
