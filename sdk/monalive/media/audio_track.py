"""The driving video's sound, carried over into the result while its pictures are written."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet

from monalive.media.video_io import open_media

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
    """The default sound track of a file as a stream of a video that is being written.

    Sound is read only as far as the pictures have come, so that the two are interleaved in the file and
    memory does not grow. Sound before the first picture and after the last is left out.
    """

    def __init__(self, path: Path, output: OutputContainer, container: str, start_s: float) -> None:
        """
        Args:
            path: a media file with sound.
            output: the container being written, before its first packet.
            container: "mp4", "mov" or "webm".
            start_s: the file's time that becomes 0, in seconds: that of its first picture.

        Raises:
            ValueError: the file cannot be read or has no sound.
        """
        self._path = path
        self._start_s = start_s
        self._input = open_media(path)
        if not self._input.streams.audio:
            self._input.close()
            raise ValueError(f"{path} has no sound")
        source = self._input.streams.best("audio")  # as players choose
        assert isinstance(source, AudioStream)
        self._output = output
        self._packets: Iterator[tuple[float, Packet[AudioStream]]]
        if _can_copy(source, container):
            self._stream: AudioStream = output.add_stream_from_template(source)
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
