"""The network that ships: its names, what silence and a vowel do to it, and what a minute of sound takes."""

from __future__ import annotations

import time

import numpy as np
from speech_stand_ins import silence, syllables, voiced

from monalive import Motion
from monalive.faces.expressions import load_expressions
from monalive.motions.speech_performance import lips_opening
from monalive.speech.lips_network import LipsNetwork, default_lips_network
from monalive.speech.voice import SAMPLE_RATE


def openings(network: LipsNetwork, samples: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """(T,) how far the lips are apart, in mouth widths."""
    return np.asarray(network.shapes(samples, seconds) @ np.array([lips_opening(name) for name in network.names]))


def test_it_says_what_it_takes_and_moves_the_mouth_alone() -> None:
    network = default_lips_network()
    assert (network.before, network.after) == (8320, 1920)
    assert set(network.names) <= set(load_expressions().names) and "jawOpen" in network.names
    assert all(name.startswith(("jaw", "mouth", "cheek")) for name in network.names)


def test_it_is_loaded_once() -> None:
    assert default_lips_network() is default_lips_network()


def test_silence_shuts_and_a_vowel_opens() -> None:
    network = default_lips_network()
    moments = np.arange(0.1, 1.9, 0.04)
    still = openings(network, silence(2.0), moments)
    spoken = openings(network, np.concatenate([silence(0.4), voiced(0.3, level=0.8), silence(1.3)]), moments)
    assert np.abs(still).max() < 0.06
    assert spoken[(moments > 0.45) & (moments < 0.7)].max() > still.max() + 0.05


def test_the_same_sound_gives_the_same_shapes() -> None:
    network = default_lips_network()
    sound, moments = syllables(), np.arange(0, 3, 0.1)
    np.testing.assert_array_equal(network.shapes(sound, moments), network.shapes(sound.copy(), moments))


def test_a_minute_of_sound_takes_a_few_seconds_of_one_core() -> None:
    minute = np.tile(syllables(), 20)
    Motion.from_speech((syllables(), SAMPLE_RATE))
    start = time.process_time()
    motion = Motion.from_speech((minute, SAMPLE_RATE))
    assert time.process_time() - start < 6.0
    assert len(motion) == 1500
