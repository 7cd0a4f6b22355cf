"""A camera drives a photo: shown, recorded, or refused with a reason. Camera and animator are made up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_animator import FakeAnimator

from monalive.cli import main
from monalive.media.image_io import save_image
from monalive.media.video_io import VideoReader
from monalive.render.live import LiveRequest, run_live, window_available


class FakeWebcam:
    """Ten frames, 100 ms apart; then Ctrl-C."""

    fps = 10.0

    def __init__(self, index: int, *, mirror: bool) -> None:
        self.mirror = mirror

    def __enter__(self) -> FakeWebcam:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __iter__(self) -> Iterator[tuple[float, np.ndarray]]:
        for index in range(10):
            yield index * 100.0, np.full((48, 64, 3), 50 + 10 * index, np.uint8)
        raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def _made_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("monalive.render.live.Webcam", FakeWebcam)
    monkeypatch.setattr("monalive.render.live.create_animator", lambda *options: FakeAnimator())
    monkeypatch.chdir(tmp_path)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    save_image("photo.png", np.full((60, 80, 3), 120, np.uint8))


@pytest.mark.skipif("sys.platform != 'linux'", reason="elsewhere there is always a screen")
def test_without_a_screen_there_is_no_window_and_that_is_said() -> None:
    assert not window_available()
    with pytest.raises(ValueError, match="--record"):
        run_live(LiveRequest(["photo.png"]))


def test_a_recording_keeps_the_cameras_times_and_survives_ctrl_c() -> None:
    summary = run_live(LiveRequest(["photo.png"], record="out.mp4", window=False))
    assert summary.frames == 10
    assert summary.path == Path("out.mp4")
    assert [time for time, _ in VideoReader("out.mp4")] == pytest.approx([100.0 * index for index in range(10)])


def test_seconds_end_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["live", "photo.png", "--record", "frames", "--seconds", "0.35"]) == 0
    assert len(list(Path("frames").iterdir())) == 4
    assert "4 frames" in capsys.readouterr().out


def test_a_window_shows_every_frame_until_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    monkeypatch.setattr("monalive.render.live.window_available", lambda: True)
    monkeypatch.setattr("monalive.render.live.cv2.imshow", lambda title, image: shown.append(image))
    monkeypatch.setattr("monalive.render.live.cv2.waitKey", lambda ms: ord("q") if len(shown) == 3 else -1)
    monkeypatch.setattr("monalive.render.live.cv2.getWindowProperty", lambda title, name: 1.0)
    monkeypatch.setattr("monalive.render.live.cv2.destroyAllWindows", lambda: None)
    summary = run_live(LiveRequest(["photo.png"]))
    assert summary.frames == len(shown) == 3
    assert summary.path is None


def test_a_key_counts_the_motion_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    animator, keys = FakeAnimator(), iter([-1, ord("n"), ord("x"), 27])
    options: list[Any] = []

    def create(*given: Any) -> FakeAnimator:
        options.extend(given)
        return animator

    monkeypatch.setattr("monalive.render.live.create_animator", create)
    monkeypatch.setattr("monalive.render.live.window_available", lambda: True)
    monkeypatch.setattr("monalive.render.live.cv2.imshow", lambda title, image: None)
    monkeypatch.setattr("monalive.render.live.cv2.waitKey", lambda ms: next(keys))
    monkeypatch.setattr("monalive.render.live.cv2.getWindowProperty", lambda title, name: 1.0)
    monkeypatch.setattr("monalive.render.live.cv2.destroyAllWindows", lambda: None)
    assert run_live(LiveRequest(["photo.png"])).frames == 4
    assert animator.reanchored == 1
    assert options[-1] == "recent"
