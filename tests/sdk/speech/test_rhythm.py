"""Loudness, pitch, phrases and stress of sounds that are known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from speech_stand_ins import silence, syllables, voiced

from monalive.speech.rhythm import HOP_SECONDS, loudness_db, rhythm_of, smoothed, without_rumble
from monalive.speech.voice import SAMPLE_RATE, Voice


def test_loudness_of_a_sine_is_three_decibels_below_its_peak() -> None:
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    levels = loudness_db((0.5 * np.sin(2 * np.pi * 400 * time)).astype(np.float32))
    assert len(levels) == 100
    assert levels[5:-5] == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.05)
    assert loudness_db(silence(0.1)) == pytest.approx(-90.0)


def test_rumble_is_taken_off_and_the_voice_stays() -> None:
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    for hertz, least, most in ((15, -99.0, -40.0), (30, -99.0, -30.0), (150, -1.0, 4.0), (1000, -1.0, 1.0)):
        wave = np.sin(2 * np.pi * hertz * time).astype(np.float32)
        left = without_rumble(wave)[2000:-2000]
        assert left.shape == (12000,) and least < 20 * np.log10(np.abs(left).max()) < most, hertz


@pytest.mark.parametrize("pitch", [80.0, 120.0, 220.0, 330.0])
def test_pitch_of_a_vowel(pitch: float) -> None:
    found = rhythm_of(Voice(voiced(0.6, pitch))).semitones
    inside = found[10:-10]
    assert np.isfinite(inside).mean() > 0.9
    assert np.nanmedian(inside) == pytest.approx(12 * np.log2(pitch / 55.0), abs=0.4)


def test_noise_has_no_pitch() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 8000).astype(np.float32)
    assert np.isfinite(rhythm_of(Voice(noise)).semitones).mean() < 0.05


def test_phrases_end_at_pauses_and_not_at_closures() -> None:
    word = voiced(0.4)
    sound = np.concatenate([silence(0.5), word, silence(0.1), word, silence(0.6), word, silence(0.5)])
    (first, second) = rhythm_of(Voice(sound)).phrases
    assert first == pytest.approx((0.5, 1.4), abs=0.04)
    assert second == pytest.approx((2.0, 2.4), abs=0.04)


@pytest.mark.parametrize("level", [1.0, 0.1, 0.02])
def test_volume_and_noise_do_not_change_phrases(level: float) -> None:
    noise = np.random.default_rng(1).normal(0, 0.004, 48000)
    noisy = (level * (syllables() + noise)).astype(np.float32)
    ((start, end),) = rhythm_of(Voice(noisy)).phrases
    assert (start, end) == pytest.approx((0.5, 1.6), abs=0.06)


def test_speech_without_a_pause_is_one_phrase() -> None:
    sound = np.tile(voiced(0.3), 10)
    ((start, end),) = rhythm_of(Voice(sound)).phrases
    assert (start, end) == pytest.approx((0.0, 3.0), abs=0.05)


def test_the_stressed_syllable_is_found() -> None:
    accents = rhythm_of(Voice(syllables())).accents
    strongest = max(accents, key=lambda accent: accent.strength)
    assert strongest.time == pytest.approx(0.5 + 2 * 0.23 + 0.09, abs=0.05)
    assert all(0 < accent.strength <= 1 for accent in accents)
    assert all(later.time - accent.time >= 0.4 - 1e-9 for accent, later in itertools.pairwise(accents))


@pytest.mark.parametrize("samples", [silence(0.0), silence(2.0), np.full(16000, 1e-4, np.float32), silence(0.003)])
def test_silence_has_no_rhythm(samples: np.ndarray) -> None:
    rhythm = rhythm_of(Voice(samples))
    assert (rhythm.phrases, rhythm.accents) == ((), ())
    assert not np.isfinite(rhythm.semitones).any()


def test_smoothing_keeps_lines_and_spreads_a_spike() -> None:
    line = np.linspace(0.0, 1.0, 50)
    assert smoothed(line, 2.0)[10:-10] == pytest.approx(line[10:-10])
    spike = np.zeros((41, 2))
    spike[20, 1] = 1.0
    spread = smoothed(spike, 2.0)
    assert spread[:, 0].max() == 0 and spread[:, 1].sum() == pytest.approx(1.0)
    assert spread[20, 1] == pytest.approx(1 / (2.0 * np.sqrt(2 * np.pi)), rel=0.02)


def test_a_hop_is_ten_milliseconds() -> None:
    assert HOP_SECONDS == 0.01 and len(rhythm_of(Voice(silence(1.0))).loudness_db) == 100
