"""Sound as this room works with it: mono float32 at 16,000 samples a second."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from monalive.media.regular_file import require_file
from monalive.media.video_io import open_media

SAMPLE_RATE: Final = 16_000
Samples = NDArray[np.float32]


def read_sound(path: Path, start_s: float = 0.0) -> Samples:
    """The default sound track of a file.

    Args:
        path: a sound or video file.
        start_s: the moment of the first sample on the file's own clock, seconds; silence where sound starts later.

    Returns:
        (n,) in [-1, 1].

    Raises:
        FileNotFoundError, ValueError: the file cannot be read or has no sound.
    """
    require_file(path, "sound")
    resampler = AudioResampler("fltp", None, SAMPLE_RATE)
    parts: list[Samples] = []
    begin: float | None = None
    with open_media(path) as container:
        if not container.streams.audio:
            raise ValueError(f"{path} has no sound")
        for frame in container.decode(container.streams.audio[0]):
            if begin is None:
                begin = float(frame.pts * frame.time_base) if frame.pts is not None and frame.time_base else 0.0
            frame.pts = None
            parts += [made.to_ndarray().mean(0) for made in resampler.resample(frame)]
        parts += [made.to_ndarray().mean(0) for made in resampler.resample(None)]
    if not parts:
        raise ValueError(f"{path} has no sound")
    sound = np.concatenate(parts)
    shift = round(((begin or 0.0) - start_s) * SAMPLE_RATE)
    placed = np.pad(sound, (shift, 0)) if shift > 0 else sound[-shift:]
    return np.asarray(np.clip(placed, -1.0, 1.0), np.float32)
