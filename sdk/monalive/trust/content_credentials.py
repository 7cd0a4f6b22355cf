"""Content Credentials (C2PA): a signed statement in the file of what it is and what it was made from."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from monalive.trust.credential import Credential
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
        return cls(sha256, path.read_bytes(), kind)


@dataclass(frozen=True)
class Statement:
    """What is signed.

    Attributes:
        facts: the assertion `monalive.render.animation`.
        photos: ingredients.
    """

    facts: dict[str, Any]
    photos: Sequence[Photo] = ()

    def manifest(self, media_type: str) -> dict[str, Any]:
        """The definition that the C2PA library takes."""
        agent = {"name": "monalive", "version": __version__}
        actions: list[dict[str, Any]] = [
            {"action": "c2pa.created", "digitalSourceType": DIGITAL_SOURCE_TYPE, "softwareAgent": agent}
        ]
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
            ],
        }

    def builder(self, media_type: str) -> c2pa.Builder:
        """A new builder of the C2PA library; it can be used once."""
        import c2pa

        builder = c2pa.Builder(self.manifest(media_type), context=_context(os.getpid()))
        for photo, name in zip(self.photos, self._ids(), strict=True):
            if photo.content is not None:
                builder.add_ingredient(_ingredient(photo, name), photo.media_type, io.BytesIO(photo.content))
        return builder

    @property
    def without_photos_credentials(self) -> Statement:
        """The same, naming its photos without what they say of themselves."""
        return Statement(self.facts, [Photo(photo.sha256) for photo in self.photos])

    def _ids(self) -> list[str]:
        return [f"photo-{index}-sha256-{photo.sha256}" for index, photo in enumerate(self.photos)]


def sign_bytes(content: bytes, media_type: str, statement: Statement, credential: Credential) -> bytes:
    """A file's content with Content Credentials.

    Raises:
        ValueError: the credential cannot be used, or the content cannot hold them.
    """
    signed = io.BytesIO()
    _sign(io.BytesIO(content), signed, media_type, statement, credential)
    return signed.getvalue()


def sign_file(path: Path, media_type: str, statement: Statement, credential: Credential) -> None:
    """Puts Content Credentials into a file that nobody reads yet.

    Raises:
        ValueError: as for `sign_bytes`.
        OSError: it cannot be written.
    """
    signed = path.with_name(f"{path.stem}.{secrets.token_hex(2)}{path.suffix}")
    try:
        with path.open("rb") as source, signed.open("w+b") as target:
            _sign(source, target, media_type, statement, credential)
        signed.replace(path)
    finally:
        signed.unlink(missing_ok=True)


def detached(path: Path, media_type: str, statement: Statement, credential: Credential) -> bytes:
    """Content Credentials of a file that cannot hold them, to be kept beside it; the file stays as it is.

    Raises:
        ValueError: as for `sign_bytes`.
        OSError: it cannot be read.
    """
    # The library writes a copy in any case.
    with path.open("rb") as source, tempfile.TemporaryFile() as copy:
        return _sign(source, copy, media_type, statement, credential, embed=False)


def sidecar(path: Path) -> Path:
    """Where the Content Credentials of a file lie that cannot hold them."""
    return path.with_suffix(SIDECAR_SUFFIX)


@dataclass(frozen=True)
class ReadCredentials:
    """Content Credentials as found in a file.

    Attributes:
        intact: signature and hashes fit the file.
        problems: codes of what does not, after the C2PA specification.
        signer: names in the signing certificate, empty if unreadable.
        trusted: the signer is on a trust list that the library knows.
        facts: our own statement; None in files of other tools.
        source_type: how it says the content came about.
        elsewhere: they lie on a server, from which nothing is fetched.
    """

    intact: bool
    problems: Sequence[str]
    signer: str
    trusted: bool
    facts: dict[str, Any] | None
    source_type: str
    elsewhere: bool = False


def read_credentials(path: Path, media_type: str) -> ReadCredentials | None:
    """A file's Content Credentials; None where there are none. Nothing is fetched from the network.

    Those of a file that cannot hold them are looked for beside it (`sidecar`).

    Raises:
        OSError: a file beside it is there and cannot be read.
    """
    import c2pa

    beside = None
    if media_type in DETACHED_TYPES:
        if not sidecar(path).is_file():
            return None
        beside = sidecar(path).read_bytes()

    try:
        context = _context(os.getpid())
        with path.open("rb") as file, c2pa.Reader(media_type, file, manifest_data=beside, context=context) as reader:
            store = json.loads(reader.json())
    except c2pa.C2paError.ManifestNotFound:
        return None
    except c2pa.C2paError as error:
        if "remote manifest" in str(error).lower():
            return ReadCredentials(False, [], "", False, None, "", elsewhere=True)
        if beside is None and not _speaks_of_credentials(path):
            return None  # a damaged file, but nothing says that it was ever signed
        return ReadCredentials(False, [str(error)], "", False, None, "")
    manifest = store.get("manifests", {}).get(store.get("active_manifest"), {})
    assertions = {entry["label"]: entry.get("data", {}) for entry in manifest.get("assertions", [])}
    codes = [status["code"] for status in store.get("validation_status", [])]
    signature = manifest.get("signature_info") or {}
    actions: dict[str, Any] = next((data for label, data in assertions.items() if label.startswith("c2pa.actions")), {})
    return ReadCredentials(
        intact=store.get("validation_state") in ("Valid", "Trusted"),
        problems=[code for code in codes if code != "signingCredential.untrusted"],
        signer=", ".join(filter(None, (signature.get("common_name"), signature.get("issuer")))),
        trusted=store.get("validation_state") == "Trusted",
        facts=assertions.get(ASSERTION),
        source_type=next((one.get("digitalSourceType", "") for one in actions.get("actions", [])), ""),
    )


def _sign(
    source: BinaryIO,
    target: BinaryIO,
    media_type: str,
    statement: Statement,
    credential: Credential,
    *,
    embed: bool = True,
) -> bytes:
    """Writes the file with its credentials to `target`; returns the credentials alone.

    Photos' own credentials that cannot be read are left out.
    """
    try:
        return _signed(source, target, media_type, statement, credential, embed=embed)
    except ValueError:
        if all(photo.content is None for photo in statement.photos):
            raise
    source.seek(0)
    target.seek(0)
    target.truncate()
    credentials = _signed(source, target, media_type, statement.without_photos_credentials, credential, embed=embed)
    log.warning("the photo's own Content Credentials are damaged: they are left out of the result's")
    return credentials


def _signed(
    source: BinaryIO, target: BinaryIO, media_type: str, statement: Statement, credential: Credential, *, embed: bool
) -> bytes:
    import c2pa

    try:
        with credential.signer() as signer, statement.builder(media_type) as builder:
            if not embed:
                builder.set_no_embed()
            credentials: bytes = builder.sign(signer, media_type, source, target)
            return credentials
    except c2pa.C2paError as error:
        text = str(error)
        if "Io:" in text or "os error" in text or "Stream" in text:
            raise OSError(f"the file cannot be signed: {text}") from error
        raise ValueError(f"the file cannot be signed with this credential: {text}") from error


def _speaks_of_credentials(path: Path) -> bool:
    """Whether a file that cannot be parsed holds the name of Content Credentials anywhere."""
    before = b""
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            if b"c2pa" in (before + block).lower():
                return True
            before = block[-3:]
    return False


@cache
def _context(process: int) -> c2pa.Context:
    """The library's settings; one for each process, since a forked one may not use its parent's."""
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
