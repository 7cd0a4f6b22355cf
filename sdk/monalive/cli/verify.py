"""`monalive verify`: what a file says of itself, and whether it is still so."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from monalive.verification import Verification

EXIT_CODES: Final = {"valid": 0, "tampered": 3, "stripped": 4, "not ours": 5, "copied": 6}
DESCRIPTION = "Reads Content Credentials and the mark in the pixels of a picture, a video or a folder of frames."
EPILOG = """exit codes:
  0  valid: our Content Credentials, and the file is as it was signed
  3  tampered: it was changed after it was signed, or its credentials belong to another file
  4  stripped: our mark is in the pixels, the credentials are gone
  5  not ours: neither our credentials nor our mark
  6  copied: our mark is in the pixels, but was made for another picture; no credentials of ours
  2  no such file, or no picture or video
webm cannot hold credentials: they are read from the .c2pa file of the same name beside it.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("file", metavar="FILE", help="a picture, a video, or a folder of PNG frames")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Prints what was found; the exit code is the verdict."""
    from monalive.verification import verify

    found = verify(arguments.file)
    if arguments.json:
        print(json.dumps({"file": arguments.file, **found.as_dict()}, indent=1))
    else:
        print("\n".join(as_text(arguments.file, found)))
    return EXIT_CODES[found.state.value]


def as_text(file: str, found: Verification) -> list[str]:
    """The verdict, then both layers, then notes."""
    lines = [f"{file}: {found.state.value}", *map("  {}".format, _credential_lines(found))]
    if found.mark is None:
        lines.append("  mark in the pixels: none found")
    else:
        message = found.mark.message
        written = f", monalive {message.release}" if message.release else ""
        flipped = ", mirrored" if found.mark.mirrored else ""
        lines.append(f"  mark in the pixels: id {message.id_text}{written}{flipped}")
    return lines + [f"  note: {note}" for note in found.notes]


def _credential_lines(found: Verification) -> list[str]:
    credentials = found.credentials
    if credentials is None:
        return ["content credentials: none"]
    state = "intact" if credentials.intact else "BROKEN (" + ", ".join(credentials.problems) + ")"
    lines = [f"content credentials: {state}, signed by {credentials.signer or 'nobody that can be read'}"]
    facts = credentials.facts
    if facts is not None:
        model = facts.get("model") or {}
        about = [
            ("model", " ".join(filter(None, (model.get("name"), model.get("version"))))),
            ("motion", facts.get("motion")),
            ("consent", facts.get("consent") or "not stated"),
            ("id", (facts.get("pixel_mark") or {}).get("id")),
        ]
        lines += [f"  {name}: {value}" for name, value in about if value]
    return lines
