"""Live mode when callers, callbacks and clocks misbehave."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from monalive import (
    AnimatedFrame,
    PhotoAnimator,
    PhotoAnimatorOptions,
    RunningMode,
    RuntimeOptions,
    builtin_motions,
    load_image,
)
from monalive.packaged_assets import sample_portrait_path
from monalive.player.live_worker import LatestOnlyWorker


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    return cv2.resize(load_image(sample_portrait_path()), (256, 256), interpolation=cv2.INTER_AREA)


def live(callback: Callable[[AnimatedFrame, float], None]) -> PhotoAnimator:
    options = PhotoAnimatorOptions(
        running_mode=RunningMode.LIVE_STREAM,
        result_callback=callback,
        runtime=RuntimeOptions(num_threads=1),
    )
    return PhotoAnimator.create_from_options(options)


def test_a_slow_worker_drops_items_and_never_blocks_the_caller() -> None:
    release, begun, done = threading.Event(), threading.Event(), []

    def work(item: int) -> None:
        begun.set()
        release.wait(30)
        done.append(item)

    worker = LatestOnlyWorker(work)
    worker.submit(0)
    assert begun.wait(30)
    for item in range(1, 1000):  # would never end if one call waited
        worker.submit(item)
    assert done == []
    release.set()
    for _ in range(300):
        if len(done) == 2:
            break
        time.sleep(0.01)
    worker.close()
    assert done == [0, 999]


@pytest.mark.parametrize("bad", [50.0, 10.0, float("nan"), -1.0])
def test_a_bad_timestamp_raises_once_and_the_next_good_one_works(face: np.ndarray, bad: float) -> None:
    arrived = threading.Event()
    with live(lambda frame, time_ms: arrived.set()) as animator:
        portrait = animator.enroll(face, consent="artwork")
        animator.animate_async(portrait, face, 50.0)
        assert arrived.wait(60)
        arrived.clear()
        with pytest.raises(ValueError, match="increase"):
            animator.animate_async(portrait, face, bad)
        animator.animate_async(portrait, face, 100.0)
        assert arrived.wait(60)


def test_closing_during_work_from_other_threads_and_from_the_callback(face: np.ndarray) -> None:
    closed = threading.Event()

    def end(frame: object, time_ms: float) -> None:
        animator.close()
        closed.set()

    animator = live(end)
    animator.animate_async(animator.enroll(face, consent="artwork"), face, 0.0)
    assert closed.wait(60)
    animator.close()

    working = threading.Event()

    def work(frame: object, time_ms: float) -> None:
        working.set()
        time.sleep(0.05)

    other = live(work)
    portrait = other.enroll(face, consent="artwork")
    other.animate_async(portrait, face, 0.0)
    assert working.wait(60)
    other.animate_async(portrait, face, 40.0)
    threads = [threading.Thread(target=other.close) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    with pytest.raises(RuntimeError, match="closed"):
        other.animate_async(portrait, face, 80.0)


def test_a_motion_is_played_while_live_frames_are_at_work(face: np.ndarray) -> None:
    arrived: list[float] = []
    with live(lambda frame, time_ms: arrived.append(time_ms)) as animator:
        portrait = animator.enroll(face, consent="artwork")
        frames = animator.play(portrait, builtin_motions.load("nod"))
        alone = [next(frames).image for _ in range(8)]
        for start in range(0, 3000, 100):  # each hands in a frame, which is at work while those of the motion are made
            frames = animator.play(portrait, builtin_motions.load("nod"))
            for number, expected in enumerate(alone):
                animator.animate_async(portrait, face, start + 10.0 * (number + 1))
                assert np.array_equal(next(frames).image, expected)
    assert arrived and arrived == sorted(arrived)


def test_two_animators_in_two_threads_do_not_disturb_each_other(face: np.ndarray) -> None:
    motion = builtin_motions.load("nod")
    photos = [face, np.ascontiguousarray(face[:, ::-1])]

    def frames(photo: np.ndarray) -> list[np.ndarray]:
        with PhotoAnimator.create_from_options(PhotoAnimatorOptions(runtime=RuntimeOptions(num_threads=1))) as animator:
            portrait = animator.enroll(photo, consent="artwork")
            return [frame.image for frame, _ in zip(animator.play(portrait, motion), range(8), strict=False)]

    alone = [frames(photo) for photo in photos]
    together: list[list[np.ndarray]] = [[], []]
    threads = [
        threading.Thread(target=lambda index=index: together[index].extend(frames(photos[index]))) for index in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(np.stack(one), np.stack(other))
