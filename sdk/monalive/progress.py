"""A progress bar on standard error, where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def with_progress(items: Iterable[T], total: int | None, name: str, *, shown: bool) -> Iterator[T]:
    """The same items, counted by a bar.

    Args:
        items: frames.
        total: how many there will be, as far as that is known.
        name: said before the bar.
        shown: whether a bar is wanted.
    """
    if shown and sys.stderr is not None and sys.stderr.isatty():
        from tqdm import tqdm  # slow to load

        items = tqdm(items, total=total, unit="frame", desc=name)
    yield from items
