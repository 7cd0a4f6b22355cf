"""Known vulnerabilities of locked packages, without network: `python requirements/audit.py LOCK... --advisories FILE`.

FILE is a zip or folder of records in the OSV format (one JSON file each), such as the export of all PyPI advisories
that osv.dev offers. None comes with the repository: it would be out of date from the first day. Exit code 0: none of
the packages is affected; 1: some are, one line each; 2: something cannot be read.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version


def main(argv: list[str] | None = None) -> int:
    """Reads the lock files and the advisories and prints what is affected."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("locks", nargs="+", type=Path, metavar="LOCK")
    parser.add_argument("--advisories", type=Path, required=True, help="zip or folder of OSV records")
    arguments = parser.parse_args(argv)
    try:
        locked = dict(line.split()[0].split("==") for path in arguments.locks for line in path.read_text().splitlines())
        names = {normal(name): name for name in locked}
        count = affected = 0
        for record in records(arguments.advisories):
            count += 1
            for entry in [] if "withdrawn" in record else record.get("affected", []):
                package = entry.get("package", {})
                name = names.get(normal(package.get("name", ""))) if package.get("ecosystem") == "PyPI" else None
                if name is not None and is_affected(locked[name], entry):
                    affected += 1
                    print(f"{name} {locked[name]}: {record['id']} {record.get('summary', '')}".rstrip())
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        print(f"audit: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    print(f"{len(locked)} packages, {count} advisories: {affected} that apply")
    return 1 if affected else 0


def records(source: Path) -> Iterator[dict[str, Any]]:
    """All records of a zip or folder.

    Raises:
        FileNotFoundError: there is none.
        ValueError: one of them is no JSON.
    """
    if source.is_dir():
        for path in sorted(source.rglob("*.json")):
            yield json.loads(path.read_text())
        return
    with zipfile.ZipFile(source) as archive:
        for name in archive.namelist():
            if name.endswith(".json"):
                yield json.loads(archive.read(name))


def is_affected(version: str, entry: dict[str, Any]) -> bool:
    """Whether a version is listed in, or lies in a range of, an entry of a record's `affected`."""
    if version in entry.get("versions", []):
        return True
    return any(_within(Version(version), span) for span in entry.get("ranges", []) if span.get("type") == "ECOSYSTEM")


def _within(version: Version, span: dict[str, Any]) -> bool:
    """As OSV evaluates a range: its events in the order of their versions, the last that applies decides."""
    inside = False
    for kind, bound in sorted(_events(span), key=lambda event: event[1]):
        if kind == "introduced" and version >= bound:
            inside = True
        elif (kind == "fixed" and version >= bound) or (kind == "last_affected" and version > bound):
            inside = False
    return inside


def _events(span: dict[str, Any]) -> Iterator[tuple[str, Version]]:
    for event in span.get("events", []):
        for kind, text in event.items():
            try:
                yield kind, Version(text)
            except InvalidVersion:  # a few old records; their versions are listed one by one, too
                continue


def normal(name: str) -> str:
    """A package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())
