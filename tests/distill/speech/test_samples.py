"""Batches: mouths at the moments that the sound is of, whatever is done to the sound."""

from __future__ import annotations

import numpy as np
import pytest
from spoken_clips import opening_mouth, track

from monalive_distill.speech.mouth_basis import TIED
from monalive_distill.speech.phone_mouths import PHONES
from monalive_distill.speech.phones import Phone, Phones
from monalive_distill.speech.samples import MOMENTS, RUN, UNKNOWN_PHONE, SpeechSampler, cut
from monalive_distill.speech.sound_augmentation import augmented, stretched
from monalive_distill.speech.sound_features import BEFORE_MS

JAW = TIED.index("jawOpen")


def test_cutting_pads_with_silence() -> None:
    sound = np.arange(1, 6, dtype=np.float32)
    assert cut(sound, -2, 4).tolist() == [0, 0, 1, 2]
    assert cut(sound, 3, 4).tolist() == [4, 5, 0, 0]
    assert cut(sound, 9, 2).tolist() == [0, 0]


def test_batches_can_be_drawn_again() -> None:
    sampler = SpeechSampler([track(opening_mouth(90))], synthetic=0.3, known=0.5, seed=3)
    one, same, other = (sampler.draw(step, 4) for step in (7, 7, 8))
    assert np.array_equal(one.sound, same.sound) and not np.array_equal(one.sound, other.sound)
    assert one.sound.shape == (4, RUN) and one.sound.dtype == np.float32
    assert one.coefficients.shape == (4, MOMENTS, len(TIED))
    assert (one.phones == UNKNOWN_PHONE).all() and not one.shut.any()


def test_mouths_go_with_the_sound() -> None:
    # The sound of the toy clip is as loud as its jaw is open.
    sampler = SpeechSampler([track(opening_mouth(90))], synthetic=0.0, known=1.0, seed=0)
    batch = sampler.draw(0, 96)
    middle = BEFORE_MS * 16
    loud = np.sqrt((batch.sound[:, middle - 400 : middle + 400] ** 2).mean(1))
    before = np.sqrt((batch.sound[:, middle - 8000 : middle - 7200] ** 2).mean(1))
    jaw = batch.coefficients[:, 0, JAW]
    assert np.corrcoef(loud, jaw)[0, 1] > 0.5 > np.corrcoef(before, jaw)[0, 1]


def test_phones_are_told_where_the_words_are_known() -> None:
    said = Phones([Phone("AA", 0.0, 1.0), Phone("B", 1.0, 2.0), Phone("AA", 2.0, 3.6)], aligned=True)
    batch = SpeechSampler([track(opening_mouth(90), phones=said)], synthetic=0, known=1, seed=0).draw(0, 64)
    named = {PHONES[number] for number in np.unique(batch.phones)}
    assert {"AA", "B"} <= named
    assert (batch.shut[batch.phones != PHONES.index("B")] == 0).all() and batch.shut.any()


def test_held_out_clips_are_never_drawn() -> None:
    with pytest.raises(ValueError, match="hold no clip for training"):
        SpeechSampler([track(opening_mouth(90), split="speakers")], synthetic=0, known=1, seed=0)


def test_sound_through_rooms_and_codecs_stays_sound() -> None:
    tone = 0.3 * np.sin(2 * np.pi * 300 * np.arange(RUN) / 16000).astype(np.float32)
    for seed in range(20):
        made = augmented(tone, np.zeros_like(tone), np.random.default_rng(seed))
        assert made.shape == tone.shape and np.isfinite(made).all() and np.abs(made).max() <= 1
        strongest = int(np.abs(np.fft.rfft(made * np.hanning(RUN))).argmax()) * 16000 / RUN
        assert strongest == pytest.approx(300, abs=5), seed
    level = [float(np.sqrt((augmented(tone, tone, np.random.default_rng(seed)) ** 2).mean())) for seed in range(20)]
    assert min(level) < 0.03 and max(level) > 0.08


def test_faster_speech_has_a_higher_pitch() -> None:
    tone = np.sin(2 * np.pi * 300 * np.arange(20000) / 16000).astype(np.float32)
    made = stretched(tone, 16000)
    assert int(np.abs(np.fft.rfft(made)).argmax()) == pytest.approx(375, abs=1)
