"""Sounds that a computer made, and a network that needs no weights: loudness opens its mouth."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from monalive.networks.runtimes import Tensors
from monalive.speech.lips_network import LipsNetwork
from monalive.speech.voice import SAMPLE_RATE

MANIFEST = {"coefficients": ["jawOpen", "mouthPucker"], "sample_rate": 16000, "before_ms": 520, "after_ms": 120}


class LoudnessMouth:
    """Opens the jaw by the loudness around the moment asked for. Counts its calls."""

    calls = 0

    def __call__(self, tensors: Tensors) -> Mapping[str, NDArray[np.float32]]:
        self.calls += 1
        sound = tensors["sound"]
        assert sound.shape == (1, 10240) and sound.dtype == np.float32 and sound.flags.c_contiguous
        here = sound[0, 8320 - 320 : 8320 + 320]
        jaw = min(1.0, 2.0 * float(np.sqrt((here**2).mean())))
        return {"coefficients": np.array([[jaw, 0.0]], np.float32)}


def loudness_lips() -> LipsNetwork:
    """A `LipsNetwork` on it."""
    return LipsNetwork(LoudnessMouth(), MANIFEST)


def voiced(seconds: float, pitch: float = 120.0, level: float = 0.5, rate: int = SAMPLE_RATE) -> NDArray[np.float32]:
    """(n,) float32: a vowel of that pitch, swelling and dying away."""
    time = np.arange(round(seconds * rate)) / rate
    waves = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 12))
    swell = np.sin(np.pi * np.clip(time / seconds, 0, 1)) ** 0.5
    return (level * waves / 1.6 * swell).astype(np.float32)


def silence(seconds: float, rate: int = SAMPLE_RATE) -> NDArray[np.float32]:
    return np.zeros(round(seconds * rate), np.float32)


def syllables(rate: int = SAMPLE_RATE) -> NDArray[np.float32]:
    """3 s: silence, five syllables from 0.5 to 1.6 s, the third of them stressed, and silence."""
    parts = [silence(0.5, rate)]
    for number in range(5):
        stressed = number == 2
        parts += [voiced(0.18, 160.0 if stressed else 110.0, 0.8 if stressed else 0.3, rate), silence(0.05, rate)]
    parts.append(silence(3.0 - sum(len(part) for part in parts) / rate, rate))
    return np.concatenate(parts)


def write_sound(
    path: Path, samples: NDArray[np.float32], rate: int = SAMPLE_RATE, codec: str = "pcm_s16le", start_s: float = 0.0
) -> Path:
    """A sound file, (n,) or (n, 2), whose first sample sounds at `start_s` of its clock."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        assert isinstance(stream, av.AudioStream)
        channels = np.atleast_2d(samples.T)
        stream.layout = "mono" if len(channels) == 1 else "stereo"
        size = stream.codec_context.frame_size or 1024
        for first in range(0, channels.shape[1], size):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(channels[:, first : first + size], np.float32), "fltp", stream.layout.name
            )
            frame.sample_rate, frame.pts = rate, first + round(start_s * rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
