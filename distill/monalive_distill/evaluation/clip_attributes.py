"""What kind of face each evaluation clip shows, as somebody who looked at them wrote it down."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_COLUMN: Final = "clip"
_YES, _NO = "yes", "no"


def read_clip_attributes(path: Path) -> Mapping[str, tuple[str, ...]]:
    """The slices that each clip belongs to.

    Args:
        path: tab-separated, with a header; the column "clip" holds files' names without their suffix. A column of "yes"
            and "no" gives the slices "<column>" and "no <column>", another one "<value> <column>".

    Raises:
        FileNotFoundError: no such file.
        ValueError: no such table.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no table of clips at {path}")
    with path.open(encoding="utf-8", newline="") as lines:
        try:
            rows = list(csv.DictReader(lines, delimiter="\t", strict=True))
        except (csv.Error, UnicodeDecodeError) as error:
            raise ValueError(f"{path} is not a tab-separated table: {error}") from error
    if not rows or _COLUMN not in rows[0]:
        raise ValueError(f"{path} has no column {_COLUMN!r}: it must be tab-separated and hold the clips' names there")
    attributes = {}
    for row in rows:
        name = row.pop(_COLUMN)
        if None in row or None in row.values():  # more or fewer fields than the header
            raise ValueError(f"{path}: the row of {name!r} does not have as many fields as the header")
        attributes[name] = tuple(_slice(column, value) for column, value in row.items())
    return attributes


def _slice(column: str, value: str) -> str:
    return {_YES: column, _NO: f"no {column}"}.get(value, f"{value} {column}")
