"""Training curves as a CSV file: one row per some steps, the means of what was added since the last row."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np


class TrainingCurves:
    """Rows are appended to `path`; one that is there already is continued.

    Args:
        path: the CSV file.
        every: steps per row.
    """

    def __init__(self, path: Path, every: int) -> None:
        self._path = path
        self._every = every
        self._added: list[dict[str, float]] = []
        self._last: dict[str, float] = {}

    def add(self, step: int, seconds: float, terms: Mapping[str, float]) -> None:
        """Takes in a step's terms, always the same ones."""
        self._added.append(dict(terms))
        if step % self._every == 0:
            means = {name: round(float(np.mean([t[name] for t in self._added])), 5) for name in terms}
            new = not self._path.exists()
            with self._path.open("a", newline="") as file:
                writer = csv.DictWriter(file, ["step", "seconds", *terms])
                if new:
                    writer.writeheader()
                writer.writerow({"step": step, "seconds": round(seconds, 1)} | means)
            self._added.clear()
            self._last = means

    def latest(self, name: str) -> float:
        """The mean of a term since the last row; right after a row, that row's."""
        return float(np.mean([t[name] for t in self._added])) if self._added else self._last.get(name, float("nan"))
