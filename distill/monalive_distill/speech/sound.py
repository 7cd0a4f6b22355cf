"""Sound as this room works with it: mono float32 at 16,000 samples a second."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monalive.speech.voice import SAMPLE_RATE, Voice

__all__ = ["SAMPLE_RATE", "Samples", "read_sound"]

Samples = NDArray[np.float32]


def read_sound(path: Path, start_s: float = 0.0) -> Samples:
    """The default sound track of a file, of any length.

    Args:
        path: a sound or video file.
        start_s: the moment of the first sample on the file's own clock, seconds; silence where sound starts later.

    Returns:
        (n,) in [-1, 1].

    Raises:
        FileNotFoundError, ValueError: the file cannot be read or has no sound.
    """
    voice = Voice.read(path, longest_seconds=math.inf)
    shift = round((voice.start_s - start_s) * SAMPLE_RATE)
    return np.pad(voice.samples, (shift, 0)) if shift > 0 else voice.samples[-shift:]
