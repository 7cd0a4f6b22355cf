"""What the page asks this machine to do: sign what it made as this user, and check a file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from monalive.bundle import Bundle
from monalive.media.file_samples import media_type
from monalive.motions import builtin_motions
from monalive.trust.consent import require_consent_to_speech, stated_consent
from monalive.trust.content_credentials import DETACHED_TYPES, SIDECAR_SUFFIX, Photo, detached, sign_file
from monalive.trust.credential import local
from monalive.trust.disclosure import Disclosure
from monalive.verification import find_mark_of, verify

CREDENTIALS_TYPE: Final = "application/c2pa"
_MADE_TYPES: Final = ("video/mp4", "video/webm", "image/gif")
_DRIVERS: Final = {"camera": "a camera", "by hand": "by hand", "video": "a video", "speech": "speech"}


@dataclass(frozen=True)
class Request:
    """What the page sends.

    Attributes:
        file: what was uploaded; it is removed afterwards.
        query: the address's parameters.
    """

    file: Path
    query: Mapping[str, str]


# The answer's media type and content. A ValueError's message is for the user.
Service = Callable[[Request], tuple[str, bytes]]
Services = Mapping[str, Service]


def page_services(bundle: str | Path | None = None) -> Services:
    """URL path to service.

    Args:
        bundle: the models that the page animates with; None for those that come with the package.

    Raises:
        FileNotFoundError, ValueError: the bundle is missing or damaged.
    """
    return {"/sign": partial(_sign, dict(Bundle.load(bundle).about)), "/check": _check}


def _sign(model: Mapping[str, str], request: Request) -> tuple[str, bytes]:
    """The video or GIF with Content Credentials in it, or (of WebM) those alone, for a file beside it.

    Query: `consent`, `motion`, `photo` (sha256, or nothing), `badge` and `speech` ("1" or nothing).
    """
    kind = media_type(request.file)
    if kind not in _MADE_TYPES:
        raise ValueError("only videos in MP4 or WebM and GIFs are signed")
    sha256 = request.query.get("photo", "")
    if sha256 and not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ValueError("the photo's sha256 has 64 digits")
    mark = find_mark_of(request.file)
    consent, speech = stated_consent(request.query.get("consent") or None), request.query.get("speech") == "1"
    if speech:
        require_consent_to_speech(consent)
    said = Disclosure(
        consent=consent,
        motion=_motion(request.query.get("motion", "")),
        model=model,
        badge=request.query.get("badge") == "1",
        speech=speech,
    )
    statement = said.statement(None if mark is None else mark.message.id_text)
    if sha256:
        facts = {**statement.facts, "photos": [{"sha256": sha256}]}
        statement = replace(statement, facts=facts, photos=[Photo(sha256)])
    if kind in DETACHED_TYPES:
        return CREDENTIALS_TYPE, detached(request.file, kind, statement, local())
    sign_file(request.file, kind, statement, local())
    return kind, request.file.read_bytes()


def _motion(name: str) -> str:
    """A file's name may name a person: it is not recorded."""
    return name if name in builtin_motions.names() else _DRIVERS.get(name, "a .motion file")


def _check(request: Request) -> tuple[str, bytes]:
    """The verdict on a file, as JSON.

    Query: `beside`, how many bytes at the end of what was uploaded are the `.c2pa` file that lies beside a WebM.
    """
    beside = request.query.get("beside", "0")
    if not beside.isdecimal() or int(beside) > request.file.stat().st_size:
        raise ValueError("the length of the file beside it is wrong")
    if int(beside):
        _split_off(request.file, int(beside))
    return "application/json", json.dumps(verify(request.file).as_dict()).encode()


def _split_off(file: Path, length: int) -> None:
    with file.open("r+b") as whole:
        whole.seek(-length, 2)
        file.with_suffix(SIDECAR_SUFFIX).write_bytes(whole.read())
        whole.seek(-length, 2)
        whole.truncate()
