"""The camera wrapper, on a camera that is not there and on one made for the test."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

from monalive.media.webcam import Webcam


class FakeCamera:
    """Stands in for cv2.VideoCapture: every second read fails, and after `frames` frames all do."""

    frames = 5

    def __init__(self, index: int) -> None:
        self.opened, self.reads = index == 0, 0

    def isOpened(self) -> bool:
        return self.opened

    def release(self) -> None:
        self.opened = False

    def set(self, name: int, value: float) -> bool:
        return True

    def get(self, name: int) -> float:
        return 0.0

    def read(self) -> tuple[bool, np.ndarray | None]:
        self.reads += 1
        if self.reads % 2 == 0 or self.reads > 2 * self.frames:
            return False, None
        bgr = np.zeros((4, 6, 3), np.uint8)
        bgr[:, 0] = (1, 2, 3)
        return True, bgr


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "VideoCapture", FakeCamera)
    monkeypatch.setattr("monalive.media.webcam.time.sleep", lambda seconds: None)


def test_frames_are_rgb_with_rising_times(fake: None) -> None:
    with Webcam() as camera:
        assert camera.fps == 30.0
        frames = list(itertools.islice(camera, 3))
    times = [time for time, _ in frames]
    assert times[0] == 0
    assert times == sorted(times)
    assert frames[0][1][0, 0].tolist() == [3, 2, 1]
    assert frames[0][1].dtype == np.uint8


def test_mirror_flips_left_and_right(fake: None) -> None:
    with Webcam(mirror=True) as camera:
        _, image = next(iter(camera))
    assert image[0, -1].tolist() == [3, 2, 1]


def test_a_camera_that_stops_is_reported(fake: None) -> None:
    with Webcam() as camera, pytest.raises(OSError, match="stopped sending pictures"):
        for _ in camera:
            pass


def test_closing_ends_the_stream(fake: None) -> None:
    camera = Webcam()
    frames = iter(camera)
    next(frames)
    camera.close()
    assert next(frames, None) is None


def test_a_camera_that_is_not_there(fake: None) -> None:
    with pytest.raises(OSError, match="cannot be opened"):
        Webcam(7)
    with pytest.raises(ValueError, match="from 0"):
        Webcam(-1)
