"""Sound of any kind becomes one channel at 16 kHz, in its place; what is none is refused in one line."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from speech_stand_ins import silence, voiced, write_sound

from monalive.media.video_sinks import open_sink
from monalive.speech.voice import SAMPLE_RATE, Voice


def tone(rate: int, seconds: float = 1.0, hertz: float = 440.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000, 96000])
def test_a_tone_stays_that_tone_in_its_place_at_any_rate(rate: int) -> None:
    voice = Voice.from_samples(tone(rate), rate)
    assert voice.samples.dtype == np.float32 and voice.seconds == pytest.approx(1.0, abs=0.002)
    inside = slice(1600, 14400)
    assert np.abs(voice.samples - tone(SAMPLE_RATE)[: len(voice.samples)])[inside].max() < 0.02


def test_what_16_kilohertz_cannot_hold_does_not_fold_back() -> None:
    voice = Voice.from_samples(tone(48000, hertz=11000.0), 48000)
    assert np.abs(voice.samples[800:-800]).max() < 0.02


@pytest.mark.parametrize("given", ["int16", "int32", "uint8", "float64", "stereo"])
def test_numbers_of_any_kind_are_the_same_sound(given: str) -> None:
    sound = tone(SAMPLE_RATE)
    kinds: dict[str, np.ndarray] = {
        "int16": np.round(sound * 32768).astype(np.int16),
        "int32": np.round(sound.astype(np.float64) * 2**31).astype(np.int32),
        "uint8": np.round(sound * 128 + 128).astype(np.uint8),
        "float64": sound.astype(np.float64),
        "stereo": np.stack([sound * 1.5, sound * 0.5], axis=1),
    }
    assert np.abs(Voice.from_samples(kinds[given], SAMPLE_RATE).samples - sound).max() < (
        0.005 if given == "uint8" else 1e-4
    )


@pytest.mark.parametrize(
    ("samples", "rate", "said"),
    [
        (np.zeros(0), 16000, "one or more"),
        (np.zeros((2, 3, 4)), 16000, "samples, channels"),
        (np.zeros((2, 16000)), 16000, "samples, channels"),  # channels first
        (np.zeros(10), 100, "samples a second"),
        (np.array([0.0, np.nan]), 16000, "finite"),
        (np.array([0.0, 1000.0]), 16000, "divide"),
        (np.zeros(10, np.complex128), 16000, "floats or integers"),
        (np.zeros(4001 * 600 + 4001), 4001, "longer than 10 minutes"),
    ],
)
def test_samples_that_are_no_sound_are_refused(samples: np.ndarray, rate: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Voice.from_samples(samples, rate)


def begins(voice: Voice) -> float:
    return float(np.flatnonzero(np.abs(voice.samples) > 0.1)[0]) / SAMPLE_RATE


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("a.wav", "pcm_s16le", 16000),
        ("a.wav", "pcm_f32le", 44100),
        ("a.flac", "flac", 48000),
        ("a.mp3", "libmp3lame", 44100),
        ("a.m4a", "aac", 44100),
        ("a.ogg", "libopus", 48000),
        ("a.mkv", "aac", 24000),
    ],
)
def test_files_of_any_kind_begin_where_they_are_heard(tmp_path: Path, name: str, codec: str, rate: int) -> None:
    sound = np.concatenate([silence(0.5, rate), voiced(0.4, rate=rate), silence(0.6, rate)])
    voice = Voice.read(write_sound(tmp_path / name, sound, rate, codec))
    assert begins(voice) + voice.start_s == pytest.approx(0.5, abs=0.035)
    assert voice.seconds == pytest.approx(1.5, abs=0.08)
    assert not voice.silent and voice.path == tmp_path / name


def test_the_clock_of_the_file_is_kept(tmp_path: Path) -> None:
    sound = np.concatenate([silence(0.2), voiced(0.4)])
    voice = Voice.read(write_sound(tmp_path / "late.mkv", sound, start_s=1.5))
    assert voice.start_s == pytest.approx(1.5, abs=0.002)
    assert begins(voice) == pytest.approx(0.2, abs=0.01)


def test_both_channels_are_heard(tmp_path: Path) -> None:
    sound = np.stack([voiced(0.5), silence(0.5)], axis=1)
    voice = Voice.read(write_sound(tmp_path / "left.wav", sound))
    assert np.abs(voice.samples).max() == pytest.approx(np.abs(sound).max() / 2, rel=0.1)


def test_a_hole_in_a_file_stays_a_hole(tmp_path: Path) -> None:
    sound = np.concatenate([voiced(1.0), silence(1.0), voiced(0.3), silence(0.2)])
    whole, hurt = write_sound(tmp_path / "a.mkv", sound, 48000, "aac"), tmp_path / "b.mkv"
    with av.open(str(whole)) as source, av.open(str(hurt), "w") as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(audio=0):
            if packet.pts is not None and not 0.1 < float(packet.pts * packet.time_base) < 0.6:
                packet.stream = stream
                target.mux(packet)
    last = [np.flatnonzero(np.abs(Voice.read(path).samples) > 0.1)[-1] for path in (whole, hurt)]
    assert last[0] == pytest.approx(last[1], abs=0.005 * SAMPLE_RATE)


def test_damage_is_skipped_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_sound(tmp_path / "a.mp3", voiced(2.0), codec="libmp3lame")
    content = bytearray(path.read_bytes())
    third = len(content) // 3
    content[third : third + 1500] = b"\0" * 1500
    path.write_bytes(content)
    assert 1.0 < Voice.read(path).seconds < 2.1
    assert "is damaged or cut short" in caplog.text


def test_a_file_cut_short_gives_what_is_there(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.ogg", voiced(2.0, rate=48000), 48000, "libopus")
    path.write_bytes(path.read_bytes()[:-4000])
    assert 0.2 < Voice.read(path).seconds < 2.0


def test_silence_is_known_as_such(tmp_path: Path) -> None:
    assert Voice.read(write_sound(tmp_path / "a.wav", silence(1.0))).silent
    assert Voice.from_samples(np.full(100, 5e-4), 16000).silent
    assert not Voice.from_samples(np.full(100, 5e-3), 16000).silent


def test_what_is_no_sound_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no sound at"):
        Voice.read(tmp_path / "none.wav")
    with pytest.raises(IsADirectoryError, match="not a sound"):
        Voice.read(tmp_path)
    empty = tmp_path / "empty.wav"
    empty.write_bytes(b"")
    with pytest.raises(ValueError, match="is empty"):
        Voice.read(empty)
    text = tmp_path / "text.wav"
    text.write_text("not a sound\n" * 100)
    with pytest.raises(ValueError, match="not a sound that can be read"):
        Voice.read(text)
    damaged = write_sound(tmp_path / "damaged.wav", voiced(1.0))
    damaged.write_bytes(b"\xff" * 40 + damaged.read_bytes()[40:])
    with pytest.raises(ValueError, match="not a sound that can be read"):
        Voice.read(damaged)
    no_samples = write_sound(tmp_path / "head.wav", voiced(1.0))
    no_samples.write_bytes(no_samples.read_bytes()[:44])
    with pytest.raises(ValueError, match=r"without sound|not a sound"):
        Voice.read(no_samples)
    mute = tmp_path / "mute.mp4"
    with open_sink(mute, 25, (64, 48)) as sink:
        sink.write(np.zeros((48, 64, 3), np.uint8))
    with pytest.raises(ValueError, match="no sound track"):
        Voice.read(mute)


def test_too_long_is_said_before_all_of_it_is_read(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "long.flac", silence(605.0, 8000), 8000, "flac")
    with pytest.raises(ValueError, match="longer than 10 minutes; cut it"):
        Voice.read(path)
