"""Which files show whom: the clips and stills of a folder, with the people their table names."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from monalive_distill.data.prepare import PICTURE_SUFFIXES, VIDEO_SUFFIXES

# Column of a table that names the person.
_PERSON_COLUMNS = ("person", "identity")


class Source(NamedTuple):
    """A sequence to be: one clip, or the pictures of one person."""

    name: str
    person: str
    files: tuple[Path, ...]


def sources(folder: Path) -> Iterator[Source]:
    """Every clip of a folder, then its pictures by person.

    A table FOLDER.tsv or clips.tsv beside the folder names the person of each file; without one a clip is a person of
    its own and pictures are PERSON_VARIANT.jpg.
    """
    people = _people(folder)
    files = sorted(path for path in folder.iterdir() if path.is_file())
    for path in files:
        if path.suffix.lower() in VIDEO_SUFFIXES:
            yield Source(path.stem, people.get(path.name, path.stem), (path,))
    pictures: dict[str, list[Path]] = {}
    for path in files:
        if path.suffix.lower() in PICTURE_SUFFIXES:
            person = people.get(path.name) or path.stem.rpartition("_")[0] or path.stem
            pictures.setdefault(person, []).append(path)
    for person, group in pictures.items():
        yield Source(person, person, tuple(group))


def tables(folder: Path) -> Iterator[list[dict[str, str]]]:
    """The rows of each table beside a folder, FOLDER.tsv and clips.tsv, as far as they are there."""
    for table in (folder.with_suffix(".tsv"), folder.parent / "clips.tsv"):
        if table.is_file():
            with table.open(newline="") as file:
                yield list(csv.DictReader(file, delimiter="\t"))


def _people(folder: Path) -> dict[str, str]:
    for rows in tables(folder):
        column = next((name for name in _PERSON_COLUMNS if rows and name in rows[0]), None)
        if column:
            return {row["file"]: row[column] for row in rows}
    return {}
