"""Sound to what the network hears: a log-mel spectrogram, relative to the mean level of the window.

It is a part of the exported graph, so it is matrix products on plain samples: pre-emphasis, window and Fourier
transform are one matrix, cut into halves that two neighbouring blocks of 10 ms are multiplied with.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from monalive_distill.speech.sound import SAMPLE_RATE

BEFORE_MS, AFTER_MS = 520, 120  # what the network hears, around the moment asked for
WINDOW: Final = (BEFORE_MS + AFTER_MS) * SAMPLE_RATE // 1000
HOP: Final = 160  # samples, 10 ms; a frame is two of them
FRAMES: Final = WINDOW // HOP - 1
BANDS: Final = 32
CHANNELS: Final = BANDS + 1  # and the window's level
_PRE_EMPHASIS: Final = 0.9
_LOWEST_HZ, _HIGHEST_HZ = 100, 7600
# Below this mean power of a window nobody speaks (about -55 dB of full scale): it is not made louder.
_SILENT: Final = 1e-4
_SCALE: Final = 0.5
_RANGE: Final = 1e-4  # what is 40 dB below the window's mean power is lost


class SoundFeatures(nn.Module):
    """Samples to features; no weights are learned."""

    early: torch.Tensor
    late: torch.Tensor
    bands: torch.Tensor
    each_frame: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        spectrum = _spectrum_matrix()
        self.register_buffer("early", torch.from_numpy(spectrum[:HOP]), persistent=False)
        self.register_buffer("late", torch.from_numpy(spectrum[HOP:]), persistent=False)
        self.register_buffer("each_frame", torch.full((1, FRAMES, 1), 0.1), persistent=False)
        self.register_buffer("bands", torch.from_numpy(_mel_bands()), persistent=False)

    def power(self, sound: torch.Tensor) -> torch.Tensor:
        """(N, 160 n) samples to (N, n - 1, 32) mel power of every frame."""
        blocks = sound.reshape(sound.shape[0], -1, HOP)
        count = blocks.shape[1] - 1
        spectrum = (blocks @ self.early)[:, :count] + (blocks @ self.late)[:, 1:]
        # The squares of the real and the imaginary parts are both summed by the bands.
        return (spectrum * spectrum) @ self.bands

    def forward(self, power: torch.Tensor) -> torch.Tensor:
        """Mel power of windows (N, 63, 32) to features (N, 63, 33)."""
        level = power.mean(dim=(1, 2), keepdim=True) + _SILENT
        features = torch.log(power / level + _RANGE) * 0.25 + 1.0
        loudness = torch.log(level) * self.each_frame
        return torch.cat((features, loudness), 2)


def _spectrum_matrix() -> NDArray[np.float32]:
    """(320, 302) samples of a frame to real and imaginary parts of its spectrum, 50 Hz apart."""
    length = 2 * HOP
    frequencies = np.arange(_LOWEST_HZ, _HIGHEST_HZ + 1, SAMPLE_RATE / length)
    phase = 2 * np.pi * np.arange(length)[:, None] * frequencies / SAMPLE_RATE
    emphasis = np.eye(length) - _PRE_EMPHASIS * np.eye(length, k=1)  # x[n] - .9 x[n - 1]
    # Power stays within what half precision holds.
    windowed = _SCALE * np.hanning(length + 1)[:length, None] * np.concatenate([np.cos(phase), np.sin(phase)], 1)
    return np.asarray(emphasis @ windowed, np.float32)


def _mel_bands() -> NDArray[np.float32]:
    """(302, 32) triangles, as far apart as the ear tells pitches apart, each of area 1; twice, below each other."""
    frequencies = np.arange(_LOWEST_HZ, _HIGHEST_HZ + 1, SAMPLE_RATE / (2 * HOP))
    edges = _from_mel(np.linspace(_to_mel(_LOWEST_HZ - 50), _to_mel(_HIGHEST_HZ), BANDS + 2))
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (frequencies[:, None] - low) / (middle - low)
    falling = (high - frequencies[:, None]) / (high - middle)
    triangles = np.maximum(np.minimum(rising, falling), 0.0)
    triangles /= np.maximum(triangles.sum(0), 1e-9)
    return np.asarray(np.concatenate([triangles, triangles]), np.float32)


def _to_mel(hertz: float) -> float:
    return float(2595 * np.log10(1 + hertz / 700))


def _from_mel(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(700 * (10 ** (mel / 2595) - 1), np.float64)
