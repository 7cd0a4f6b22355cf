"""Sound from a microphone, the newest of it, at 16 kHz."""

from __future__ import annotations

import threading
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from monalive.closing import ClosesAtEnd
from monalive.speech.microphones import DEFAULT_MICROPHONE, find_microphone, reason, sound_library
from monalive.speech.voice import SAMPLE_RATE, Resampler

_BLOCK_SECONDS: Final = 0.02
_KEPT_SECONDS: Final = 4.0


class Microphone(ClosesAtEnd):
    """A microphone that listens from the moment it is made.

    Args:
        wanted: its number, or (a part of) its name; "" for the system's own choice.

    Raises:
        ImportError: the extra `live` is not installed.
        OSError: there is no microphone, it cannot be opened, or the system's sound library is missing.
        ValueError: no microphone, or more than one, has that in its name.
    """

    def __init__(self, wanted: int | str = DEFAULT_MICROPHONE) -> None:
        sounddevice = sound_library()
        device = find_microphone(wanted)
        self._lock = threading.Lock()
        self._kept = np.zeros(round(_KEPT_SECONDS * SAMPLE_RATE), np.float32)
        self._to_rate: Resampler | None = None
        try:
            try:
                self._stream = self._opened(sounddevice, device, SAMPLE_RATE)
            except sounddevice.PortAudioError:  # devices that know one rate alone
                rate = int(sounddevice.query_devices(device, "input")["default_samplerate"])
                self._to_rate = Resampler(rate)
                self._stream = self._opened(sounddevice, device, rate)
            self._stream.start()
        except sounddevice.PortAudioError as error:
            raise OSError(f"the microphone cannot be opened: {reason(error)}; is another program using it?") from error

    def last(self, count: int) -> NDArray[np.float32]:
        """The newest `count` samples, float32 in [-1, 1], as a new array; silence before it was made.

        Raises:
            OSError: the microphone is gone.
        """
        if not self._stream.active:
            raise OSError("the microphone stopped sending sound; check its cable")
        with self._lock:
            return self._kept[len(self._kept) - count :].copy()

    def close(self) -> None:
        """Lets go of the microphone."""
        self._stream.close()

    def _opened(self, sounddevice: Any, device: int | None, rate: int) -> Any:
        return sounddevice.InputStream(
            samplerate=rate,
            blocksize=round(_BLOCK_SECONDS * rate),
            device=device,
            channels=1,
            dtype="float32",
            latency="low",
            callback=self._take,
        )

    def _take(self, block: NDArray[np.float32], *_: object) -> None:
        """Called by the sound library, in a thread of its own, with (n, 1)."""
        new = block[:, 0] if self._to_rate is None else self._to_rate(block[:, 0])
        with self._lock:
            kept = np.concatenate([self._kept, new])
            self._kept = kept[len(new) :]
