"""Reading videos frame by frame, whatever a phone or an editor made of them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

log = logging.getLogger(__name__)

# The rate assumed for files that do not say (single pictures, raw streams).
DEFAULT_FPS: Final = 25.0
# Pixels up to this much wider or higher than square are read as stored: such ratios are leftovers of a crop or a
# resize more often than they are meant, and other tools' still frames of the same video ignore them.
NEARLY_SQUARE: Final = 1.2
# Frame rates beyond this are damaged headers, not cameras.
MAX_FPS: Final = 1000.0
# Share of the announced frames below which a file counts as cut short (edit lists hide a few).
_COMPLETE: Final = 0.95
# ITU-T H.273: the frame does not say how its colours were made.
_UNSPECIFIED_MATRIX: Final = 2
# Without these two flags the conversion truncates: pictures come out a level too dark.
_CONVERSION: Final = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


class VideoReader:
    """A video file as a stream of RGB frames. Iterating again starts again; memory does not grow with length.

    What files do, and what happens then:

    - Rotation (phones): applied; `width` and `height` are those of the upright picture.
    - Pixels that are far from square (anamorphic video): the width is scaled so that they are.
    - Variable frame rate: the timestamps are the file's own, from 0, strictly increasing.
    - Colours without a tag: BT.709 from 720 lines, BT.601 below.
    - Damaged in the middle or cut short: what can be decoded is given, and a warning is logged.
    - No duration, no frame count: `frame_count` and `duration_s` are None.

    Attributes:
        path: the file.
        width, height: size of the frames in pixels.
        fps: frames per second in the mean.
        frame_count: number of frames the file says it has, or None.
        duration_s: length in seconds, or None.
        start_s: time of the first frame on the file's own clock, seconds: what audio has to be shifted by.
        has_audio: whether there is a sound track.
    """

    def __init__(self, path: str | Path) -> None:
        """Opens the file and decodes its first frame.

        Raises:
            FileNotFoundError: there is no such file.
            IsADirectoryError: it is a folder.
            PermissionError: it may not be read.
            ValueError: it is not a video, or none of its frames can be decoded.
        """
        self.path = Path(path)
        self._containers: list[InputContainer] = []
        container = self._open()
        try:
            stream = container.streams.video[0]
            first = next(self._decode(container, stream), None)
            if first is None:
                raise ValueError(f"no frame of {self.path} can be decoded: the file is damaged or cut short")
            rate = stream.average_rate or stream.guessed_rate
            self.fps = float(rate) if rate and 0 < rate <= MAX_FPS else DEFAULT_FPS
            self.frame_count: int | None = stream.frames or None
            self.duration_s = _duration(container, stream)
            self.start_s = _seconds(first) or 0.0
            self.has_audio = bool(container.streams.audio)
            self._stretch = _pixel_aspect(stream)
            image = _upright(first, VideoReformatter(), self._stretch)
            self.height, self.width = image.shape[:2]
        finally:
            self._close(container)

    def __iter__(self) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        """Yields (timestamp in ms from 0, (height, width, 3) uint8 RGB) for each frame."""
        container = self._open()
        reformatter = VideoReformatter()
        step = 1000.0 / self.fps
        last: float | None = None
        try:
            for frame in self._decode(container, container.streams.video[0]):
                seconds = _seconds(frame)
                timestamp = (seconds - self.start_s) * 1000.0 if seconds is not None else (last or 0.0) + step
                if last is None:
                    timestamp = 0.0
                elif timestamp <= last:  # repeated or reversed timestamps in damaged files
                    timestamp = last + min(step, 1.0)
                image = _upright(frame, reformatter, self._stretch)
                if image.shape[:2] != (self.height, self.width):
                    raise ValueError(
                        f"{self.path} changes its size from {self.width}x{self.height} "
                        f"to {image.shape[1]}x{image.shape[0]}: cut it there, or scale it to one size first"
                    )
                yield timestamp, image
                last = timestamp
        finally:
            self._close(container)

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends all iterations that are still under way and lets go of the file."""
        for container in list(self._containers):
            self._close(container)

    def _open(self) -> InputContainer:
        if not self.path.exists():
            raise FileNotFoundError(f"there is no video at {self.path}")
        if self.path.is_dir():
            raise IsADirectoryError(f"{self.path} is a folder, not a video")
        container = open_media(self.path)
        if not container.streams.video:
            kind = "only sound" if container.streams.audio else "no pictures"
            container.close()
            raise ValueError(f"{self.path} is not a video: there is {kind} in it")
        container.streams.video[0].thread_type = "AUTO"
        self._containers.append(container)
        return container

    def _close(self, container: InputContainer) -> None:
        if container in self._containers:
            self._containers.remove(container)
            container.close()

    def _decode(self, container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
        """All frames that can be decoded; damage is skipped and reported once."""
        damaged = count = 0
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
            except (av.error.FFmpegError, OSError):  # the container itself ends in the middle of something
                packet, damaged = None, damaged + 1
            if packet is None:
                break
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                damaged += 1
                continue
            for frame in frames:
                if not frame.is_corrupt:
                    count += 1
                    yield frame
        # Where there is no frame at all, an error says so.
        if count and (damaged or count < _COMPLETE * stream.frames):
            wanted = f" of {stream.frames}" if stream.frames else ""
            log.warning("%s is damaged or cut short: %d%s frames could be read", self.path, count, wanted)


def open_media(path: Path) -> InputContainer:
    """A file opened for demuxing.

    Raises:
        PermissionError: it may not be read.
        ValueError: it is in no known format, or its header is damaged.
    """
    try:
        return av.open(str(path), metadata_errors="replace")
    except PermissionError as error:
        raise PermissionError(f"{path} cannot be read: permission denied") from error
    except (av.error.FFmpegError, ValueError, OSError) as error:
        raise ValueError(f"{path} is not a video that can be read: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error)
    if "moov" in text or isinstance(error, av.error.InvalidDataError):
        return "it is in no known format, or damaged"
    return text.rstrip(".")


def _seconds(frame: VideoFrame) -> float | None:
    return None if frame.pts is None or frame.time_base is None else float(frame.pts * frame.time_base)


def _duration(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration:
        return container.duration / av.time_base
    return None


def _pixel_aspect(stream: VideoStream) -> float:
    ratio = float(stream.sample_aspect_ratio or 1)
    return ratio if 0.1 < ratio < 10 and max(ratio, 1 / ratio) > NEARLY_SQUARE else 1.0


def _upright(frame: VideoFrame, reformatter: VideoReformatter, stretch: float) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB with square pixels, the right way up."""
    options: dict[str, Any] = {}
    if frame.colorspace == _UNSPECIFIED_MATRIX and not frame.format.is_rgb:
        options["src_colorspace"] = Colorspace.ITU709 if frame.height >= 720 else Colorspace.ITU601
    width = max(1, round(frame.width * stretch))
    rgb = reformatter.reformat(frame, width=width, format="rgb24", interpolation=_CONVERSION, **options)
    image = rgb.to_ndarray()
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else image  # type: ignore[return-value]
