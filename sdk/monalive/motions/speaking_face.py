"""A face that speaks while the sound is still coming: what `speech_performance` does, from what was heard so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monalive.faces.expressions import load_expressions
from monalive.motions.moods import mood
from monalive.motions.motion_curves import ease
from monalive.motions.speech_performance import (
    brow_amount,
    leave_lips_alone,
    nod,
    raise_brows,
    scale_regions,
)
from monalive.motions.synthetic_driver import CENTRE, IMAGE_SIZE, PIXELS_PER_UNIT, Performance
from monalive.retargeting.retarget_options import RetargetOptions
from monalive.speech.lips_network import LipsNetwork
from monalive.speech.rhythm import HOP_SECONDS, Accent, loudness_db, smoothed, speech_level, without_rumble
from monalive.speech.voice import SAMPLE_RATE

Array = NDArray[np.float64]

_PERIOD_SECONDS: Final = 60.0  # after which the small movements come again
_NEWEST_SHARE: Final = 0.75  # of a frame's lips; the rest is the frame before's
_LEVEL_DB_PER_SECOND: Final = 3.0  # so fast it forgets how loud speech and noise were
_OPEN_SECONDS, _SHUT_SECONDS = 0.08, 0.15
_BEFORE_SPEECH: Final = 0.15  # lips get ready so long before a sound is heard, or as long as the network looks ahead
_STRESS_DB: Final = 3.0
_NODS_APART: Final = 0.5
_KEPT_SECONDS: Final = 1.5
_BLINKS_APART: Final = (2.0, 5.0)
_MOOD_SECONDS: Final = 0.6


class SpeakingFace:
    """Call `frame` for every picture with the newest sound; what is seen belongs to a moment before its end.

    Args:
        network: reads the lips off the sound.
        expression, gain, seed: see `Motion.from_speech`.

    Attributes:
        rest: (478, 3) float32 pixels of a picture of `image_size`, the face that motion is counted from.
        image_size: (width, height).
        window: samples of sound that a frame takes.
        delay_seconds: how long after a sound its mouth shape comes, as the network must hear what follows.

    Raises:
        ValueError: such an expression, region, gain or seed does not exist.
    """

    image_size = IMAGE_SIZE

    def __init__(
        self,
        network: LipsNetwork,
        *,
        expression: str = "neutral",
        gain: Mapping[str, float] | None = None,
        seed: int = 0,
    ) -> None:
        if seed < 0:
            raise ValueError(f"a seed must be at least 0, not {seed}")
        self._network = network
        self._offsets = mood(expression)
        self._strength = RetargetOptions(gains=gain or {})
        self._seed = seed
        self._random = np.random.default_rng(seed)
        self.rest = (load_expressions().face({}) * PIXELS_PER_UNIT + CENTRE).astype(np.float32)
        self.window, self.delay_seconds = network.window, network.after / SAMPLE_RATE
        self._lips = np.zeros(len(network.names))
        self._open, self._last = 0.0, 0.0
        self._noise, self._loud = -60.0, -35.0
        self._stressed: list[tuple[Accent, float]] = []  # and how far brows go up
        self._blinks: list[float] = []
        self._blink_due = 1.5

    def frame(self, seconds: float, heard: NDArray[np.float32]) -> NDArray[np.float32]:
        """The face, (478, 3) pixels.

        Args:
            seconds: since the first frame, rising.
            heard: (window,) float32, the newest sound.
        """
        elapsed, self._last = seconds - self._last, seconds
        self._listen(heard, seconds, elapsed)
        new = np.clip(self._network.shape(heard).astype(np.float64), 0.0, 1.5)
        self._lips += (_NEWEST_SHARE if elapsed else 1.0) * (new - self._lips)
        face: NDArray[np.float32] = self._performed(seconds).landmarks()[0]
        return face

    def _performed(self, seconds: float) -> Performance:
        performance = Performance(np.array([seconds]), _PERIOD_SECONDS)
        performance.sway(1.2, self._seed)
        for accent, amount in self._stressed:
            performance.head[:, 1] += 2.6 * nod(performance.time, accent)
            raise_brows(performance, accent, amount)
        performance.blink(*self._blinks)
        performance.add(ease(performance.time / _MOOD_SECONDS), **self._offsets)
        scale_regions(performance, self._strength)
        leave_lips_alone(performance)
        for name, curve in zip(self._network.names, self._lips[:, None], strict=True):
            performance.add(self._open * curve, **{name: self._strength.gain("lips")})
        return performance

    def _listen(self, heard: NDArray[np.float32], seconds: float, elapsed: float) -> None:
        loudness = loudness_db(without_rumble(heard))
        self._noise = min(float(np.percentile(loudness, 10)), self._noise + _LEVEL_DB_PER_SECOND * elapsed)
        self._loud = max(float(np.percentile(loudness, 95)), self._loud - _LEVEL_DB_PER_SECOND * elapsed)
        level = speech_level(self._noise, self._loud)
        ahead = round(self.delay_seconds / HOP_SECONDS)
        speaks = bool((loudness[-ahead - round(_BEFORE_SPEECH / HOP_SECONDS) :] > level).any())
        step = elapsed / _OPEN_SECONDS if speaks else -elapsed / _SHUT_SECONDS
        self._open = float(np.clip(self._open + step, 0.0, 1.0))
        self._notice_stress(loudness, level, ahead, seconds)
        while seconds > self._blink_due - 0.2:
            self._blinks = [*self._blinks[-1:], self._blink_due]
            self._blink_due += self._random.uniform(*_BLINKS_APART)

    def _notice_stress(self, loudness: Array, level: float, ahead: int, seconds: float) -> None:
        """A syllable that is louder than what came before: the head goes down from now on."""
        self._stressed = [one for one in self._stressed if seconds - one[0].time < _KEPT_SECONDS]
        if self._stressed and seconds - self._stressed[-1][0].time < _NODS_APART:
            return
        hills = smoothed(np.maximum(loudness, level - 6.0), 4.0)
        now = hills[-ahead - 4 : -ahead + 1].max()
        excess = float(now - hills[:-ahead].mean())
        if now > level and now >= hills[-ahead:].max() and excess > _STRESS_DB:
            accent = Accent(seconds + 0.14, min(1.0, excess / 9.0))
            self._stressed.append((accent, brow_amount(accent, self._random)))
