"""Scores of mouths whose faults are known, and the baselines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from spoken_clips import FPS, opening_mouth, track

from monalive_distill.speech.baselines import baselines, loudness
from monalive_distill.speech.evaluate import OURS, evaluate_speech, windows
from monalive_distill.speech.measures import closures, correlation, speech_scores
from monalive_distill.speech.mouth_basis import TIED
from monalive_distill.speech.phones import Phone, Phones
from monalive_distill.speech.sound_features import WINDOW

WANTED = opening_mouth(90)
# The mouth of `opening_mouth` shuts at 1.2 s and at 2.4 s; it is wide open at 1.5 s.
SAID = Phones([Phone("AA", 1.3, 1.7), Phone("B", 2.3, 2.44), Phone("M", 1.46, 1.54)], aligned=True)


def test_the_truth_is_right() -> None:
    told = track(WANTED, split="speakers", phones=SAID)
    scores = speech_scores([told], [WANTED])
    assert scores.jaw_correlation == pytest.approx(1) and scores.lips_correlation == pytest.approx(1)
    assert scores.jaw_error == pytest.approx(0, abs=1e-4) and scores.offset_ms == pytest.approx(0, abs=1e-6)
    assert scores.reach == pytest.approx(1, abs=1e-4)
    assert (scores.closures, scores.false_closures, scores.bilabials) == (1.0, 0.0, 1)


def test_closures_are_those_that_were_measured() -> None:
    (moment,) = closures(track(WANTED, phones=SAID))  # at 1.5 s the lips did not shut, whatever was said
    assert moment == pytest.approx(2.4, abs=0.09)
    assert closures(track(WANTED)) == []
    assert closures(track(WANTED, phones=replace(SAID, aligned=False))) == []


def test_a_late_mouth_and_one_that_never_shuts() -> None:
    told = track(WANTED, phones=SAID)
    late = np.concatenate([np.zeros((2, len(TIED))), WANTED[:-2]])
    assert speech_scores([told], [late]).offset_ms == pytest.approx(2000 / FPS, abs=10)
    open_mouth = np.maximum(WANTED, 0.2 * (np.arange(len(TIED)) == TIED.index("jawOpen")))
    assert speech_scores([told], [open_mouth]).closures == 0.0


def test_a_still_mouth_shuts_when_it_should_not() -> None:
    told = track(WANTED, phones=SAID)
    scores = speech_scores([told], [np.zeros_like(WANTED)])
    assert (scores.jaw_correlation, scores.offset_ms) == (0.0, None)
    assert (scores.closures, scores.false_closures) == (1.0, 1.0)
    assert scores.jaw_error == pytest.approx(100 * told.jaw.mean(), rel=1e-4)
    assert correlation(np.zeros(3), np.arange(3.0)) == 0.0


def test_loudness() -> None:
    told = track(WANTED)
    heard = loudness(told.sound, told.times_s)
    assert heard.min() == 0.0 and heard.max() == 1.0
    assert correlation(heard, told.jaw) > 0.6


def test_baselines_learn_from_those_that_are_trained_on() -> None:
    train, held = track(WANTED, phones=SAID), track(WANTED, split="sentences", phones=SAID)
    results = evaluate_speech([train, held], lambda clip: clip.coefficients.astype(np.float64))
    assert list(results) == ["sentences"]
    assert results["sentences"][OURS]["jaw_correlation"] == pytest.approx(1)
    assert results["sentences"]["loudness drives the jaw"]["jaw_correlation"] > 0.6
    with pytest.raises(ValueError, match="the caches hold no phones"):
        baselines([track(WANTED)])
    with pytest.raises(ValueError, match="there is nothing to measure"):
        evaluate_speech([train], lambda clip: WANTED)


def test_windows_are_of_520_ms_before_and_120_after() -> None:
    told = track(WANTED)
    clicks = np.zeros_like(told.sound)
    clicks[16000] = 1.0  # at 1 s
    heard = windows(replace(told, sound=clicks))
    assert heard.shape == (90, WINDOW)
    assert np.flatnonzero(heard[25]).tolist() == [520 * 16]
    assert [index for index in range(90) if heard[index].any()] == list(range(23, 39))  # after 880, up to 1,520 ms
