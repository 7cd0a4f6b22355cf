"""What the network hears, and mouths that are within bounds and shut when they are to be."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from monalive_distill.speech.mouth_basis import TIED, mouth_basis
from monalive_distill.speech.network import SpeechNetwork, load_speech
from monalive_distill.speech.sound import SAMPLE_RATE
from monalive_distill.speech.sound_features import BANDS, CHANNELS, FRAMES, WINDOW, SoundFeatures


def _tone(hertz: float, level: float = 0.3) -> torch.Tensor:
    return torch.from_numpy(level * np.sin(2 * np.pi * hertz * np.arange(WINDOW) / SAMPLE_RATE)).float()[None]


def test_the_spectrum_is_the_fourier_transforms() -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, WINDOW).astype(np.float32)
    power = SoundFeatures().power(torch.from_numpy(sound)[None])[0]
    assert power.shape == (FRAMES, BANDS)
    frame = sound[1600:1920].astype(np.float64)
    emphasised = frame - 0.9 * np.concatenate([[0.0], frame[:-1]])
    wanted = np.abs(np.fft.rfft(0.5 * emphasised * np.hanning(321)[:320])) ** 2
    # The highest band's triangle: 50 Hz a step.
    features = SoundFeatures()
    half = len(features.bands) // 2
    assert power[10].numpy() == pytest.approx(wanted[2 : 2 + half] @ features.bands[:half].numpy(), rel=1e-3)


def test_a_tone_is_in_its_band_and_level_does_not_matter_much() -> None:
    features = SoundFeatures()
    low, high = (features(features.power(_tone(hertz)))[0, :, :BANDS].mean(0) for hertz in (400.0, 4000.0))
    assert int(low.argmax()) < 10 < 20 < int(high.argmax())
    quiet = features(features.power(_tone(400.0, 0.06)))[0]
    loud = features(features.power(_tone(400.0, 0.6)))[0]
    assert float((quiet - loud)[:, :BANDS].abs().mean()) < 0.02
    assert float((loud - quiet)[:, BANDS].mean()) > 0.3  # the window's level is told apart


def test_silence_is_finite_and_hardly_hiss_louder() -> None:
    features = SoundFeatures()
    silence = features(features.power(torch.zeros(1, WINDOW)))
    assert silence.shape == (1, FRAMES, CHANNELS) and bool(torch.isfinite(silence).all())
    hiss = features(features.power(1e-4 * torch.randn(1, WINDOW)))
    speech = features(features.power(_tone(400.0)))
    assert float(hiss[..., :BANDS].max()) < float(speech[..., :BANDS].max()) - 0.5


@torch.no_grad()
def test_mouths_are_within_bounds_and_shut_where_lips_are_to_touch() -> None:
    torch.manual_seed(0)
    network = SpeechNetwork().eval()
    with torch.no_grad():
        network.mouth.bias[TIED.index("jawOpen")] = 0.3
        network.touch.bias[0] = -5.0
    sound = 0.1 * torch.randn(3, WINDOW)
    gaps = torch.from_numpy(mouth_basis().lips).float()
    opened = network.mouths(sound)
    assert opened.shape == (3, len(TIED)) and float(opened.min()) >= 0 and float(opened.max()) <= 1
    assert float((opened @ gaps).min()) > 0.05
    network.touch.bias[0] = 5.0
    shut = network.mouths(sound)
    assert float((shut @ gaps).max()) < 1e-5
    jaw = TIED.index("jawOpen")
    assert torch.equal(shut[:, jaw], opened[:, jaw])  # the lips shut over an open jaw


def test_weights_of_another_model() -> None:
    from monalive_distill.packaged_assets import tracker_weights

    with pytest.raises(ValueError, match="does not hold the weights of the speech network"):
        load_speech(tracker_weights())
