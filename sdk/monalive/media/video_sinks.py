"""Writers of frames: videos with sound, animated pictures, and folders of numbered pictures."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import (
    ColorPrimaries,
    ColorRange,
    Colorspace,
    ColorTrc,
    Interpolation,
    VideoReformatter,
)
from av.video.stream import VideoStream
from numpy.typing import NDArray

from monalive.media.audio_track import AudioTrack, Sound
from monalive.media.frame_sink import FrameSink, Target, roll_back
from monalive.media.gif_sink import CutoutGifSink, GifSink
from monalive.media.picture_sinks import FolderSink, StillSink
from monalive.media.webp_sink import WebpSink
from monalive.threads import CODEC_THREADS
from monalive.trust.disclosure import Disclosure
from monalive.trust.provenance import CONTAINER_TAGS

__all__ = ["FrameSink", "VideoSink", "can_be_transparent", "can_hold_sound", "open_sink"]

_CONVERSION: Final = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP


@dataclass(frozen=True)
class VideoFormat:
    """How one kind of file is encoded."""

    container: str
    codec: str
    pixel_format: str
    ticks: int  # per second
    even: bool  # width and height must be even
    codec_options: dict[str, str]
    transparent_format: str | None = None  # of pixels with alpha, where it can hold them
    container_options: dict[str, str] = field(default_factory=dict)


# Qualities that leave no visible loss; speeds that keep up with the animation on two cores.
_MP4 = VideoFormat(
    *("mp4", "libx264", "yuv420p", 90000, True),
    # A short look ahead on few threads: each frame that waits holds 15 MB of a large photo.
    codec_options={"crf": "18", "preset": "veryfast", "rc-lookahead": "4", "threads": str(CODEC_THREADS)},
    container_options={"movflags": "+faststart"},
)
_MOV = replace(_MP4, container="mov")
_WEBM = VideoFormat(
    *("webm", "libvpx-vp9", "yuv420p", 1000, False),
    codec_options={"crf": "22", "b": "0", "deadline": "realtime", "cpu-used": "5", "row-mt": "1"},
    transparent_format="yuva420p",
)
_VIDEOS: Final = {".mp4": _MP4, ".m4v": _MP4, ".mov": _MOV, ".webm": _WEBM}
# Larger frames of H.264 take a third less time and more space, at no less quality, and fewer of them wait.
_LARGE_PIXELS: Final = 1_200_000
_LARGE_OPTIONS: Final = {"preset": "superfast", "crf": "20", "x264-params": "b-pyramid=none:b-adapt=0"}
_H264_BLOCKS: Final = 139_264  # of 16 x 16 pixels in a frame: those of the highest level, 6.2
_STILLS: Final = (".png", ".jpg", ".jpeg")
_TRANSPARENT: Final = (".webm", ".webp", ".gif", ".png")


def can_hold_sound(path: str | Path) -> bool:
    """Whether a sink for this path can carry sound."""
    return not _is_folder(path) and Path(path).suffix.lower() in _VIDEOS


def can_be_transparent(path: str | Path) -> bool:
    """Whether a sink for this path can keep a cut-out picture cut out."""
    return _is_folder(path) or Path(path).suffix.lower() in _TRANSPARENT


def open_sink(
    path: str | Path,
    fps: float,
    size: tuple[int, int],
    audio_from: str | Path | Sound | None = None,
    audio_start_s: float = 0.0,
    disclosure: Disclosure | None = None,
    *,
    transparent: bool = False,
) -> FrameSink:
    """A writer chosen by the path.

    - `.mp4` (`.m4v`, `.mov`): H.264, BT.709, playable while it loads; an odd width or height gets one more column or
      row.
    - `.webm`: VP9. `.webp`: animated WebP. `.gif`: 256 colours per frame, at most 50 frames per second. The
      latter two repeat for ever.
    - `.png`, `.jpg`: a single picture; a second frame is refused.
    - no suffix, a folder that exists, or a trailing slash: a folder of `000000.png`, `000001.png`, ...

    Args:
        path: file or folder to write. A file that is there is replaced; a folder only if it holds nothing but
            such frames.
        fps: frames per second, for frames without timestamps.
        size: (width, height) of the frames in pixels.
        audio_from: a media file whose sound goes into an mp4 or webm: copied where the container allows it,
            encoded as AAC or Opus otherwise, and cut to the length of the pictures; or a `Sound`, which may begin
            again and again. Other sinks leave it out.
        audio_start_s: the time in that file at which the first frame is shown, seconds; a `Sound` says it itself.
        disclosure: what the output says of itself. By default it is signed, and the largest square in the middle of
            its frames carries the pixel mark.
        transparent: frames are (height, width, 4) RGBA, colours not multiplied by alpha. A `.gif`'s pixels are opaque
            or not; `.mp4`, `.mov` and `.jpg` have no transparency.

    Raises:
        ValueError: a suffix that is not known, transparency that the format cannot hold, a frame rate that is not
            positive, a size the format cannot hold, or an audio file without sound.
        FileExistsError: the folder holds other files.
        FileNotFoundError, PermissionError, NotADirectoryError: it cannot be written there.
    """
    folder, path = _is_folder(path), Path(path)
    suffix = path.suffix.lower()
    known = folder or suffix in (*_VIDEOS, *_STILLS, ".gif", ".webp")
    if transparent and known and not can_be_transparent(path):
        raise ValueError(f"{path} cannot be transparent: use {', '.join(_TRANSPARENT)} or a folder, or a background")
    target = Target(path, fps, size, disclosure, transparent)
    if folder:
        return FolderSink(target)
    if suffix == ".gif":
        return (CutoutGifSink if transparent else GifSink)(target)
    if suffix == ".webp":
        return WebpSink(target)
    if suffix in _STILLS:
        return StillSink(target)
    if suffix not in _VIDEOS:
        names = ", ".join((*_VIDEOS, ".webp", ".gif", *_STILLS))
        raise ValueError(f"cannot tell what to write to {path}: use {names}, or a name without a suffix for a folder")
    sound = Sound(Path(audio_from), audio_start_s) if isinstance(audio_from, str | Path) else audio_from
    return VideoSink(target, _VIDEOS[suffix], sound)


def _is_folder(path: str | Path) -> bool:
    return str(path).endswith(("/", os.sep)) or Path(path).is_dir() or not Path(path).suffix


class VideoSink(FrameSink):
    """A file written by FFmpeg's encoders, frame by frame."""

    def __init__(self, target: Target, video: VideoFormat, sound: Sound | None = None) -> None:
        super().__init__(target)
        self._format = video
        self._pixel_format = video.pixel_format
        if self.transparent:
            assert video.transparent_format is not None
            self._pixel_format = video.transparent_format
        self._reformatter = VideoReformatter()
        self._last_tick = -1
        with ExitStack() as stack:
            temporary = self._unfinished_file(stack)
            name = str(temporary.absolute())  # a name may begin like an address, an absolute path does not
            try:
                self._container = stack.enter_context(
                    av.open(name, "w", format=video.container, container_options=video.container_options)
                )
            except (av.error.FFmpegError, OSError) as error:
                raise OSError(f"cannot write {self.path}: {error.strerror or error}") from error
            self._container.metadata.update(CONTAINER_TAGS)
            self._stream = self._video_stream()
            # One picture for all frames, in FFmpeg's padded memory: it reads beyond the end of rows.
            self._frame, self._pixels = _empty_frame(
                self._stream.codec_context, "rgba" if self.transparent else "rgb24"
            )
            self._picture = self._pixels[: self.size[1], : self.size[0]]
            self._audio: AudioTrack | None = None
            if sound is not None:
                self._audio = AudioTrack(sound, self._container, video.container)
                stack.callback(self._audio.close)
            self._resources = stack.pop_all()

    def _video_stream(self) -> VideoStream:
        width, height = self.size
        rate = Fraction(self.fps).limit_denominator(1001)
        options = self._format.codec_options
        if "preset" in options and width * height > _LARGE_PIXELS:
            options = {**options, **_LARGE_OPTIONS}
        stream = self._container.add_stream(self._format.codec, rate=rate, options=options)
        assert isinstance(stream, VideoStream)
        context = stream.codec_context
        context.width = width + width % 2 if self._format.even else width
        context.height = height + height % 2 if self._format.even else height
        if self._format.codec == "libx264" and -(-context.width // 16) * -(-context.height // 16) > _H264_BLOCKS:
            raise ValueError(
                f"{self.path} cannot hold pictures of {width}x{height}: H.264 has no level for them; "
                "use a smaller --size, or a folder"
            )
        context.pix_fmt = self._pixel_format
        if self.transparent:
            stream.metadata["alpha_mode"] = "1"  # without it players leave the alpha in the file unread
        context.time_base = Fraction(1, self._format.ticks)
        stream.time_base = context.time_base
        context.colorspace = Colorspace.ITU709
        context.color_range = ColorRange.MPEG
        context.color_primaries = ColorPrimaries.BT709
        context.color_trc = ColorTrc.BT709
        try:
            context.open()
        except (av.error.FFmpegError, ValueError) as error:
            raise ValueError(
                f"{self.path} cannot hold pictures of {width}x{height}: use a smaller photo or a folder"
            ) from error
        return stream

    def _write(self, image: NDArray[np.uint8], timestamp_ms: float) -> None:
        frame = self._to_frame(image)
        frame.time_base = Fraction(1, self._format.ticks)
        frame.pts = max(round(timestamp_ms * self._format.ticks / 1000), self._last_tick + 1)
        frame.duration = round(self._format.ticks / self.fps)
        self._last_tick = frame.pts
        try:
            self._container.mux(self._stream.encode(frame))
            if self._audio:
                self._audio.advance(timestamp_ms / 1000)
        except av.error.FFmpegError as error:
            raise OSError(f"cannot write {self.path}: {error.strerror or error}") from error

    def _room(self) -> NDArray[np.uint8]:
        return self._picture

    def _to_frame(self, image: NDArray[np.uint8]) -> VideoFrame:
        height, width = image.shape[:2]
        if image is not self._picture:
            self._picture[:] = image
        self._pixels[height:, :width] = self._picture[-1:]
        self._pixels[:, width:] = self._pixels[:, width - 1 : width]
        return self._reformatter.reformat(
            self._frame,
            format=self._pixel_format,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=_CONVERSION,
        )

    def _commit(self, end_ms: float) -> None:
        try:
            self._container.mux(self._stream.encode(None))
            if self._audio:
                self._audio.advance(end_ms / 1000)
            self._resources.close()
        except av.error.FFmpegError as error:
            raise OSError(f"cannot write {self.path}: {error.strerror or error}") from error

    def _discard(self) -> None:
        roll_back(self._resources)


def _empty_frame(context: VideoCodecContext, kind: str) -> tuple[VideoFrame, NDArray[np.uint8]]:
    """A frame of a stream's size, and its pixels (height, width, 3 or 4), which can be written to."""
    frame = VideoFrame(context.width, context.height, kind)
    plane = frame.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(context.height, plane.line_size)
    channels = 4 if kind == "rgba" else 3
    return frame, rows[:, : context.width * channels].reshape(context.height, context.width, channels)
