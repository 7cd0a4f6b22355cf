"""What kind of media a file is, by its content, and a few of its pictures, as far as they can be read."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from monalive.media.image_io import load_image, open_picture
from monalive.media.video_io import VideoReader

_FRAMES: Final = 20  # of a video, spread over it
_SPACING_MS: Final = 200.0
_STARTS: Final = (
    (re.compile(rb"\x89PNG"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"II\*\0|MM\0\*"), "image/tiff"),
    (re.compile(rb"....ftypavi[fs]", re.DOTALL), "image/avif"),
    (re.compile(rb"....(ftyp|moov|mdat|free|uuid)", re.DOTALL), "video/mp4"),
    (re.compile(rb"\x1aE\xdf\xa3"), "video/webm"),  # any Matroska
)


@dataclass(frozen=True)
class FileSamples:
    """Pictures out of one file.

    Attributes:
        frames: (H, W, 3) uint8 RGB, all of one size; at most twenty.
        cut: the file ends before its header says; `frames` are from what is left.
    """

    frames: Sequence[NDArray[np.uint8]]
    cut: bool = False


def media_type(path: Path) -> str:
    """A file's kind, as "image/png", by its first bytes; empty where it is none that can hold Content Credentials.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(12)
    return next((kind for pattern, kind in _STARTS if pattern.match(start)), "")


def sample_frames(files: Sequence[Path]) -> FileSamples:
    """A few pictures of a video, an animation or a picture, or out of a row of pictures.

    Args:
        files: one file of any kind, or the pictures of a row, of which those of the first one's size are taken.

    Raises:
        ValueError: there is no picture in it that can be read.
        OSError: it cannot be read.
    """
    if len(files) > 1:
        chosen = [files[round(i)] for i in np.linspace(0, len(files) - 1, min(_FRAMES, len(files)))]
        images = [load_image(file) for file in chosen]
        return FileSamples([image for image in images if image.shape == images[0].shape])
    path = files[0]
    kind, count = _picture_format(path)
    if kind and (count == 1 or kind == "MPO"):
        return FileSamples([load_image(path)])
    if kind in ("WEBP", "PNG"):  # animations that FFmpeg does not read, or reads as one picture
        with path.open("rb") as file:
            return FileSamples(_animation(path, file))
    if media_type(path) == "image/webp":  # one that Pillow does not open
        return FileSamples(_animation(path, _whole_chunks(path)), cut=True)
    with VideoReader(path) as reader:
        return FileSamples(_spread(reader))


def _picture_format(path: Path) -> tuple[str, int]:
    """Pillow's name of the format and the number of pictures; ("", 0) of anything else."""
    try:
        with open_picture(path) as image:
            return image.format or "", getattr(image, "n_frames", 1)
    except (OSError, ValueError, SyntaxError):
        return "", 0


def _animation(path: Path, file: BinaryIO) -> list[NDArray[np.uint8]]:
    frames = []
    try:
        with Image.open(file) as image:
            count = getattr(image, "n_frames", 1)
            for index in np.linspace(0, count - 1, min(_FRAMES, count)).round():
                image.seek(int(index))
                frames.append(np.asarray(image.convert("RGB")))
    except (OSError, ValueError, EOFError, SyntaxError) as error:
        raise ValueError(f"{path} cannot be read: it is damaged or cut short ({error})") from error
    return frames


def _whole_chunks(path: Path) -> BinaryIO:
    """A WebP file that was cut short, up to its last whole chunk."""
    content = path.read_bytes()
    end = 12
    while end + 8 <= len(content):
        size = int.from_bytes(content[end + 4 : end + 8], "little")
        after = end + 8 + size + size % 2
        if after > len(content):
            break
        end = after
    return io.BytesIO(content[:4] + (end - 8).to_bytes(4, "little") + content[8:end])


def _spread(reader: VideoReader) -> list[NDArray[np.uint8]]:
    """Frames of a video's first seconds, so far apart that they differ; closer together where there are few."""
    kept: list[tuple[float, NDArray[np.uint8]]] = []
    apart = 0.0
    for time, image in reader:
        if kept and time < kept[-1][0] + apart:
            continue
        if len(kept) == _FRAMES:
            if apart == _SPACING_MS:
                break
            kept = kept[::2]
            apart = min(kept[1][0] - kept[0][0], _SPACING_MS)
        kept.append((time, image))
    return [image for _, image in kept]
