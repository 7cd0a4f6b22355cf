"""Golden vectors of the lips' network for the bindings: which samples it sees for which moment, and what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from speech_stand_ins import MANIFEST

from monalive.networks.runtimes import Tensors
from monalive.speech.lips_network import LipsNetwork
from monalive.speech.voice import SAMPLE_RATE

# What changes a manifest into one that is refused; null: it is not there.
REFUSED: list[dict[str, Any]] = [
    {"coefficients": None},
    {"sample_rate": 8000},
    {"before_ms": "much"},
    {"before_ms": -1000},
    {"before_ms": 0, "after_ms": 0},
    {"after_ms": None},
]
SOUND = {"samples": 24000, "pitch_hz": 140.0, "syllables_hz": 4.0, "level": 0.4}


def echo(tensors: Tensors) -> Mapping[str, NDArray[np.float32]]:
    """The first sample of its window, the one at the moment itself, and the last."""
    window = tensors["sound"][0]
    return {"coefficients": np.array([[window[0], window[8320], window[-1]]], np.float32)}


def sound() -> NDArray[np.float32]:
    """The sound that `SOUND` describes: a tone that swells as syllables do."""
    time = np.arange(int(SOUND["samples"])) / SAMPLE_RATE
    swell = 0.5 - 0.5 * np.cos(2 * np.pi * SOUND["syllables_hz"] * time)
    return (SOUND["level"] * swell * np.sin(2 * np.pi * SOUND["pitch_hz"] * time)).astype(np.float32)


def speech_cases() -> dict[str, Any]:
    manifest = {**MANIFEST, "coefficients": ["first", "here", "last"]}
    count, moments = 32000, [0.0, 0.25, 0.5, 1.0, 1.95, 2.0, 2.2, 3.0]
    numbered = np.arange(1, count + 1, dtype=np.float32)  # a sample is its number, from 1
    shapes = LipsNetwork(echo, manifest).shapes(numbered, moments)
    network, seconds = LipsNetwork.load(), [0.0, 0.1, 0.4, 0.77, 1.2, 1.5]
    given = network.shapes(sound(), seconds)
    return {
        "manifest": manifest,
        "windows": {"samples": count, "seconds": moments, "shapes": shapes.astype(float).tolist()},
        "refused": REFUSED,
        "network": {
            "sound": SOUND,
            "seconds": seconds,
            "names": list(network.names),
            "shapes": given.astype(float).round(5).tolist(),
        },
    }
