"""What is said about an output, and the one place where every sink says it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from monalive.faces.crop import SquareCrop
from monalive.trust.badge import Badge
from monalive.trust.consent import Consent
from monalive.trust.content_credentials import (
    DETACHED_TYPES,
    MEDIA_TYPES,
    Photo,
    Statement,
    detached,
    sidecar,
    sign_bytes,
    sign_file,
)
from monalive.trust.credential import Credential, local
from monalive.trust.mark_code import MARK_VERSION, MarkMessage
from monalive.trust.pixel_mark import LOSSLESS, LOSSY, SMALLEST_SIDE, PixelMark

LIPS_DRIVEN_BY_SOUND: Final = (
    "The lips were driven by a sound recording. The person shown may never have said these words."
)
_LOSSLESS_SUFFIXES: Final = ("", ".png")


@dataclass(frozen=True)
class Disclosure:
    """What an output says of itself. Every file also says in its metadata that it is AI-made; that has no switch.

    Attributes:
        consent: why the face may be animated, as the user states it; recorded in the Content Credentials.
        motion: name of the built-in motion, or what kind of driver it was; no file names, which may name people.
        model: name, version and sha256 of the networks.
        photos: files of the photos; their sha256 is recorded, not their names.
        regions: squares of the frame that are animated: there, and nowhere else, the pixel mark is put. None for the
            largest square in the middle.
        credentials: sign the file with Content Credentials. Without them nobody can check where the file comes from
            or whether it was changed.
        credential: what to sign with; None for this user's own, made on first use.
        timestamp_url: of a server (RFC 3161) that is asked to confirm when the file was signed; None asks nobody. Not
            for folders of frames.
        pixel_mark: put the imperceptible mark into every frame.
        badge: draw a visible "AI" in the lower right corner of every frame; None: where lips were driven by a sound.
        speech: lips were driven by a sound.
    """

    consent: Consent | None = None
    motion: str = ""
    model: Mapping[str, str] = field(default_factory=dict)
    photos: Sequence[str | Path] = ()
    regions: Sequence[SquareCrop] | None = None
    credentials: bool = True
    credential: Credential | None = None
    timestamp_url: str | None = None
    pixel_mark: bool = True
    badge: bool | None = None
    speech: bool = False

    @property
    def shows_badge(self) -> bool:
        """Whether the badge is drawn."""
        return self.speech if self.badge is None else self.badge

    def statement(self, mark_id: str | None, *, with_photos: bool = True) -> Statement:
        """What is signed.

        Args:
            mark_id: id of the pixel mark, None where the frames have none.
            with_photos: carry the photos' own Content Credentials over; left out where the statement is repeated in
                hundreds of files.

        Raises:
            OSError: a photo cannot be read.
        """
        photos = [Photo.read(Path(path), with_content=with_photos) for path in self.photos]
        facts: dict[str, Any] = {
            "model": dict(self.model),
            "motion": self.motion,
            "consent": None if self.consent is None else self.consent.value,
            "pixel_mark": None if mark_id is None else {"version": MARK_VERSION, "id": mark_id},
            "badge": self.shows_badge,
            "lips_driven_by_sound": self.speech,
            "photos": [{"sha256": photo.sha256} for photo in photos],
        }
        marked = [square for square in self.regions or () if square.side >= SMALLEST_SIDE]
        return Statement(facts, photos, mark_id, marked, LIPS_DRIVEN_BY_SOUND if self.speech else None)


class Seal:
    """Applies a disclosure to the frames of one output and to its file.

    Args:
        disclosure: what to say.
        path: of the output; its suffix tells the format.
        size: (width, height) of the frames.
        folder: the output is a folder of PNG files.

    Raises:
        ValueError: a time stamp is asked for, and the output is a folder.
    """

    def __init__(self, disclosure: Disclosure, path: Path, size: tuple[int, int], *, folder: bool = False) -> None:
        if folder and disclosure.timestamp_url is not None:
            raise ValueError(
                "each frame of a folder would ask the time-stamp server; choose a video, or leave the time stamp out"
            )
        message = MarkMessage.random()
        suffix = ".png" if folder else path.suffix.lower()
        self._badge = Badge(size) if disclosure.shows_badge else None
        self._mark: PixelMark | None = None
        if disclosure.pixel_mark:
            strength = LOSSLESS if suffix in _LOSSLESS_SUFFIXES else LOSSY
            self._mark = PixelMark(message, size, disclosure.regions, strength)
        self._path = path
        self._media_type = MEDIA_TYPES.get(suffix)
        self._statement: Statement | None = None
        if disclosure.credentials and self._media_type:
            marked = self._mark is not None and self._mark.marks
            self._statement = disclosure.statement(message.id_text if marked else None, with_photos=not folder)
            self._timestamp_url = disclosure.timestamp_url
        self._chosen = disclosure.credential

    @cached_property
    def _credential(self) -> Credential:
        """What to sign with; this user's own is read when the file is done, which keeps nobody waiting for a frame."""
        return self._chosen or local()

    def frame(self, image: NDArray[np.uint8], out: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
        """A frame (H, W, 3 or 4) uint8 as it is written: with badge and mark. The frame itself is not changed.

        `out` is where it may be put, of the same shape and type.
        """
        if self._badge is not None:
            image = self._badge.apply(image)
        if self._mark is None:
            return image
        if image.shape[2] == 3:
            return self._mark.apply(image, out)
        marked = self._mark.apply(np.ascontiguousarray(image[..., :3]))
        return np.dstack([marked, image[..., 3]])

    def content(self, encoded: bytes) -> bytes:
        """An encoded picture with its Content Credentials.

        Raises:
            ValueError: the credential cannot be used.
        """
        if self._statement is None or self._media_type is None:
            return encoded
        return sign_bytes(encoded, self._media_type, self._statement, self._credential, self._timestamp_url)

    def frames(self, files: Sequence[Path]) -> None:
        """Signs the finished frames of a folder, before it takes its name.

        Each says its number from 0, their count, and a name that all of them share: a missing frame shows, and so does
        one from elsewhere.

        Raises:
            ValueError: the credential cannot be used.
            OSError: one cannot be written.
        """
        if self._statement is None or self._media_type is None:
            return
        sequence = secrets.token_hex(8)
        for number, file in enumerate(files):
            place = {"sequence": sequence, "number": number, "count": len(files)}
            statement = replace(self._statement, facts={**self._statement.facts, "frame": place})
            sign_file(file, self._media_type, statement, self._credential)

    @property
    def sidecar(self) -> Path | None:
        """The file beside the output that takes its Content Credentials; None if it holds them or has none."""
        detaches = self._statement is not None and self._media_type in DETACHED_TYPES
        return sidecar(self._path) if detaches else None

    def file(self, path: Path, beside: Path | None = None) -> None:
        """Signs a finished file, before it takes its name: in place, or in the file `beside` it.

        What lies beside an earlier output of the name belongs to that one and is removed.

        Raises:
            ValueError: the credential cannot be used.
            OSError: it cannot be written.
        """
        if self._statement is not None and self._media_type is not None:
            if beside is None:
                sign_file(path, self._media_type, self._statement, self._credential, self._timestamp_url)
            else:
                signed = detached(path, self._media_type, self._statement, self._credential, self._timestamp_url)
                beside.write_bytes(signed)
        if self._media_type in DETACHED_TYPES:
            sidecar(self._path).unlink(missing_ok=True)
