"""Verifies every picture and video below a folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from monalive.media.file_samples import media_type
from monalive.trust.content_credentials import MEDIA_TYPES, SIDECAR_SUFFIX
from monalive.verification import Verification, verify

_FRAME_NAME: Final = re.compile(r"\d+\.png", re.IGNORECASE)
# Files of these names are reported even if nothing can be read in them; others if their content is one of media.
_SUFFIXES: Final = {
    *MEDIA_TYPES,
    *(".apng", ".avif", ".bmp", ".heic", ".heif", ".mpo", ".tif", ".tiff"),
    *(".3gp", ".avi", ".flv", ".mkv", ".mpeg", ".mpg", ".ogv", ".ts", ".wmv"),
}


@dataclass(frozen=True)
class VerifiedFile:
    """One line of a report.

    Attributes:
        path: a file, or a folder of frames.
        found: the verdict; None where it could not be read.
        problem: why not; empty where it could.
    """

    path: Path
    found: Verification | None
    problem: str = ""


def is_frames(folder: Path) -> bool:
    """Whether a folder is one row of frames: it holds PNG files that are named by numbers.

    Raises:
        OSError: it cannot be read.
    """
    return any(_FRAME_NAME.fullmatch(entry.name) for entry in folder.iterdir())


def verify_tree(folder: Path) -> Iterator[VerifiedFile]:
    """Every picture, video and folder of frames in a folder and below, in the order of their names.

    Links to folders are not followed; other files are passed over.
    """
    try:
        entries = sorted(folder.iterdir())
        frames = is_frames(folder)
    except OSError as error:
        yield VerifiedFile(folder, None, str(error))
        return
    if frames:
        yield verified(folder)
    for entry in entries:
        if entry.is_dir():
            if not entry.is_symlink():
                yield from verify_tree(entry)
        elif not (frames and entry.suffix.lower() == ".png") and _is_media(entry):
            yield verified(entry)


def verified(path: Path) -> VerifiedFile:
    """The verdict on a file or a folder of frames, or why there is none."""
    try:
        return VerifiedFile(path, verify(path))
    except (OSError, ValueError) as error:
        return VerifiedFile(path, None, str(error))


def _is_media(path: Path) -> bool:
    if path.suffix.lower() in _SUFFIXES:
        return True
    try:
        return path.suffix.lower() != SIDECAR_SUFFIX and path.is_file() and bool(media_type(path))
    except OSError:
        return False
