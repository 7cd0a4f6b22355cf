"""Synthetic speech: phones come in the order and at the time at which they are heard."""

from __future__ import annotations

import ctypes.util
import itertools
import shutil

import numpy as np
import pytest

from monalive_distill.speech.phone_mouths import PHONES
from monalive_distill.speech.phones import SILENCE
from monalive_distill.speech.synthetic_speech import Espeak, flite_speech, sentences

needs_espeak = pytest.mark.skipif(ctypes.util.find_library("espeak-ng") is None, reason="no espeak-ng here")
needs_flite = pytest.mark.skipif(shutil.which("flite") is None, reason="no flite here")


def test_sentences_can_be_drawn_again() -> None:
    one, same, other = (list(itertools.islice(sentences(seed), 5)) for seed in (1, 1, 2))
    assert one == same != other
    assert all(5 <= len(sentence.split()) <= 10 and sentence.endswith(".") for sentence in one)


@needs_espeak
def test_espeaks_phones() -> None:
    espeak = Espeak()
    sound, phones = espeak("Put a map by the moon.", "f3", words_per_minute=140)
    assert [phone.name for phone in phones if phone.name in "PBM"] == ["P", "M", "P", "B", "M"]
    assert all(phone.name in PHONES for phone in phones)
    assert all(one.end == two.start for one, two in itertools.pairwise(phones))
    vowel = next(phone for phone in phones if phone.name == "AE")
    heard = sound[round(vowel.start * 16000) : round(vowel.end * 16000)]
    assert np.abs(heard).mean() > np.abs(sound).mean()
    with pytest.raises(ValueError, match="no voice"):
        espeak("Hello.", "nobody")


@needs_flite
def test_flites_phones() -> None:
    sound, phones = flite_speech("Put a map by the moon.", "slt", 1.3)
    assert [phone.name for phone in phones if phone.name in "PBM"] == ["P", "M", "P", "B", "M"]
    assert phones[0].name == SILENCE and phones[-1].end == pytest.approx(len(sound) / 16000, abs=0.05)
    plain, _ = flite_speech("Put a map by the moon.", "slt")
    assert len(sound) == pytest.approx(1.3 * len(plain), rel=0.03)
    quiet = sound[: round(phones[0].end * 16000)]
    assert np.abs(quiet).max() < 0.1 * np.abs(sound).max()
