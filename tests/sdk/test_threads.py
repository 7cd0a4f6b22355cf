"""Threads agree: work is split and handed on in order, errors and ends arrive, OpenCV's threads come back."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import partial

import cv2
import pytest

from monalive.threads import OneOpenCVThread, Workers, ahead, stage_threads


@pytest.mark.parametrize("count", [1, 2, 4])
def test_tasks_give_what_they_give_in_their_order(count: int) -> None:
    def task(number: int) -> int:
        time.sleep(0.002 * (5 - number))
        return number * number

    workers = Workers(count)
    assert workers.run([partial(task, number) for number in range(5)]) == [0, 1, 4, 9, 16]
    assert workers.run([]) == []


def test_tasks_run_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=20)
    Workers(2).run([meeting.wait, meeting.wait])  # one alone would wait in vain


@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_a_task_that_fails_says_so_when_all_have_ended(wrong: int) -> None:
    ended = []

    def task(number: int) -> None:
        if number == wrong:
            raise ValueError(f"task {number}")
        ended.append(number)

    with pytest.raises(ValueError, match=f"task {wrong}"):
        Workers(2).run([partial(task, number) for number in range(3)])
    assert not set(ended) & {wrong}


def test_threads_are_shared_between_two_stages() -> None:
    assert [stage_threads(count) for count in (1, 2, 3, 4, 8)] == [1, 1, 2, 2, 4]


def test_items_come_in_their_order_from_another_thread() -> None:
    makers = set()

    def items() -> Iterator[int]:
        for number in range(50):
            makers.add(threading.current_thread())
            yield number

    assert list(ahead(items())) == list(range(50))
    assert threading.current_thread() not in makers and len(makers) == 1
    assert not any(maker.is_alive() for maker in makers)


def test_nothing_is_made_far_ahead() -> None:
    made = []

    def items() -> Iterator[int]:
        for number in range(50):
            made.append(number)
            yield number

    taken = ahead(items())
    assert next(taken) == 0
    time.sleep(0.2)
    assert len(made) == 3  # one was taken, one waits, one is to be handed over
    taken.close()


def test_an_error_comes_where_the_item_would_have_come() -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise OSError("the disk is gone")

    taken = ahead(items())
    assert [next(taken), next(taken)] == [1, 2]
    with pytest.raises(OSError, match="the disk is gone"):
        next(taken)


@pytest.mark.parametrize("asked", [1, 3])
def test_closing_ends_the_threads_and_what_they_read(asked: int) -> None:
    closed = []

    def items() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            closed.append(threading.current_thread())

    before = threading.active_count()
    taken = ahead(number + 1 for number in ahead(items()))
    for _ in range(asked):
        next(taken)
    taken.close()
    assert threading.active_count() == before
    assert len(closed) == 1 and closed[0] is not threading.current_thread()


def test_opencv_runs_in_one_thread_until_the_last_one_is_closed() -> None:
    usual = cv2.getNumThreads()
    cv2.setNumThreads(3)
    try:
        first, second = OneOpenCVThread(), OneOpenCVThread()
        assert cv2.getNumThreads() == 1
        first.close()
        first.close()
        assert cv2.getNumThreads() == 1
        second.close()
        assert cv2.getNumThreads() == 3
    finally:
        cv2.setNumThreads(usual)
