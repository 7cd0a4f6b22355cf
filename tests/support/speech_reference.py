"""Prints what the SDK makes of a sound that seems to speak, as JSON, for the tests of a binding that does the same."""

from __future__ import annotations

import base64
import json
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from monalive.faces.expressions import load_expressions
from monalive.motions.motion import Motion
from monalive.motions.speech_performance import lips_opening
from monalive.motions.synthetic_driver import Performance
from monalive.speech.rhythm import rhythm_of
from monalive.speech.voice import SAMPLE_RATE, Voice

_SECONDS: Final = 3.2
_PHRASES: Final = ((0.3, 1.5), (2.1, 2.9))
# Expressions, gaze (right, down), head (yaw, pitch, roll), shift.
_FACES: Final[tuple[dict[str, Any], ...]] = (
    {"amounts": {}, "gaze": (0.0, 0.0), "head": (0.0, 0.0, 0.0), "shift": (0.0, 0.0)},
    {
        "amounts": {"jawOpen": 0.7, "mouthSmile": 0.5},
        "gaze": (8.0, -4.0),
        "head": (20.0, 5.0, -3.0),
        "shift": (0.1, 0.0),
    },
    # Lids and lips that the linear model pushes through each other.
    {
        "amounts": {"eyeBlink": 1.4, "mouthClose": 0.9},
        "gaze": (0.0, 6.0),
        "head": (-9.0, -12.0, 7.0),
        "shift": (0.0, -0.1),
    },
)


def spoken_sound() -> NDArray[np.float32]:
    """(n,) at 16 kHz: two phrases of syllables whose pitch rises and falls, over a little noise."""
    random = np.random.default_rng(3)
    time = np.arange(round(_SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    phase = 2 * np.pi * np.cumsum(130 + 6 * np.sin(2 * np.pi * 1.1 * time)) / SAMPLE_RATE
    voice = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 20))
    loud = np.zeros_like(time)
    for start, end in _PHRASES:
        within = (time >= start) & (time < end)
        syllables = 0.5 - 0.5 * np.cos(2 * np.pi * 4.3 * (time - start))
        loud[within] = (syllables * (0.85 + 0.15 * np.cos(2 * np.pi * 1.3 * time)))[within]
    return (0.2 * loud * voice + 0.0005 * random.normal(size=len(time))).astype(np.float32)


def reference() -> dict[str, Any]:
    """Ready for JSON."""
    voice = Voice.from_samples(spoken_sound(), SAMPLE_RATE)
    rhythm, motion = rhythm_of(voice), Motion.from_speech(voice)
    still = Motion.from_speech(voice, gain={"pose": 0.0, "eyes": 0.0, "brows": 0.0})
    return {
        "samples": base64.b64encode(voice.samples.astype("<f4").tobytes()).decode(),
        "loudness_db": rhythm.loudness_db.tolist(),
        "semitones": [value if np.isfinite(value) else None for value in rhythm.semitones.tolist()],
        "phrases": rhythm.phrases,
        "accents": [(accent.time, accent.strength) for accent in rhythm.accents],
        "faces": [case | {"landmarks": _face(**case)} for case in _FACES],
        "openings": {name: lips_opening(name) for name in load_expressions().names},
        "frames": len(motion),
        "lips": (motion.landmarks[:, 14, 1] - motion.landmarks[:, 13, 1]).tolist(),
        "still_lips": (still.landmarks[:, 14, 1] - still.landmarks[:, 13, 1]).tolist(),
        "chin": still.landmarks[:, 152, 1].tolist(),
    }


def _face(amounts: dict[str, float], gaze: Any, head: Any, shift: Any) -> list[float]:
    performance = Performance(np.zeros(1), 1.0)
    performance.add(np.ones(1), **amounts)
    performance.gaze[0], performance.head[0], performance.shift[0] = gaze, head, shift
    flat: list[float] = performance.landmarks()[0].ravel().tolist()
    return flat


if __name__ == "__main__":
    print(json.dumps(reference()))
