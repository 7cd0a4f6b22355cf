"""The driving video's sound, carried over into the result while its pictures are written, once or again and again."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from numpy.typing import NDArray

from monalive.media.video_io import VideoReader, open_media

log = logging.getLogger(__name__)

# Codecs that every player of the container understands are copied; others are encoded anew.
COPIED: Final = {
    "mp4": frozenset({"aac", "mp3"}),
    "mov": frozenset({"aac", "mp3"}),
    "webm": frozenset({"opus", "vorbis"}),
}
ENCODERS: Final = {"mp4": "aac", "mov": "aac", "webm": "libopus"}
_AAC_RATES: Final = frozenset({8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000})
_BITS_PER_CHANNEL: Final = 80_000


@dataclass(frozen=True)
class Sound:
    """The default sound track of a file, as it accompanies pictures.

    Attributes:
        path: a media file with sound.
        start_s: the time in that file at which the first picture is shown, seconds.
        period_s: after so many seconds it starts again, for ever; None: it is heard once.
    """

    path: Path
    start_s: float = 0.0
    period_s: float | None = None


def sound_of(path: Path, period_s: float | None = None) -> Sound | None:
    """The sound that belongs to the pictures of a video; None where it has none.

    Raises:
        FileNotFoundError, ValueError, PermissionError: the file cannot be read.
    """
    with VideoReader(path) as reader:
        return Sound(path, reader.start_s, period_s) if reader.has_audio else None


def sound_end_s(path: Path) -> float | None:
    """When the default sound track of a file ends, seconds on the file's own clock; None where there is none.

    Raises:
        ValueError, PermissionError: the file cannot be read.
    """
    with open_media(path) as container:
        source = container.streams.best("audio")
        if source is None:
            return None
        ends = [
            float((packet.pts + (packet.duration or 0)) * packet.time_base)
            for packet in container.demux(source)
            if packet.pts is not None and packet.time_base is not None
        ]
    return max(ends, default=None)


class AudioTrack:
    """A sound as a stream of a video that is being written.

    Sound is read only as far as the pictures have come, so that the two are interleaved in the file and
    memory does not grow. Sound before the first picture and after the last is left out.
    """

    def __init__(self, sound: Sound, output: OutputContainer, container: str) -> None:
        """
        Args:
            sound: what is heard.
            output: the container being written, before its first packet.
            container: "mp4", "mov" or "webm".

        Raises:
            ValueError: the file cannot be read or has no sound.
        """
        self._path = sound.path
        self._start_s = sound.start_s
        self._input = open_media(sound.path)
        if not self._input.streams.audio:
            self._input.close()
            raise ValueError(f"{sound.path} has no sound")
        source = self._input.streams.best("audio")  # as players choose
        assert isinstance(source, AudioStream)
        self._output = output
        self._stream: AudioStream
        self._packets: Iterator[tuple[float, Packet[AudioStream]]]
        if sound.period_s is not None:
            self._stream = _encoder_stream(output, container, source)
            self._packets = self._repeated(self._input, source, sound.period_s)
        elif _can_copy(source, container):
            self._stream = output.add_stream_from_template(source)
            self._packets = self._copied(self._input, source)
        else:
            self._stream = _encoder_stream(output, container, source)
            self._packets = self._encoded(self._input, source)
        self._waiting: tuple[float, Packet[AudioStream]] | None = None

    def advance(self, until_s: float) -> None:
        """Writes the sound that starts before `until_s` seconds and has not been written yet."""
        while True:
            if self._waiting is None:
                self._waiting = next(self._packets, None)
            if self._waiting is None or self._waiting[0] >= until_s:
                return
            packet, self._waiting = self._waiting[1], None
            self._output.mux(packet)

    def close(self) -> None:
        """Lets go of the file."""
        self._input.close()

    def _copied(self, container: InputContainer, source: AudioStream) -> Iterator[tuple[float, Packet[AudioStream]]]:
        """(start in seconds, packet) for each packet that sounds after the first picture."""
        time_base = source.time_base or Fraction(1, source.rate)
        shift = round(self._start_s / time_base)
        for packet in self._undamaged(container.demux(source)):
            if packet.pts is None or packet.dts is None:
                continue
            packet.pts -= shift
            packet.dts -= shift
            if packet.pts + (packet.duration or 0) <= 0:
                continue
            packet.stream = self._stream
            yield float(packet.pts * time_base), packet

    def _encoded(self, container: InputContainer, source: AudioStream) -> Iterator[tuple[float, Packet[AudioStream]]]:
        for packet in self._undamaged(container.demux(source)):
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                continue
            for frame in frames:
                if frame.pts is None or frame.time_base is None:
                    continue
                frame.pts -= round(self._start_s / frame.time_base)
                if frame.pts < 0:
                    continue
                start = float(frame.pts * frame.time_base)
                for encoded in self._stream.encode(frame):
                    yield start, encoded
        for encoded in self._stream.encode(None):
            yield 0.0, encoded

    def _repeated(
        self, container: InputContainer, source: AudioStream, period_s: float
    ) -> Iterator[tuple[float, Packet[AudioStream]]]:
        """(start in seconds, packet), without an end.

        The sound is cut, or filled with silence, to the period, to the sample, and begins again.
        """
        context = self._stream.codec_context
        rate, count = context.sample_rate, 0
        for again in itertools.count(1):
            due = round(again * period_s * rate) - count
            for samples in itertools.chain(
                self._samples(container, source, rate), _silence(context.layout.nb_channels)
            ):
                samples = samples[:, :due]
                frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", context.layout.name)
                frame.sample_rate, frame.pts, frame.time_base = rate, count, Fraction(1, rate)
                start = count / rate
                count, due = count + samples.shape[1], due - samples.shape[1]
                for encoded in self._stream.encode(frame):
                    yield start, encoded
                if not due:
                    break
            container.seek(0)

    def _samples(self, container: InputContainer, source: AudioStream, rate: int) -> Iterator[NDArray[np.float32]]:
        """(channels, n) from the first picture on, in the encoder's rate and layout."""
        resampler = AudioResampler("fltp", self._stream.codec_context.layout, rate)
        position: int | None = None
        for packet in self._undamaged(container.demux(source)):
            try:
                decoded = packet.decode()
            except av.error.FFmpegError:
                continue
            for frame in decoded:
                if position is None and frame.pts is not None and frame.time_base is not None:
                    position = round((float(frame.pts * frame.time_base) - self._start_s) * rate)
                    if position > 0:
                        yield np.zeros((self._stream.codec_context.layout.nb_channels, position), np.float32)
                for even in resampler.resample(frame):
                    samples: NDArray[Any] = even.to_ndarray()
                    early = min(max(-(position or 0), 0), samples.shape[1])
                    position = (position or 0) + samples.shape[1]
                    if early < samples.shape[1]:
                        yield samples[:, early:]

    def _undamaged(self, packets: Iterator[Packet[AudioStream]]) -> Iterator[Packet[AudioStream]]:
        while True:
            try:
                packet = next(packets, None)
            except (av.error.FFmpegError, OSError):
                log.warning("the sound of %s is damaged or cut short: what could be read is kept", self._path)
                return
            if packet is None:
                return
            yield packet


def _silence(channels: int) -> Iterator[NDArray[np.float32]]:
    """(channels, n) of it, without an end."""
    while True:
        yield np.zeros((channels, 1024), np.float32)


def _can_copy(source: AudioStream, container: str) -> bool:
    # Codecs without their header in the container (MPEG-TS) would need a bitstream filter.
    headed = source.codec_context.extradata is not None or source.codec_context.name.startswith("mp3")
    return headed and _codec_name(source) in COPIED[container]


def _codec_name(source: AudioStream) -> str:
    return source.codec_context.codec.canonical_name


def _encoder_stream(output: OutputContainer, container: str, source: AudioStream) -> AudioStream:
    rate = 48000 if container == "webm" or source.rate not in _AAC_RATES else source.rate
    stream = output.add_stream(ENCODERS[container], rate=rate)
    assert isinstance(stream, AudioStream)
    channels = min(source.channels, 2)
    stream.codec_context.layout = "mono" if channels == 1 else "stereo"
    stream.codec_context.bit_rate = _BITS_PER_CHANNEL * channels
    return stream
