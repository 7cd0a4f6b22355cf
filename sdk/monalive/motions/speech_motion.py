"""A motion that speaks: lips from sound, everything else from its rhythm."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive.motions.motion import Motion
from monalive.motions.speech_performance import perform_speech
from monalive.motions.synthetic_driver import IMAGE_SIZE, Performance
from monalive.speech.lips_network import LipsNetwork
from monalive.speech.rhythm import rhythm_of, smoothed
from monalive.speech.voice import Voice

log = logging.getLogger(__name__)

SPEECH_FPS: Final = 25.0
_RATES: Final = (10.0, 120.0)  # slower than that lips are not seen to shut
_LIPS_RATE: Final = 50.0  # moments a second, at least, at which the network is asked
_LIPS_SECONDS: Final = 0.012  # standard deviation of the smoothing: a closure of 80 ms stays shut
_AFTER_SPEECH: Final = 0.5  # so long a motion goes on after the last word, to come to rest


def speech_motion(
    voice: Voice,
    *,
    expression: str = "neutral",
    gain: Mapping[str, float] | None = None,
    seed: int = 0,
    fps: float = SPEECH_FPS,
    network: LipsNetwork | None = None,
) -> Motion:
    """Makes a motion from recorded speech. See `Motion.from_speech`.

    Args:
        voice: what is heard; silence gives a face that keeps still, and a warning.
        network: reads the lips off the sound; None for the package's own.

    Raises:
        ValueError: see `Motion.from_speech`.
    """
    if not (math.isfinite(fps) and _RATES[0] <= fps <= _RATES[1]):
        raise ValueError(f"speech needs a frame rate from {_RATES[0]:g} to {_RATES[1]:g}, not {fps:g}")
    rhythm = rhythm_of(voice)
    if voice.silent or not rhythm.phrases:
        log.warning("no speech found in %s; the mouth stays shut", voice.path or "the sound")
    speech_end = rhythm.phrases[-1][1] if rhythm.phrases else 0.0
    count = max(1, math.ceil(max(voice.seconds, speech_end + _AFTER_SPEECH) * fps - 1e-6))
    performance = Performance(np.arange(count) / fps, count / fps)
    lips = _lips(network or LipsNetwork.load(), voice, count, fps)
    perform_speech(performance, lips, rhythm, expression=expression, gain=gain, seed=seed)
    motion = Motion.from_landmarks(performance.landmarks(), IMAGE_SIZE, fps, name="speech", loop=True)
    return replace(motion, speech=True)


def _lips(network: LipsNetwork, voice: Voice, count: int, fps: float) -> dict[str, NDArray[np.float64]]:
    """Coefficients by name, (count,) each."""
    often = math.ceil(_LIPS_RATE / fps)
    rate = often * fps
    shapes = network.shapes(voice.samples, np.arange((count - 1) * often + 1) / rate)
    curves = smoothed(np.clip(shapes.astype(np.float64), 0.0, 1.5), _LIPS_SECONDS * rate)[::often]
    return dict(zip(network.names, curves.T, strict=True))
