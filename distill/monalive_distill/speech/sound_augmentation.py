"""Sound as other voices, rooms, microphones and codecs would make it, so that the network hears all of them."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive_distill.speech.sound import SAMPLE_RATE, Samples

_QUIETEST_DB, _LOUDEST_DB = -42.0, -14.0  # of speech, of full scale
_CLEAN: Final = 0.35  # share that no noise is added to
_SNR_DB: Final = (8.0, 35.0)
_ROOM, _TELEPHONE, _CODEC, _TONE = 0.35, 0.12, 0.15, 0.7  # shares


def augmented(sound: Samples, babble: Samples, random: np.random.Generator) -> Samples:
    """Sound (n,) through a random tone control, room, telephone line and codec, with noise, at some level.

    Args:
        sound: in [-1, 1].
        babble: (n,) of somebody else, a noise among others.
        random: what is drawn from.
    """
    spectrum = np.fft.rfft(sound, 2 * len(sound))
    frequencies = np.fft.rfftfreq(2 * len(sound), 1 / SAMPLE_RATE)
    gains = np.ones(len(spectrum))
    if random.random() < _TONE:
        places = np.log(np.array([50.0, 150, 400, 1000, 2500, 5000, 8000]))
        decibels = np.interp(np.log(np.maximum(frequencies, 50)), places, random.normal(0, 4.5, len(places)))
        gains = gains * 10 ** (decibels / 20)
    if random.random() < _TELEPHONE:
        low, high = random.uniform(150, 350), random.uniform(3000, 4500)
        gains = gains / (1 + (low / np.maximum(frequencies, 1)) ** 4) / (1 + (frequencies / high) ** 8)
    spectrum = spectrum * gains
    if random.random() < _ROOM:
        spectrum = spectrum * np.fft.rfft(_room(random), 2 * len(sound))
    made = np.fft.irfft(spectrum)[: len(sound)]
    if random.random() < _CODEC:
        made = _companded(made, int(random.integers(4, 8)))
    level = float(np.sqrt(np.mean(made**2)))
    loudness = 10 ** (random.uniform(_QUIETEST_DB, _LOUDEST_DB) / 20)
    # A pause is a pause: where the window was next to silent it is not made as loud as speech.
    made = made * loudness / max(level, 0.02)
    if random.random() >= _CLEAN:
        noise = babble if random.random() < 0.2 else _noise(len(made), random)
        share = 10 ** (-random.uniform(*_SNR_DB) / 20)
        made = made + noise * (loudness * share / max(float(np.sqrt(np.mean(noise**2))), 1e-5))
    return np.clip(made, -1.0, 1.0).astype(np.float32)


def stretched(sound: Samples, count: int) -> Samples:
    """Sound (n,) at another speed, and with it another pitch and length of the throat: (count,)."""
    return np.interp(np.linspace(0, len(sound) - 1, count), np.arange(len(sound)), sound).astype(np.float32)


def _room(random: np.random.Generator) -> NDArray[np.float64]:
    """An impulse response: the sound itself, then noise that dies away."""
    length = int(random.uniform(0.05, 0.3) * SAMPLE_RATE)
    tail = random.normal(size=length) * np.exp(-np.arange(length) * 5.0 / length)
    tail *= random.uniform(0.1, 0.7) / max(float(np.sqrt((tail**2).sum())), 1e-9)
    tail[: int(0.002 * SAMPLE_RATE)] = 0.0
    tail[0] = 1.0
    return tail


def _noise(count: int, random: np.random.Generator) -> NDArray[np.float64]:
    """White to brown, sometimes with a hum."""
    spectrum = np.fft.rfft(random.normal(size=count))
    frequencies = np.maximum(np.fft.rfftfreq(count, 1 / SAMPLE_RATE), 20.0)
    made = np.fft.irfft(spectrum * (100 / frequencies) ** random.uniform(0, 1), count)
    if random.random() < 0.15:
        pitch = random.choice([50.0, 60.0, 100.0, 120.0])
        made = made / max(float(made.std()), 1e-9) + np.sin(2 * np.pi * pitch * np.arange(count) / SAMPLE_RATE)
    return np.asarray(made, np.float64)


def _companded(sound: NDArray[np.float64], bits: int) -> NDArray[np.float64]:
    """Quantised along a logarithm (ITU-T G.711's mu-law), with few bits."""
    peak = max(float(np.abs(sound).max()), 1e-6)
    curved = np.sign(sound) * np.log1p(255 * np.abs(sound) / peak) / np.log(256)
    steps = np.round(curved * 2 ** (bits - 1)) / 2 ** (bits - 1)
    return np.asarray(np.sign(steps) * (256 ** np.abs(steps) - 1) / 255 * peak)
