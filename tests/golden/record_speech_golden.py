"""Records tests/golden/speech.json: what the packaged speech network makes of sound, for every platform.

    PYTHONPATH=sdk:distill:export python tests/golden/record_speech_golden.py

Samples are 16-bit little-endian in base64, 32,767 is 1. Two buzzes through vowels' resonances, hiss, and silence.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from monalive.bundle import Bundle
from monalive.packaged_assets import asset_path
from monalive_export.checks.sounds import voice_like

FILE: Final = Path(__file__).resolve().parent / "speech.json"


def main(file: Path = FILE) -> None:
    bundle = Bundle.load(asset_path("speech.bundle"))
    entry, network = bundle.part_manifest("speech"), bundle.network("speech")
    hiss = np.random.default_rng(5).normal(0, 0.05, (1, 10240))
    cases = []
    for name, sound in (
        ("voice", voice_like(1)),
        ("other_voice", voice_like(4)),
        ("hiss", hiss),
        ("silence", 0 * hiss),
    ):
        samples = np.round(np.clip(sound, -1, 1) * 32767).astype("<i2")
        made = network({"sound": as_sound(samples)})["coefficients"][0]
        cases.append(
            {
                "name": name,
                "samples": base64.b64encode(samples.tobytes()).decode(),
                "coefficients": [round(float(value), 5) for value in made],
            }
        )
    content: dict[str, Any] = {"names": entry["coefficients"], "cases": cases}
    file.write_text(json.dumps(content, indent=1) + "\n")


def as_sound(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """16-bit samples to what the network takes."""
    return samples.astype(np.float32) / np.float32(32767)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
