"""Who uses the processor's cores when: the one place where thread pools are agreed.

LiteRT, OpenCV and FFmpeg each bring a pool of threads. If two of them work at the same time, threads of one wait for
a core that those of the other hold. So:

- A large network has as many threads as `RuntimeOptions.num_threads` says, small ones run in one thread, side by side.
- OpenCV runs in one thread while an animator is open; what is worth splitting is split here (`Workers`).
- Files are made in a row of stages, each in a thread of its own (`ahead`); then each stage has its share of the threads
  (`stage_threads`).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Generic, TypeVar

import cv2

T = TypeVar("T")
CODEC_THREADS: Final = 2  # of H.264's encoder, besides the thread that hands it frames
_AHEAD: Final = 1  # items that wait between two stages: frames of a large photo take much memory


class Workers:
    """Does several things at once: the caller's thread and `count - 1` others.

    Args:
        count: threads, from 1.
    """

    def __init__(self, count: int = 1) -> None:
        self.count = count
        self._pool = ThreadPoolExecutor(count - 1, "monalive") if count > 1 else None

    def run(self, tasks: Sequence[Callable[[], T]]) -> list[T]:
        """What the tasks give, in their order; they may run at the same time. The longest had best be the first.

        Raises:
            Exception: that of the first task that failed; all others have ended.
        """
        if self._pool is None or len(tasks) < 2:
            return [task() for task in tasks]
        others = [self._pool.submit(task) for task in tasks[1:]]
        try:
            own = {0: tasks[0]()}
            for number in range(len(tasks) - 1, 0, -1):
                if others[number - 1].cancel():  # no thread has begun it yet
                    own[number] = tasks[number]()
            return [own[number] if number in own else others[number - 1].result() for number in range(len(tasks))]
        finally:
            for other in others:
                if not other.cancel():
                    other.exception()


def stage_threads(count: int) -> int:
    """How many threads each stage of a row gets, of `count` in all: about two stages are at work at any time."""
    return (count + 1) // 2


def ahead(items: Iterable[T]) -> Generator[T, None, None]:
    """The same items in the same order, made in a thread of their own before they are asked for.

    An error comes where the item would have come. Closing the iterator ends the thread, and closes `items` there if
    that is an iterator.
    """
    handover: _Handover[T] = _Handover()
    thread = threading.Thread(target=handover.fill, args=(iter(items),), name="monalive-ahead", daemon=True)
    thread.start()
    try:
        while True:
            kind, item = handover.take()
            if kind is _ERROR:
                raise item  # type: ignore[misc]
            if kind is _END:
                return
            yield item  # type: ignore[misc]
    finally:
        handover.stop()
        thread.join()


_ITEM, _ERROR, _END = object(), object(), object()


class _Handover(Generic[T]):
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[tuple[object, T | BaseException | None]] = deque()
        self._stopped = False

    def fill(self, items: Iterator[T]) -> None:
        """Hands over all items, then the end or what went wrong."""
        try:
            for item in items:
                if not self._put(_ITEM, item):
                    return
            self._put(_END, None)
        except BaseException as error:  # even `sys.exit()`: it must reach the thread that can act on it
            self._put(_ERROR, error)
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()

    def _put(self, kind: object, item: T | BaseException | None) -> bool:
        """Whether anybody still waits for it."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) < _AHEAD or self._stopped)
            if not self._stopped:
                self._waiting.append((kind, item))
                self._changed.notify_all()
            return not self._stopped

    def take(self) -> tuple[object, T | BaseException | None]:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting)
            taken = self._waiting.popleft()
            self._changed.notify_all()
            return taken

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._waiting.clear()
            self._changed.notify_all()


class _OpenCV:
    """How many threads OpenCV has: one while anybody holds it, as many as before afterwards."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders = 0
        self._before = 1

    def hold(self) -> None:
        with self._lock:
            if not self._holders:
                self._before = cv2.getNumThreads()
                cv2.setNumThreads(1)
            self._holders += 1

    def release(self) -> None:
        with self._lock:
            self._holders -= 1
            if not self._holders:
                cv2.setNumThreads(self._before)


_opencv: Final = _OpenCV()


class OneOpenCVThread:
    """While it is open, OpenCV runs in one thread, in the whole process; when the last one is closed, as before."""

    def __init__(self) -> None:
        _opencv.hold()
        self._open = True

    def close(self) -> None:
        """Lets OpenCV have its threads back. Safe to call again."""
        if self._open:
            self._open = False
            _opencv.release()

    def __del__(self) -> None:
        self.close()
