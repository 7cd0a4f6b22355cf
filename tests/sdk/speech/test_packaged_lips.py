"""The network that ships: its names, what silence and a vowel do to it, and what a minute of sound takes."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from speech_stand_ins import silence, syllables, voiced

from monalive import Motion
from monalive.faces.expressions import load_expressions
from monalive.motions.speech_performance import lips_opening
from monalive.speech.lips_network import LipsNetwork
from monalive.speech.voice import SAMPLE_RATE


def openings(network: LipsNetwork, samples: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """(T,) how far the lips are apart, in mouth widths."""
    return np.asarray(network.shapes(samples, seconds) @ np.array([lips_opening(name) for name in network.names]))


def test_it_says_what_it_takes_and_moves_the_mouth_alone() -> None:
    network = LipsNetwork.load()
    assert (network.before, network.after) == (8320, 1920)
    assert set(network.names) <= set(load_expressions().names) and "jawOpen" in network.names
    assert all(name.startswith(("jaw", "mouth", "cheek")) for name in network.names)


def test_silence_shuts_and_a_vowel_opens() -> None:
    network = LipsNetwork.load()
    moments = np.arange(0.1, 1.9, 0.04)
    still = openings(network, silence(2.0), moments)
    spoken = openings(network, np.concatenate([silence(0.4), voiced(0.3, level=0.8), silence(1.3)]), moments)
    assert np.abs(still).max() < 0.06
    assert spoken[(moments > 0.45) & (moments < 0.7)].max() > still.max() + 0.05


def test_the_same_sound_gives_the_same_shapes() -> None:
    network = LipsNetwork.load()
    sound, moments = syllables(), np.arange(0, 3, 0.1)
    np.testing.assert_array_equal(network.shapes(sound, moments), network.shapes(sound.copy(), moments))


def test_two_threads_do_not_disturb_each_other() -> None:
    sounds = [np.concatenate([syllables(), voiced(pause)]) for pause in (0.2, 0.6)]
    alone = [Motion.from_speech((sound, SAMPLE_RATE)).landmarks for sound in sounds]
    with ThreadPoolExecutor(2) as threads:
        together = list(threads.map(lambda sound: Motion.from_speech((sound, SAMPLE_RATE)).landmarks, sounds * 3))
    for index, landmarks in enumerate(together):
        np.testing.assert_array_equal(landmarks, alone[index % 2])


def test_a_minute_of_sound_takes_a_few_seconds_of_one_core() -> None:
    minute = np.tile(syllables(), 20)
    Motion.from_speech((syllables(), SAMPLE_RATE))
    start = time.process_time()
    motion = Motion.from_speech((minute, SAMPLE_RATE))
    assert time.process_time() - start < 6.0
    assert len(motion) == 1500
