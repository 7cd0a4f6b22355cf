"""Content Credentials (C2PA): a signed statement in the file of what it is and what it was made from."""

from __future__ import annotations

import datetime
import hashlib
import io
import logging
import os
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from monalive.faces.crop import SquareCrop
from monalive.trust.credential import Credential
from monalive.trust.mark_code import MARK_VERSION
from monalive.trust.provenance import DIGITAL_SOURCE_TYPE
from monalive.version import __version__

if TYPE_CHECKING:
    import c2pa

log = logging.getLogger(__name__)

MEDIA_TYPES: Final = {
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
}
# What the library cannot put credentials into: they go into a file beside it, of the same name with this suffix.
DETACHED_TYPES: Final = frozenset({"video/webm"})
SIDECAR_SUFFIX: Final = ".c2pa"
ASSERTION: Final = "monalive.render.animation"
# The pixel mark's name among soft bindings (docs/soft_binding_entry.json is its entry for C2PA's public list).
MARK_ALGORITHM: Final = f"monalive.pixelmark.{MARK_VERSION}"
# Formats of photos whose own Content Credentials can be carried over.
_PHOTO_TYPES: Final = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png", b"GIF8": "image/gif"}
_LARGEST_PHOTO: Final = 64 * 2**20


@dataclass(frozen=True)
class Photo:
    """A photo that went into the output: its sha256, and its content where its own credentials may be carried over."""

    sha256: str
    content: bytes | None = None
    media_type: str = ""

    @classmethod
    def read(cls, path: Path, *, with_content: bool) -> Photo:
        """A photo's file; with its content if that is asked for and its format can hold credentials.

        Credentials of its own that cannot be read are not carried over; a warning says so.

        Raises:
            OSError: it cannot be read.
        """
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            start = file.read(8)
        kind = next((kind for begin, kind in _PHOTO_TYPES.items() if start.startswith(begin)), "")
        if not with_content or not kind or path.stat().st_size > _LARGEST_PHOTO:
            return cls(sha256)
        content = path.read_bytes()
        problem = _why_not_carried(content, kind)
        if problem:
            log.warning("the Content Credentials of %s cannot be read and are not passed on (%s)", path, problem)
            return cls(sha256)
        return cls(sha256, content, kind)


@dataclass(frozen=True)
class Statement:
    """What is signed.

    Attributes:
        facts: the assertion `monalive.render.animation`.
        photos: ingredients.
        mark_id: id of the pixel mark, None where the file has none.
        marked: squares of the frame in which the mark is; empty where that is not known.
        description: of how it was made, a sentence for readers of any program; None for nothing to add.
    """

    facts: dict[str, Any]
    photos: Sequence[Photo] = ()
    mark_id: str | None = None
    marked: Sequence[SquareCrop] = ()
    description: str | None = None

    def manifest(self, media_type: str) -> dict[str, Any]:
        """The definition that the C2PA library takes."""
        agent = {"name": "monalive", "version": __version__}
        now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        actions: list[dict[str, Any]] = [
            {"action": "c2pa.created", "when": now, "digitalSourceType": DIGITAL_SOURCE_TYPE, "softwareAgent": agent}
        ]
        if self.description:
            actions[0]["description"] = self.description
        if self.photos:
            actions.append({"action": "c2pa.placed", "parameters": {"ingredientIds": self._ids()}})
        return {
            "claim_generator_info": [agent],
            "title": "animated portrait",
            "format": media_type,
            "ingredients": [
                _ingredient(photo, name)
                for photo, name in zip(self.photos, self._ids(), strict=True)
                if photo.content is None
            ],
            "assertions": [
                {"label": "c2pa.actions.v2", "data": {"actions": actions}},
                {"label": ASSERTION, "data": self.facts},
                *self._soft_bindings(),
            ],
        }

    def builder(self, media_type: str) -> c2pa.Builder:
        """A new builder of the C2PA library; it can be used once."""
        import c2pa

        builder = c2pa.Builder(self.manifest(media_type), context=library_context(os.getpid()))
        for photo, name in zip(self.photos, self._ids(), strict=True):
            if photo.content is not None:
                builder.add_ingredient(_ingredient(photo, name), photo.media_type, io.BytesIO(photo.content))
        return builder

    def _soft_bindings(self) -> list[dict[str, Any]]:
        if self.mark_id is None:
            return []
        squares = [
            {
                "type": "spatial",
                "shape": {
                    "type": "rectangle",
                    "unit": "pixel",
                    "origin": {"x": square.x, "y": square.y},
                    "width": square.side,
                    "height": square.side,
                },
            }
            for square in self.marked
        ]
        block = {"scope": {"region": {"region": squares}} if squares else {}, "value": self.mark_id}
        return [{"label": "c2pa.soft-binding", "data": {"alg": MARK_ALGORITHM, "blocks": [block], "pad": []}}]

    def _ids(self) -> list[str]:
        return [f"photo-{index}-sha256-{photo.sha256}" for index, photo in enumerate(self.photos)]


def sign_bytes(
    content: bytes, media_type: str, statement: Statement, credential: Credential, timestamp_url: str | None = None
) -> bytes:
    """A file's content with Content Credentials.

    Args:
        timestamp_url: of a server (RFC 3161) that confirms the time; if it does not, a warning says so, and the file
            is signed without. None: nobody is asked.

    Raises:
        ValueError: the credential cannot be used, or the content cannot hold them.
    """
    signed = io.BytesIO()
    _sign(io.BytesIO(content), signed, media_type, statement, credential, timestamp_url)
    return signed.getvalue()


def sign_file(
    path: Path, media_type: str, statement: Statement, credential: Credential, timestamp_url: str | None = None
) -> None:
    """Puts Content Credentials into a file that nobody reads yet.

    Raises:
        ValueError: as for `sign_bytes`.
        OSError: it cannot be written.
    """
    signed = path.with_name(f"{path.stem}.{secrets.token_hex(2)}{path.suffix}")
    try:
        with path.open("rb") as source, signed.open("w+b") as target:
            _sign(source, target, media_type, statement, credential, timestamp_url)
        signed.replace(path)
    finally:
        signed.unlink(missing_ok=True)


def detached(
    path: Path, media_type: str, statement: Statement, credential: Credential, timestamp_url: str | None = None
) -> bytes:
    """Content Credentials of a file that cannot hold them, to be kept beside it; the file stays as it is.

    Raises:
        ValueError: as for `sign_bytes`.
        OSError: it cannot be read.
    """
    # The library writes a copy in any case.
    with path.open("rb") as source, tempfile.TemporaryFile() as copy:
        return _sign(source, copy, media_type, statement, credential, timestamp_url, embed=False)


def sidecar(path: Path) -> Path:
    """Where the Content Credentials of a file lie that cannot hold them."""
    return path.with_suffix(SIDECAR_SUFFIX)


def _sign(
    source: BinaryIO,
    target: BinaryIO,
    media_type: str,
    statement: Statement,
    credential: Credential,
    timestamp_url: str | None,
    *,
    embed: bool = True,
) -> bytes:
    """Writes the file with its credentials to `target`; returns the credentials alone."""
    import c2pa

    try:
        with credential.signer(timestamp_url) as signer, statement.builder(media_type) as builder:
            if not embed:
                builder.set_no_embed()
            credentials: bytes = builder.sign(signer, media_type, source, target)
            return credentials
    except c2pa.C2paError as error:
        text = str(error)
        if timestamp_url is None:
            if "Io:" in text or "os error" in text or "Stream" in text:
                raise OSError(f"the file cannot be signed: {text}") from error
            raise ValueError(f"the file cannot be signed with this credential: {text}") from error
    for stream in (source, target):
        stream.seek(0)
    target.truncate()
    credentials = _sign(source, target, media_type, statement, credential, None, embed=embed)
    log.warning("no time stamp: %s did not give one (%s); the file is signed without", timestamp_url, text)
    return credentials


def _why_not_carried(content: bytes, media_type: str) -> str:
    """What the library says against a photo whose own credentials cannot become part of others; empty if nothing."""
    import c2pa

    try:
        with c2pa.Reader(media_type, io.BytesIO(content), context=library_context(os.getpid())):
            return ""
    except c2pa.C2paError.ManifestNotFound:
        return ""
    except c2pa.C2paError as error:
        return str(error)


@cache
def library_context(process: int) -> c2pa.Context:
    """The C2PA library's settings; one for each process (`os.getpid()`): a forked one may not use its parent's."""
    import c2pa

    return c2pa.Context.from_dict(
        {
            "builder": {"thumbnail": {"enabled": False}},  # no second copy of a face
            "verify": {"verify_after_sign": False, "remote_manifest_fetch": False},
        }
    )


def _ingredient(photo: Photo, name: str) -> dict[str, Any]:
    kind = photo.media_type or "application/octet-stream"
    return {"title": "photo", "format": kind, "relationship": "componentOf", "label": name, "instance_id": name}
