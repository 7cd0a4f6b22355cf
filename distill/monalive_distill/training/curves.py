"""Training curves as a CSV file: one row per some steps, the means of what was added since the last row."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from monalive.atomic_file import atomic_path

_FIRST = ("step", "seconds")


class TrainingCurves:
    """Rows are appended to `path`; one that is there already is continued.

    Not every step has every term, and a resumed run may have others than before: a term that is new becomes a new
    column at the end, empty in the rows before; a column without a term stays, empty from then on.

    Args:
        path: the CSV file.
        every: steps per row.

    Raises:
        ValueError: the file there is not such a table.
    """

    def __init__(self, path: Path, every: int) -> None:
        self._path = path
        self._every = every
        self._columns = _columns(path)
        self._added: list[dict[str, float]] = []
        self._last: dict[str, float] = {}

    def add(self, step: int, seconds: float, terms: Mapping[str, float]) -> None:
        """Takes in a step's terms; a row holds the mean of each over the steps that had it."""
        self._added.append(dict(terms))
        if step % self._every == 0:
            names = dict.fromkeys(name for added in self._added for name in added)
            means = {name: round(self._mean(name), 5) for name in names}
            self._widen([*_FIRST, *names])
            with self._path.open("a", newline="") as file:
                csv.DictWriter(file, self._columns).writerow({"step": step, "seconds": round(seconds, 1)} | means)
            self._added.clear()
            self._last = means

    def latest(self, name: str) -> float:
        """The mean of a term since the last row; right after a row, that row's."""
        return self._mean(name) if self._added else self._last.get(name, float("nan"))

    def _mean(self, name: str) -> float:
        values = [added[name] for added in self._added if name in added]
        return float(np.mean(values)) if values else float("nan")

    def _widen(self, names: list[str]) -> None:
        """Gives the file a column for each of `names`: written anew, whole or not at all, if one is missing."""
        missing = [name for name in names if name not in self._columns]
        if not missing:
            return
        rows: list[dict[str, str]] = []
        if self._columns:
            with self._path.open(newline="") as file:
                rows = list(csv.DictReader(file))
        self._columns += missing
        with atomic_path(self._path) as temporary, temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, self._columns, restval="")
            writer.writeheader()
            writer.writerows(rows)


def _columns(path: Path) -> list[str]:
    """Of the file that is there; none if there is none."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        columns = next(csv.reader(file), [])
    if columns and tuple(columns[:2]) != _FIRST:
        raise ValueError(f"{path} holds no training curves (its first columns are not step and seconds): move it away")
    return columns
