"""Frames made in stages, each in its own thread, are the same; and every second frame's networks can be spared."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from monalive import Motion, PhotoAnimator, PhotoAnimatorOptions, RetargetOptions, RuntimeOptions, builtin_motions
from monalive.media.image_io import load_image
from monalive.packaged_assets import sample_portrait_path
from monalive.player.bundle_networks import BundleNetworks, NetworkFrame


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return load_image(sample_portrait_path())


@pytest.fixture(scope="module")
def driver(photo: np.ndarray) -> list[tuple[float, np.ndarray]]:
    """The photo as a driver that moves aside, and a frame that is shown twice."""
    small = cv2.resize(photo, (384, 384), interpolation=cv2.INTER_AREA)
    frames = [np.roll(small, 3 * shift, axis=1) for shift in (0, 1, 2, 3)]
    frames.insert(2, frames[1])
    return [(40.0 * index, frame) for index, frame in enumerate(frames)]


@pytest.fixture(scope="module")
def motion() -> Motion:
    smile = builtin_motions.load("smile")
    return replace(smile, landmarks=smile.landmarks[::12], timestamps_ms=smile.timestamps_ms[::12])


def _animator(**options: Any) -> PhotoAnimator:
    return PhotoAnimator(PhotoAnimatorOptions(running_mode="VIDEO", **options))


@pytest.mark.parametrize("absolute", [False, True])
def test_a_video_in_stages_gives_the_same_frames(
    photo: np.ndarray, driver: list[tuple[float, np.ndarray]], absolute: bool
) -> None:
    with _animator(retarget=RetargetOptions(absolute=absolute)) as animator:
        portrait = animator.enroll(photo, consent="artwork")
        one, other = (list(animator.play_video(portrait, driver, in_stages=stages)) for stages in (False, True))
    assert [frame.timestamp_ms for frame in other] == [time for time, _ in driver]
    for frame, same in zip(one, other, strict=True):
        np.testing.assert_array_equal(frame.image, same.image)
        assert (frame.driver_found, frame.cut) == (same.driver_found, same.cut)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_and_stages_do_not_change_a_bit(photo: np.ndarray, motion: Motion, threads: int) -> None:
    with _animator(runtime=RuntimeOptions(num_threads=1)) as animator:
        plain = list(animator.play(animator.enroll(photo, consent="artwork"), motion))
    with _animator(runtime=RuntimeOptions(num_threads=threads)) as animator:
        staged = list(animator.play(animator.enroll(photo, consent="artwork"), motion, in_stages=True))
    for frame, same in zip(plain, staged, strict=True):
        np.testing.assert_array_equal(frame.image, same.image)


def test_what_goes_wrong_with_a_driver_is_raised_and_no_thread_stays(
    photo: np.ndarray, driver: list[tuple[float, np.ndarray]]
) -> None:
    def frames() -> Iterator[tuple[float, np.ndarray]]:
        yield from driver
        raise OSError("the camera was unplugged")

    threads = threading.active_count()
    with _animator(runtime=RuntimeOptions(num_threads=1)) as animator:
        portrait = animator.enroll(photo, consent="artwork")
        with pytest.raises(OSError, match="the camera was unplugged"):
            list(animator.play_video(portrait, frames(), in_stages=True))
        some = animator.play_video(portrait, driver, in_stages=True)
        next(some)
        some.close()
    assert threading.active_count() == threads


def test_every_second_frames_networks_can_be_spared(
    photo: np.ndarray, motion: Motion, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[NetworkFrame] = []
    animate = BundleNetworks.animate

    def note(self: BundleNetworks, *inputs: Any) -> NetworkFrame:
        calls.append(animate(self, *inputs))
        return calls[-1]

    with _animator() as animator:
        whole = list(animator.play(animator.enroll(photo, consent="artwork"), motion))
    monkeypatch.setattr(BundleNetworks, "animate", note)
    with _animator(network_every=2) as animator:
        spared = list(animator.play(animator.enroll(photo, consent="artwork"), motion))
    count = len(motion.timestamps_ms)
    assert len(spared) == count and len(calls) == count // 2 + 1
    for index, (frame, same) in enumerate(zip(spared, whole, strict=True)):
        if index % 2 == 0 or index == count - 1:
            np.testing.assert_array_equal(frame.image, same.image)
        np.testing.assert_array_equal(frame.landmarks, same.landmarks)


@pytest.mark.parametrize("every", [0, 3, -1])
def test_networks_run_for_each_frame_or_every_second_one(every: int) -> None:
    with pytest.raises(ValueError, match="network_every must be 1"):
        PhotoAnimatorOptions(network_every=every)
