"""The sound of somebody who speaks, as the networks take it: one channel at 16 kHz."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.packet import Packet
from numpy.typing import ArrayLike, NDArray

from monalive.media.regular_file import require_file
from monalive.media.video_io import open_media

log = logging.getLogger(__name__)

SAMPLE_RATE: Final = 16000
LONGEST_SECONDS: Final = 600.0
# Rates that somebody may have recorded at.
_RATES: Final = (4000, 384_000)
# Sound that never gets louder than this is taken for silence: 1 / 1000 of full scale, -60 dB.
SILENT: Final = 1e-3
# Damage that lost less than this is not worth a hole: timestamps of some files are rounded to milliseconds and more.
_HOLE_SECONDS: Final = 0.04


@dataclass(frozen=True, eq=False)
class Voice:
    """Sound to move lips by.

    Attributes:
        samples: (n,) float32, mono, 16,000 a second, [-1, 1].
        path: the file it was read from; None where it was given as samples.
        start_s: when the first sample sounds on the file's own clock, seconds.
    """

    samples: NDArray[np.float32]
    path: Path | None = None
    start_s: float = 0.0

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.samples) / SAMPLE_RATE

    @property
    def silent(self) -> bool:
        """Whether nothing can be heard."""
        return bool(np.abs(self.samples).max(initial=0.0) < SILENT)

    @classmethod
    def read(cls, path: str | Path, *, longest_seconds: float = LONGEST_SECONDS) -> Voice:
        """The default sound track of a file, in any format that FFmpeg reads; a video's, too.

        Of a damaged file what can be decoded is taken, with silence where something is missing, and a warning is
        logged.

        Args:
            path: the file.
            longest_seconds: longer sound is refused.

        Raises:
            FileNotFoundError, IsADirectoryError, PermissionError: there is no such file, or it cannot be read.
            ValueError: it is no sound, holds none, is empty, damaged from the start, or too long.
        """
        path = Path(path)
        require_file(path, "sound")
        if not path.stat().st_size:
            raise ValueError(f"{path} is empty; record the sound again")
        container = _opened(path)
        try:
            source = container.streams.best("audio")
            if source is None:
                raise ValueError(f"{path} has no sound track; give a recording of speech")
            assert isinstance(source, AudioStream)
            samples, start_s = _decoded(container, source, path, longest_seconds)
        finally:
            container.close()
        if not len(samples):
            raise ValueError(f"{path} has a sound track that is empty or too damaged to read; record it again")
        return cls(samples, path, start_s)

    @classmethod
    def from_samples(cls, samples: ArrayLike, rate: int) -> Voice:
        """Sound as numbers.

        Args:
            samples: (n,) mono or (n, channels), float in [-1, 1], or integers in the range of their type.
            rate: samples a second, 4,000 to 384,000.

        Raises:
            ValueError: another shape or type, no samples, numbers that are not finite or far outside the range, such
                a rate, or longer than ten minutes.
        """
        values = np.asarray(samples)
        if not _RATES[0] <= rate <= _RATES[1]:
            raise ValueError(f"sound has {_RATES[0]} to {_RATES[1]} samples a second, not {rate:g}")
        if values.ndim not in (1, 2) or not values.size or (values.ndim == 2 and values.shape[1] > 16):
            raise ValueError(f"sound must be (samples,) or (samples, channels), one or more, got {values.shape}")
        _require_length(len(values) / rate, "the sound")
        mono = _floats(values)
        mono = mono if mono.ndim == 1 else mono.mean(axis=1)
        if not np.isfinite(mono).all() or np.abs(mono).max() > 8.0:
            raise ValueError("samples must be finite numbers from -1 to 1; divide them by their full scale")
        if rate == SAMPLE_RATE:
            return cls(np.ascontiguousarray(mono, np.float32))
        resample = Resampler(rate)
        return cls(np.concatenate([resample(mono), resample.rest()]))


class Resampler:
    """Mono sound at another rate to `SAMPLE_RATE`, piece by piece: call it with each, and at the end `rest`."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._to_rate = _ToRate()

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) float32 to (m,); what waits for more samples comes with the next piece."""
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples[None], np.float32), "fltp", "mono")
        frame.sample_rate = self._rate
        return self._to_rate(frame)

    def rest(self) -> NDArray[np.float32]:
        """(m,) what still waited."""
        return self._to_rate(None)


class _ToRate:
    """Call it with frames one by one, and with None at the end: (n,) float32 mono at `SAMPLE_RATE`."""

    def __init__(self) -> None:
        self._resampler: AudioResampler | None = None

    def __call__(self, frame: AudioFrame | None) -> NDArray[np.float32]:
        if self._resampler is None:
            # FFmpeg's own way from two channels to one makes what both say louder.
            layout = "stereo" if frame is not None and frame.layout.nb_channels > 2 else None
            self._resampler = AudioResampler("fltp", layout, SAMPLE_RATE)
        parts = [part.to_ndarray().mean(axis=0) for part in self._resampler.resample(frame)]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def _floats(values: NDArray[Any]) -> NDArray[np.float32]:
    if values.dtype.kind == "f":
        return values.astype(np.float32)
    if values.dtype.kind not in "iu":
        raise ValueError(f"sound must be floats or integers, not {values.dtype}")
    span = np.iinfo(values.dtype)
    middle = (float(span.max) + float(span.min) + 1) / 2  # unsigned bytes are silent at 128
    return np.asarray((values.astype(np.float64) - middle) / (float(span.max) + 1 - middle), np.float32)


def _require_length(seconds: float, what: object, longest_seconds: float = LONGEST_SECONDS) -> None:
    if seconds > longest_seconds:
        raise ValueError(f"{what} is longer than {longest_seconds / 60:g} minutes; cut it into pieces")


def _opened(path: Path) -> Any:
    try:
        return open_media(path)
    except ValueError as error:
        raise ValueError(
            f"{path} is not a sound that can be read: it is in no known format, or damaged; give a .wav, .mp3, .m4a or "
            "a video with sound"
        ) from error


def _decoded(
    container: Any, source: AudioStream, path: Path, longest_seconds: float
) -> tuple[NDArray[np.float32], float]:
    """All samples that can be decoded, in their places, and when the first one sounds."""
    to_rate = _ToRate()
    parts: list[NDArray[np.float32]] = []
    start_s: float | None = None
    count = 0
    packets = _Packets(container.demux(source))
    for frame in packets.frames():
        time = None if frame.pts is None or frame.time_base is None else float(frame.pts * frame.time_base)
        if start_s is None:
            start_s = time or 0.0
        hole = 0 if time is None else round((time - start_s) * SAMPLE_RATE) - count
        if hole > _HOLE_SECONDS * SAMPLE_RATE:
            _require_length((count + hole) / SAMPLE_RATE, path, longest_seconds)
            parts.append(np.zeros(hole, np.float32))
            count += hole
        frame.pts = None  # where it belongs is known; the resampler would fill in on its own
        parts.append(to_rate(frame))
        count += parts[-1].size
        _require_length(count / SAMPLE_RATE, path, longest_seconds)
    if count:
        parts.append(to_rate(None))
        if packets.damaged:
            log.warning("the sound of %s is damaged or cut short: what could be read is kept", path)
    samples = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    return np.nan_to_num(samples, posinf=0.0, neginf=0.0).clip(-1.0, 1.0), start_s or 0.0


class _Packets:
    """Decodes packets; `damaged` tells whether one could not be."""

    def __init__(self, packets: Iterator[Packet[AudioStream]]) -> None:
        self._packets = packets
        self.damaged = False

    def frames(self) -> Iterator[AudioFrame]:
        while True:
            try:
                packet = next(self._packets, None)
            except (av.error.FFmpegError, OSError):
                packet, self.damaged = None, True
            if packet is None:
                return
            try:
                yield from packet.decode()
            except av.error.FFmpegError:
                self.damaged = True
