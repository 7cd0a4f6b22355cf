"""Reads what a file says of itself: what `monalive verify` does."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from monalive.media.image_io import load_image, open_picture
from monalive.media.regular_file import require_file
from monalive.media.video_io import VideoReader
from monalive.trust.content_credentials import DETACHED_TYPES, SIDECAR_SUFFIX, ReadCredentials, read_credentials
from monalive.trust.mark_code import CHANCE_OF_MISTAKE
from monalive.trust.mark_reader import FoundMark
from monalive.trust.mark_search import search_mark

_FRAMES: Final = 20  # of a video, taken together
_SPACING_MS: Final = 200.0
_PICTURES: Final = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
    "AVIF": "image/avif",
}
_MP4_BOXES: Final = (b"ftyp", b"moov", b"mdat", b"free", b"uuid")
_EBML: Final = b"\x1aE\xdf\xa3"  # webm, Matroska


class State(Enum):
    """The verdict on a file."""

    VALID = "valid"  # our credentials, and the file is as it was signed
    TAMPERED = "tampered"  # credentials that do not fit the file, or not its pixel mark
    STRIPPED = "stripped"  # our pixel mark, but no credentials of ours
    COPIED = "copied"  # our pixel mark on a picture that it was not made for, and no credentials of ours
    NOT_OURS = "not ours"  # neither


@dataclass(frozen=True)
class Verification:
    """What was found.

    Attributes:
        state: the verdict.
        credentials: Content Credentials, None where there are none.
        mark: the pixel mark, None where none was found.
        notes: what a person should know about the verdict.
    """

    state: State
    credentials: ReadCredentials | None
    mark: FoundMark | None
    notes: Sequence[str]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        credentials, mark = self.credentials, self.mark
        return {
            "state": self.state.value,
            "credentials": None
            if credentials is None
            else {
                "intact": credentials.intact,
                "problems": list(credentials.problems),
                "signer": credentials.signer,
                "trusted": credentials.trusted,
                "source_type": credentials.source_type,
                "monalive": credentials.facts,
            },
            "mark": None
            if mark is None
            else {
                "id": mark.message.id_text,
                "release": mark.message.release,
                "belongs": mark.belongs,
                "mirrored": mark.mirrored,
                "tile_pixels": round(mark.tile_pixels, 2),
                "chance_of_mistake": CHANCE_OF_MISTAKE,
            },
            "notes": list(self.notes),
        }


def verify(path: str | Path) -> Verification:
    """Looks for Content Credentials and the pixel mark in a picture, a video, or a folder of frames.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is neither a picture nor a video, or damaged beyond reading.
    """
    path = Path(path)
    if not path.is_dir():
        require_file(path, "file")
    files = sorted(path.glob("*.png")) if path.is_dir() else [path]
    if not files:
        raise ValueError(f"there are no PNG frames in the folder {path}")
    media_type = _media_type(files[0])
    credentials = _worst([read_credentials(file, media_type) for file in files]) if media_type else None
    try:
        mark = search_mark(_frames(path, files))
    except ValueError:
        if credentials is None or credentials.intact:
            raise
        mark = None  # so badly tampered with that there are no pictures left to look at
    return _verdict(credentials, mark, media_type)


def _verdict(credentials: ReadCredentials | None, mark: FoundMark | None, media_type: str) -> Verification:
    notes: list[str] = []
    ours = credentials is not None and credentials.facts is not None
    said = (credentials.facts or {}).get("pixel_mark") if credentials is not None else None
    if credentials is not None and not credentials.intact and (ours or mark is not None or credentials.facts is None):
        state = State.TAMPERED if ours or mark is not None or not credentials.signer else State.NOT_OURS
        notes.append("The credentials do not fit the file: it was changed after it was signed.")
    elif ours:
        state = State.VALID
        if mark is not None and said and mark.message.id_text != said["id"]:
            state = State.TAMPERED
            notes.append("The pixels carry another id than the credentials: one of the two was put there later.")
        elif mark is None and said:
            notes.append("The pixel mark that the credentials speak of was not found; the file itself is unchanged.")
        assert credentials is not None
        if not credentials.trusted:
            notes.append("The signer is on no trust list: the file is as it was signed, but anyone may have signed it.")
    elif mark is not None:
        state = State.COPIED if mark.belongs is False else State.STRIPPED
        notes.append(_marked(mark, media_type))
    else:
        state = State.NOT_OURS
        if credentials is not None:
            notes.append("It has Content Credentials of another tool.")
    return Verification(state, credentials, mark, notes)


def _marked(mark: FoundMark, media_type: str) -> str:
    if mark.belongs:
        return _missing(media_type)
    if mark.belongs is None:
        return (
            "It carries a mark like ours and no credentials; whether the mark was made for this picture is not known."
        )
    return "It carries a mark of ours that was made for another picture: copied here, or the picture was changed much."


def _missing(media_type: str) -> str:
    if media_type in DETACHED_TYPES:
        return (
            "Made with monalive; this format cannot hold Content Credentials, and there are none beside it "
            f"(a file of the same name that ends in {SIDECAR_SUFFIX})."
        )
    if media_type:
        return "Made with monalive, but its credentials are gone."
    return "Made with monalive; this format cannot hold Content Credentials."


def _worst(found: list[ReadCredentials | None]) -> ReadCredentials | None:
    """Of a folder's frames: damaged ones first, then missing ones."""
    broken = next((one for one in found if one is not None and not one.intact), None)
    return broken or (None if None in found else found[0])


def _media_type(path: Path) -> str:
    """By the content; empty where a file of this kind has no credentials."""
    kind = _picture_format(path)[0]
    if kind:
        return _PICTURES.get(kind, "")
    with path.open("rb") as file:
        start = file.read(12)
    if start.startswith(_EBML):
        return "video/webm"
    return "video/mp4" if start[4:8] in _MP4_BOXES else ""


def _picture_format(path: Path) -> tuple[str, int]:
    """Pillow's name of the format and the number of pictures; ("", 0) of anything else."""
    try:
        with open_picture(path) as image:
            return image.format or "", getattr(image, "n_frames", 1)
    except (OSError, ValueError, SyntaxError):
        return "", 0


def _frames(path: Path, files: list[Path]) -> list[NDArray[np.uint8]]:
    """Pictures to look for the mark in."""
    if path.is_dir():
        chosen = [files[round(i)] for i in np.linspace(0, len(files) - 1, min(_FRAMES, len(files)))]
        images = [load_image(file) for file in chosen]
        return [image for image in images if image.shape == images[0].shape]
    kind, count = _picture_format(path)
    if kind and (count == 1 or kind == "MPO"):
        return [load_image(path)]
    if kind in ("WEBP", "PNG"):  # animations that FFmpeg does not read, or reads as one picture
        return _animation(path, count)
    with VideoReader(path) as reader:
        return list(itertools.islice(_spread(reader), _FRAMES))


def _animation(path: Path, count: int) -> list[NDArray[np.uint8]]:
    frames = []
    try:
        with Image.open(path) as image:
            for index in np.linspace(0, count - 1, min(_FRAMES, count)).round():
                image.seek(int(index))
                frames.append(np.asarray(image.convert("RGB")))
    except (OSError, ValueError, EOFError, SyntaxError) as error:
        raise ValueError(f"{path} cannot be read: it is damaged or cut short ({error})") from error
    return frames


def _spread(reader: VideoReader) -> Iterator[NDArray[np.uint8]]:
    due = 0.0
    for time, image in reader:
        if time >= due:
            yield image
            due = time + _SPACING_MS
