"""A worker thread that keeps up with a live source by leaving out frames that came while it was busy."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class LatestOnlyWorker(Generic[T]):
    """Runs `work` on the newest item handed in; an item not yet begun is replaced by the next.

    Args:
        work: called in the worker's thread, one item at a time.
    """

    def __init__(self, work: Callable[[T], None]) -> None:
        self._work = work
        self._ready = threading.Condition()
        self._waiting: list[T] = []
        self._error: BaseException | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="monalive-live", daemon=True)
        self._thread.start()

    def submit(self, item: T) -> None:
        """Hands in an item and returns at once.

        Raises:
            RuntimeError: an item before failed; its error is the cause.
        """
        with self._ready:
            self._raise_error()
            self._waiting[:] = [item]
            self._ready.notify()

    def close(self) -> None:
        """Finishes the item at work, drops one that waits, and ends the thread.

        Raises:
            RuntimeError: an item failed and nobody was told yet.
        """
        with self._ready:
            self._closed = True
            self._waiting.clear()
            self._ready.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join()
            self._raise_error()

    def _run(self) -> None:
        while True:
            with self._ready:
                self._ready.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                item = self._waiting.pop()
            try:
                self._work(item)
            except BaseException as error:  # even `sys.exit()`: it must reach the thread that can act on it
                with self._ready:
                    self._error = error

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            said = str(error) if isinstance(error, Exception) and str(error) else repr(error)
            raise RuntimeError(f"animating a live frame failed: {said}") from error
