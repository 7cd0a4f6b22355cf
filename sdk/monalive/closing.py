"""Objects that are closed at the end of a `with` block."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self


class ClosesAtEnd(ABC):
    """Makes a class that has `close` a context manager."""

    @abstractmethod
    def close(self) -> None:
        """Lets go of what the object holds; safe to call again."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
