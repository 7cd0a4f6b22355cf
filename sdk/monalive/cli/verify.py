"""`monalive verify`: what files say of themselves, and whether they are still so."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from monalive.verification import Verification
    from monalive.verified_tree import VerifiedFile

UNREADABLE: Final = "unreadable"
# From the gravest: of several files the first of these that occurs is the exit code.
EXIT_CODES: Final = {
    "tampered": 3,
    UNREADABLE: 2,
    "cannot tell": 7,
    "not checked": 8,
    "copied": 6,
    "stripped": 4,
    "edited": 9,
    "not ours": 5,
    "valid": 0,
}
DESCRIPTION = (
    "Reads Content Credentials and the mark in the pixels of pictures, videos and folders of frames. "
    "Of several files, or of a folder of them and its subfolders, it prints a table. It needs no network."
)
EPILOG = """exit codes:
  0  valid: our Content Credentials, and the file is as it was signed; "valid, but" says what that leaves open
  3  tampered: it was changed after it was signed, or its credentials belong to another file; or a folder's frames
     are not all there, once, and in their order
  4  stripped: our mark is in the pixels, the credentials are gone
  5  not ours: neither our credentials nor our mark
  6  copied: our mark is in the pixels, but was made for another picture; no credentials of ours
  7  cannot tell: it has credentials that cannot be read or are not in order
  8  not checked: its credentials lie on a server, which is not asked
  9  edited: another tool used a file of ours and signed the result
  2  no such file, or no picture or video
for several files the exit code is that of the most serious verdict; 0: all are valid
webm cannot hold credentials: they are read from the .c2pa file of the same name beside it.
"""
_LONGEST_LINE: Final = 400  # what a stranger wrote into a file may be of any length


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument(
        "files", metavar="FILE", nargs="+", help="a picture, a video, a folder of PNG frames, or a folder of such files"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Prints what was found; the exit code is the verdict."""
    from monalive.verification import verify
    from monalive.verified_tree import is_frames, verified, verify_tree

    paths = [Path(file) for file in arguments.files]
    trees = [path for path in paths if path.is_dir() and not is_frames(path)]
    if len(paths) > 1 or trees:
        files = (file for path in paths for file in (verify_tree(path) if path in trees else [verified(path)]))
        code = _print_table(files, as_json=arguments.json)
        if code is None:
            raise ValueError(f"there are no pictures or videos in {', '.join(arguments.files)}")
        return code
    found = verify(paths[0])
    if arguments.json:
        print(json.dumps({"file": arguments.files[0], **found.as_dict()}, indent=1))
    else:
        print("\n".join(as_text(arguments.files[0], found)))
    return EXIT_CODES[found.state.value]


def as_text(file: str, found: Verification) -> list[str]:
    """The verdict, then both layers, then notes; whatever is in the file, a terminal may print it."""
    verdict = found.state.value + (f", but {found.but}" if found.but else "")
    lines = [f"{file}: {verdict}", *map("  {}".format, _credential_lines(found))]
    if found.mark is None:
        lines.append("  mark in the pixels: none found")
    else:
        message = found.mark.message
        written = f", monalive {message.release}" if message.release else ""
        flipped = ", mirrored" if found.mark.mirrored else ""
        lines.append(f"  mark in the pixels: id {message.id_text}{written}{flipped}")
    return [printable(line) for line in [*lines, *(f"  note: {note}" for note in found.notes)]]


def printable(text: str) -> str:
    """Text of one line in which what would move a terminal's cursor or colour it is written as an escape."""
    shown = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape", "surrogatepass").decode()
        for letter in text[:_LONGEST_LINE]
    )
    return shown + "..." if len(text) > _LONGEST_LINE else shown


def _print_table(files: Iterable[VerifiedFile], *, as_json: bool) -> int | None:
    """Prints as files are read; returns the exit code, None if there were no files."""
    verdicts: Counter[str] = Counter()
    rows: list[dict[str, Any]] = []
    for file in files:
        if not verdicts and not as_json:
            print(_row("verdict", "mark", "credentials", "file"))
        verdict = UNREADABLE if file.found is None else file.found.state.value
        verdicts[verdict] += 1
        if as_json:
            said = {"state": UNREADABLE, "problem": file.problem} if file.found is None else file.found.as_dict()
            rows.append({"file": str(file.path), **said})
        else:
            print(_table_line(file, verdict), flush=True)
    if not verdicts:
        return None
    summary = {verdict: verdicts[verdict] for verdict in EXIT_CODES if verdicts[verdict]}
    if as_json:
        print(json.dumps({"files": rows, "verdicts": summary}, indent=1))
    else:
        count = sum(summary.values())
        told = ", ".join(f"{number} {verdict}" for verdict, number in summary.items())
        print(f"{count} {'file' if count == 1 else 'files'}: {told}")
    return EXIT_CODES[next(iter(summary))]


def _table_line(file: VerifiedFile, verdict: str) -> str:
    found = file.found
    if found is None:
        return _row(verdict, "-", "-", f"{file.path} ({file.problem})")
    mark = "-" if found.mark is None else found.mark.message.id_text
    credentials = "-" if found.credentials is None else found.credentials.condition.value
    return _row(verdict + (", but" if found.but else ""), mark, credentials, str(file.path))


def _row(verdict: str, mark: str, credentials: str, file: str) -> str:
    return f"{verdict:<12} {mark:<8} {credentials:<30} {printable(file)}"


def _credential_lines(found: Verification) -> Iterator[str]:
    credentials = found.credentials
    if credentials is None:
        yield "content credentials: none"
        return
    if credentials.address:
        yield f"content credentials: on a server, not checked ({credentials.address})"
        return
    state = credentials.condition.value
    if credentials.problems:
        state += f" ({', '.join(credentials.problems)})"
    yield f"content credentials: {state}, signed by {credentials.signer or 'an unreadable signer'}"
    if credentials.facts is not None:
        yield from _fact_lines(credentials.facts, credentials.mark_id)
    if credentials.time:
        yield f"  time stamp: {credentials.time}"
    for origin in credentials.origins:
        yield f"  made from a file of monalive: {'intact' if origin.intact else 'changed before'}"
        yield from map("  {}".format, _fact_lines(origin.facts, None))


def _fact_lines(facts: dict[str, Any], mark_id: str | None) -> Iterator[str]:
    model = facts.get("model")
    names = (model.get("name"), model.get("version")) if isinstance(model, dict) else ()
    about = [
        ("model", " ".join(name for name in names if isinstance(name, str))),
        ("motion", facts.get("motion")),
        ("lips", "driven by a sound" if facts.get("lips_driven_by_sound") is True else None),
        ("consent", facts.get("consent") or "not stated"),
        ("id", mark_id),
    ]
    for name, value in about:
        if value:
            yield f"  {name}: {value}"
