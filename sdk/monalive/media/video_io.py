"""Reading videos frame by frame, whatever a phone or an editor made of them."""

from __future__ import annotations

import logging
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from monalive.closing import ClosesAtEnd
from monalive.media.animated_picture import animation_of
from monalive.media.regular_file import require_file

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
_COVER: Final = Disposition.attached_pic | Disposition.timed_thumbnails
# ITU-T H.273: the frame does not say how its colours were made.
_UNSPECIFIED_MATRIX: Final = 2
# Without these two flags the conversion truncates: pictures come out a level too dark.
_CONVERSION: Final = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


class VideoReader(ClosesAtEnd):
    """A video file as a stream of RGB frames. Iterating again starts again; memory does not grow with length.

    What files do, and what happens then:

    - Rotation and mirroring (phones): applied; `width` and `height` are those of the upright picture.
    - Pixels that are far from square (anamorphic video): the width is scaled so that they are.
    - Several pictures or sound tracks: the ones that players choose; cover art is not a picture.
    - Animated WebP and PNG: read as videos.
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

    def __init__(self, path: str | Path, *, square_pixels: bool = False) -> None:
        """Opens the file and decodes its first frame.

        Args:
            path: a file; never an address, whatever its name begins with.
            square_pixels: scale the width also where pixels are nearly square.

        Raises:
            FileNotFoundError: there is no such file.
            IsADirectoryError: it is a folder.
            PermissionError: it may not be read.
            ValueError: it is not a video, or none of its frames can be decoded.
        """
        self.path = Path(path)
        self._containers: list[InputContainer] = []
        require_file(self.path, "video")
        self.frame_count: int | None
        self.duration_s: float | None
        self._animation = animation_of(self.path)
        if self._animation is not None:
            (self.width, self.height), self.fps = self._animation.size, self._animation.fps
            self.frame_count, self.duration_s = self._animation.frames, None
            self.start_s, self.has_audio = 0.0, False
            return
        container, stream = self._open()
        try:
            first = next(self._decode(container, stream), None)
            if first is None:
                raise ValueError(f"no frame of {self.path} can be decoded: the file is damaged or cut short")
            rate = stream.average_rate or stream.guessed_rate
            self.fps = float(rate) if rate and 0 < rate <= MAX_FPS else DEFAULT_FPS
            self.frame_count = stream.frames or None
            self.duration_s = _duration(container, stream)
            self.start_s = _seconds(first) or 0.0
            self.has_audio = bool(container.streams.audio)
            self._stretch = _pixel_aspect(stream, 1.0 if square_pixels else NEARLY_SQUARE)
            self.height, self.width = _Upright(self._stretch)(first).shape[:2]
        finally:
            self._close(container)

    def __iter__(self) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        """Yields (timestamp in ms from 0, (height, width, 3) uint8 RGB) for each frame."""
        if self._animation is not None:
            yield from self._animation
            return
        container, stream = self._open()
        upright = _Upright(self._stretch)
        step = 1000.0 / self.fps
        last: float | None = None
        try:
            for frame in self._decode(container, stream):
                seconds = _seconds(frame)
                timestamp = (seconds - self.start_s) * 1000.0 if seconds is not None else (last or 0.0) + step
                if last is None:
                    timestamp = 0.0
                elif timestamp <= last:  # repeated or reversed timestamps in damaged files
                    timestamp = last + min(step, 1.0)
                image = upright(frame)
                if image.shape[:2] != (self.height, self.width):
                    raise ValueError(
                        f"{self.path} changes its size from {self.width}x{self.height} "
                        f"to {image.shape[1]}x{image.shape[0]}: cut it there, or scale it to one size first"
                    )
                yield timestamp, image
                last = timestamp
        finally:
            self._close(container)

    def close(self) -> None:
        """Ends all iterations that are still under way and lets go of the file."""
        for container in list(self._containers):
            self._close(container)

    def _open(self) -> tuple[InputContainer, VideoStream]:
        """The file, and of its streams the picture."""
        container = open_media(self.path)
        stream = _picture_stream(container)
        if stream is None:
            kind = "only sound" if container.streams.audio else "no pictures"
            container.close()
            raise ValueError(f"{self.path} is not a video: there is {kind} in it")
        stream.thread_type = "AUTO"
        self._containers.append(container)
        return container, stream

    def _close(self, container: InputContainer) -> None:
        if container in self._containers:
            self._containers.remove(container)
            container.close()

    def _decode(self, container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
        """All frames that can be decoded; damage is skipped and reported once."""
        damaged = count = 0
        start = end = 0.0
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
                    seconds = _seconds(frame) or 0.0
                    start = seconds if not count else start
                    end = max(end, seconds + float((frame.duration or 0) * (frame.time_base or 0)))
                    count += 1
                    yield frame
        # An edit list (a clip trimmed on a phone) hides frames that the file counts, and shortens its duration.
        length = _duration(container, stream)
        short = count < _COMPLETE * stream.frames and (length is None or end - start < _COMPLETE * length)
        # Where there is no frame at all, an error says so.
        if count and (damaged or short):
            wanted = f" of {stream.frames}" if stream.frames else ""
            log.warning("%s is damaged or cut short: %d%s frames could be read", self.path, count, wanted)


def open_media(path: Path) -> InputContainer:
    """A file opened for demuxing. It is opened as a file, and so is whatever it refers to: nothing is fetched.

    Raises:
        PermissionError: it may not be read.
        ValueError: it is in no known format, or its header is damaged.
    """
    try:
        # A name such as "http:x.mp4" would be an address; an absolute path never is. Playlists hold addresses.
        return av.open(str(path.absolute()), metadata_errors="replace", options={"protocol_whitelist": "file"})
    except PermissionError as error:
        if os.access(path, os.R_OK):  # FFmpeg's answer to a list that may lead anywhere
            raise ValueError(f"{path} is a list of other files, not a video") from error
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


def _picture_stream(container: InputContainer) -> VideoStream | None:
    """The stream that players show; None where there is none but cover art."""
    pictures = [stream for stream in container.streams.video if not stream.disposition & _COVER]
    best = container.streams.best("video")
    return next((stream for stream in pictures if stream is best), pictures[0] if pictures else None)


def _pixel_aspect(stream: VideoStream, tolerated: float) -> float:
    ratio = float(stream.sample_aspect_ratio or 1)
    return ratio if 0.1 < ratio < 10 and max(ratio, 1 / ratio) > tolerated else 1.0


class _Upright:
    """Makes (H, W, 3) uint8 RGB of a video's frames, with square pixels, the right way up."""

    def __init__(self, stretch: float) -> None:
        self._stretch = stretch
        self._reformatter = VideoReformatter()
        self._turn: tuple[int, tuple[int, int, int, int]] | None = None  # angle, display matrix

    def __call__(self, frame: VideoFrame) -> NDArray[np.uint8]:
        options: dict[str, Any] = {}
        if frame.colorspace == _UNSPECIFIED_MATRIX and not frame.format.is_rgb:
            options["src_colorspace"] = Colorspace.ITU709 if frame.height >= 720 else Colorspace.ITU601
        width = max(1, round(frame.width * self._stretch))
        rgb = self._reformatter.reformat(frame, width=width, format="rgb24", interpolation=_CONVERSION, **options)
        image: NDArray[np.uint8] = rgb.to_ndarray()  # type: ignore[assignment]
        # A frame whose side data was asked for refers to itself: it would stay until Python looks for such circles, so
        # that a few hundred frames would. The matrix is looked at again only where the angle is another.
        if self._turn is None or self._turn[0] != frame.rotation:
            self._turn = frame.rotation, _display_matrix(frame)
        return _turned(image, self._turn[1])


def _display_matrix(frame: VideoFrame) -> tuple[int, int, int, int]:
    """How a player shows the stored picture: right = a x + c y, down = b x + d y, as (a, b, c, d)."""
    data: Any = frame.side_data.get("DISPLAYMATRIX")
    if data is None or data.buffer_size < 36:
        return 1, 0, 0, 1
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(data)[:36])
    return a, b, c, d


def _turned(image: NDArray[np.uint8], matrix: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """The picture turned by the nearest right angle, and mirrored, as the matrix says."""
    a, b, c, d = matrix
    if abs(b) + abs(c) > abs(a) + abs(d):  # rows become columns
        image, across, down = image.transpose(1, 0, 2), c, b
    else:
        across, down = a, d
    return np.ascontiguousarray(image[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1])
