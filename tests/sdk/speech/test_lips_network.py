"""Which samples the network sees for which moment, and what a manifest must say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from speech_cases import REFUSED, echo
from speech_stand_ins import MANIFEST, loudness_lips

from monalive.speech.lips_network import LipsNetwork
from monalive.speech.voice import SAMPLE_RATE


def test_windows_lie_around_their_moments_and_there_is_silence_around_the_sound() -> None:
    network = LipsNetwork(echo, {**MANIFEST, "coefficients": ["first", "here", "last"]})
    assert (network.before, network.after, network.window) == (8320, 1920, 10240)
    count = 2 * SAMPLE_RATE
    samples = np.arange(1, count + 1, dtype=np.float32)  # a sample is its number, from 1
    moments = np.array([0.0, 0.5, 1.0, 1.95, 2.0, 2.2, 3.0])
    found = network.shapes(samples, moments)
    for moment, row in zip(moments, found, strict=True):
        at = round(moment * SAMPLE_RATE)
        expected = [place + 1 if 0 <= place < count else 0 for place in (at - 8320, at, at + 1919)]
        assert row.tolist() == expected, moment
    assert samples[0] == 1  # it is not changed


def test_a_sound_of_nothing_is_silence() -> None:
    network = loudness_lips()
    assert network.shapes(np.zeros(0, np.float32), [0.0, 0.04]).tolist() == [[0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize("change", REFUSED)
def test_a_manifest_that_says_too_little_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="part 'speech'"):
        LipsNetwork(echo, {**MANIFEST, **change})
    with pytest.raises(ValueError, match="part 'speech'"):
        LipsNetwork(echo, {})
