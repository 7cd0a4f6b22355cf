"""Reads Content Credentials (C2PA): whether they fit their file, and what they say. No server is asked."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

from monalive.trust.content_credentials import ASSERTION, DETACHED_TYPES, library_context, sidecar

_HASHES_FIT: Final = re.compile(r"assertion\.\w+Hash\.match")
_UNTRUSTED: Final = "signingCredential.untrusted"
_OUT_OF_TIME: Final = "signingCredential.expired"  # the library's word for both: not valid yet, and no longer
_WORDS: Final = (b"c2pa", b"monalive")
_ON_A_SERVER: Final = re.compile(r"remote manifests? from url\s+(\S+)")


class Condition(Enum):
    """What can be said of credentials and their file."""

    INTACT = "intact"  # signature and hashes fit
    OUT_OF_TIME = "outside the certificate's time"  # the same, but the clock is not within the certificate's time
    FLAWED = "not in order"  # signature and hashes fit as far as they can be checked; something else does not
    CHANGED = "changed"  # signature or hashes do not fit
    UNREADABLE = "unreadable"
    ON_A_SERVER = "on a server"  # the file only says where they are


@dataclass(frozen=True)
class Origin:
    """A file of ours that another tool names among what it used.

    Attributes:
        facts: our statement about it.
        relationship: "parentOf" (it was opened and changed) or "componentOf" (it was put into something else).
        intact: it was as we signed it when the other tool took it.
    """

    facts: dict[str, Any]
    relationship: str
    intact: bool


@dataclass(frozen=True)
class ReadCredentials:
    """Content Credentials as found in a file.

    Attributes:
        condition: whether they fit the file.
        problems: codes of what does not, after the C2PA specification, or the library's message.
        signer: names in the signing certificate, empty if unreadable.
        trusted: the signer is on a trust list that the library knows.
        facts: a statement of our form; None in files of other tools. Its values may be anything.
        source_type: how it says the content came about.
        generator: the program that made the statement, and its version, as it says.
        time: when a time-stamp server confirmed the signature, as ISO 8601; empty without one.
        address: where the credentials lie, of those on a server.
        names_us: the credentials speak of monalive, even if they cannot be read.
        origins: files of ours that went into this one, after its own credentials.
    """

    condition: Condition
    problems: Sequence[str] = ()
    signer: str = ""
    trusted: bool = False
    facts: dict[str, Any] | None = None
    source_type: str = ""
    generator: str = ""
    time: str = ""
    address: str = ""
    names_us: bool = False
    origins: Sequence[Origin] = ()

    @property
    def intact(self) -> bool:
        """Signature and hashes fit the file."""
        return self.condition in (Condition.INTACT, Condition.OUT_OF_TIME)

    @property
    def mark_id(self) -> str | None:
        """The id of the pixel mark that the statement names."""
        return _text(_dict((self.facts or {}).get("pixel_mark")).get("id")) or None


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
        context = library_context(os.getpid())
        with path.open("rb") as file, c2pa.Reader(media_type, file, manifest_data=beside, context=context) as reader:
            return _found(json.loads(reader.json()))
    except c2pa.C2paError.ManifestNotFound:
        return None
    except c2pa.C2paError as error:
        elsewhere = _ON_A_SERVER.search(str(error))
        if elsewhere is not None:
            return ReadCredentials(Condition.ON_A_SERVER, address=elsewhere[1])
        told = _words(path, beside)
        if b"c2pa" not in told and beside is None:
            return None  # a damaged file, but nothing says that it was ever signed
        return ReadCredentials(Condition.UNREADABLE, [str(error)], names_us=b"monalive" in told)


def _found(store: dict[str, Any]) -> ReadCredentials:
    manifests, active = _dict(store.get("manifests")), _text(store.get("active_manifest"))
    manifest = _dict(manifests.get(active))
    codes = [_text(_dict(status).get("code")) for status in _list(store.get("validation_status"))]
    signature = _dict(manifest.get("signature_info"))
    program = _dict(next(iter(_list(manifest.get("claim_generator_info"))), None))
    facts = _facts(manifest)
    return ReadCredentials(
        condition=_condition(store, codes),
        problems=[code for code in codes if code != _UNTRUSTED],
        signer=", ".join(filter(None, (_text(signature.get("common_name")), _text(signature.get("issuer"))))),
        trusted=store.get("validation_state") == "Trusted",
        facts=facts,
        source_type=_source_type(manifest),
        generator=" ".join(filter(None, (_text(program.get("name")), _text(program.get("version"))))),
        time=_text(signature.get("time")),
        names_us=facts is not None,
        origins=list(_origins(manifests)) if facts is None else [],
    )


def _condition(store: dict[str, Any], codes: Sequence[str]) -> Condition:
    if store.get("validation_state") in ("Valid", "Trusted"):
        return Condition.INTACT
    problems = set(codes) - {_UNTRUSTED}
    passed = _dict(_dict(store.get("validation_results")).get("activeManifest")).get("success")
    fits = [_text(_dict(status).get("code")) for status in _list(passed)]
    signed = "claimSignature.validated" in fits or "algorithm.unsupported" in problems
    if not signed or not any(map(_HASHES_FIT.fullmatch, fits)) or any("mismatch" in code for code in problems):
        return Condition.CHANGED
    return Condition.OUT_OF_TIME if problems == {_OUT_OF_TIME} else Condition.FLAWED


def _origins(manifests: dict[str, Any]) -> Iterator[Origin]:
    for manifest in manifests.values():
        for entry in map(_dict, _list(_dict(manifest).get("ingredients"))):
            facts = _facts(_dict(manifests.get(_text(entry.get("active_manifest")))))
            if facts is not None:
                results = _dict(_dict(entry.get("validation_results")).get("activeManifest"))
                failed = {_text(_dict(status).get("code")) for status in _list(results.get("failure"))}
                yield Origin(facts, _text(entry.get("relationship")), failed <= {_UNTRUSTED, _OUT_OF_TIME})


def _facts(manifest: dict[str, Any]) -> dict[str, Any] | None:
    """Our statement; what has our label and not our form is none."""
    facts = _assertions(manifest).get(ASSERTION)
    return facts if isinstance(facts, dict) else None


def _source_type(manifest: dict[str, Any]) -> str:
    named = (data for label, data in _assertions(manifest).items() if label.startswith("c2pa.actions"))
    actions = _list(_dict(next(named, None)).get("actions"))
    return next(filter(None, (_text(_dict(action).get("digitalSourceType")) for action in actions)), "")


def _assertions(manifest: dict[str, Any]) -> dict[str, Any]:
    entries = map(_dict, _list(manifest.get("assertions")))
    return {_text(entry.get("label")): entry.get("data") for entry in entries}


# What others wrote may be of any form.
def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _words(path: Path, beside: bytes | None) -> set[bytes]:
    """Which of `_WORDS` stand in what cannot be parsed: the file, or the credentials beside it."""
    found: set[bytes] = set()
    before = b""
    with path.open("rb") if beside is None else io.BytesIO(beside) as content:
        while block := content.read(1 << 20):
            text = (before + block).lower()
            found |= {word for word in _WORDS if word in text}
            before = block[-max(map(len, _WORDS)) :]
    return found
