"""A camera drives a photo: shown, recorded, or refused with a reason. Camera and animator are made up."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
from fake_animator import FakeAnimator
from own_process import run_alone

from monalive.cli import main
from monalive.media.image_io import save_image
from monalive.media.screen import require_screen
from monalive.media.video_io import VideoReader
from monalive.render.live import LiveRequest, run_live


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
    monkeypatch.setattr("monalive.render.live.create_animator", lambda *options, **more: FakeAnimator())
    monkeypatch.chdir(tmp_path)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    save_image("photo.png", np.full((60, 80, 3), 120, np.uint8))


@pytest.mark.skipif("sys.platform != 'linux'", reason="elsewhere there is always a screen")
def test_without_a_screen_there_is_no_window_and_that_is_said() -> None:
    with pytest.raises(ValueError, match="no screen"):
        require_screen()
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


class FakeWindow:
    """Is closed by the user after three frames; before, some keys are pressed."""

    def __init__(self, *keys: str) -> None:
        self.shown: list[np.ndarray] = []
        self.pressed = ""
        self._keys = iter(keys)

    def __enter__(self) -> FakeWindow:
        return self

    def __exit__(self, *error: object) -> None:
        self.shown.append(np.zeros(0))

    def show(self, image: np.ndarray) -> bool:
        self.shown.append(image)
        self.pressed = next(self._keys, "")
        return len(self.shown) < 3


def test_a_window_shows_every_frame_until_it_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    window = FakeWindow()
    monkeypatch.setattr("monalive.render.live.open_window", lambda: window)
    summary = run_live(LiveRequest(["photo.png"]))
    assert summary.frames == 3
    assert [len(image) for image in window.shown] == [60, 60, 60, 0]  # and it is closed
    assert summary.path is None


def test_a_key_counts_the_motion_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    animator, window = FakeAnimator(), FakeWindow("x", "N")
    options: dict[str, Any] = {}
    monkeypatch.setattr("monalive.render.live.create_animator", lambda *given, **more: options.update(more) or animator)
    monkeypatch.setattr("monalive.render.live.open_window", lambda: window)
    assert run_live(LiveRequest(["photo.png"])).frames == 3
    assert animator.reanchored == 1
    assert options["reference"] == "recent"


class FakeCallCamera:
    """Stands in for pyvirtualcam.Camera."""

    made: ClassVar[list[FakeCallCamera]] = []
    device = "/dev/video9"

    def __init__(self, width: int, height: int, fps: float) -> None:
        self.size, self.fps, self.closed = (width, height), fps, False
        self.frames: list[np.ndarray] = []
        self.made.append(self)

    def send(self, frame: np.ndarray) -> None:
        self.frames.append(frame.copy())

    def close(self) -> None:
        self.closed = True


def test_a_virtual_camera_gets_every_frame_with_badge_and_mark(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    save_image("photo.png", np.full((61, 83, 3), 120, np.uint8))
    monkeypatch.setitem(sys.modules, "pyvirtualcam", SimpleNamespace(Camera=FakeCallCamera))
    assert main(["live", "photo.png", "--virtual-camera", "--seconds", "0.35", "--consent", "artwork"]) == 0
    out, err = capfd.readouterr()
    assert "4 frames" in out and "the virtual camera is /dev/video9" in err
    (camera,) = FakeCallCamera.made
    assert (camera.size, camera.fps, camera.closed, len(camera.frames)) == ((80, 60), 10.0, True, 4)
    assert all(frame.shape == (60, 80, 3) for frame in camera.frames)
    plain = np.full((60, 80, 3), 120, np.uint8)
    assert (camera.frames[0][30:, 40:] != plain[30:, 40:]).any()  # the badge
    assert sorted(path.name for path in Path().iterdir()) == ["photo.png"]


def test_a_virtual_camera_that_is_not_there(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    def busy(*arguments: object) -> None:
        raise RuntimeError("v4l2loopback backend: error opening device")

    monkeypatch.setitem(sys.modules, "pyvirtualcam", SimpleNamespace(Camera=busy))
    assert main(["live", "photo.png", "--virtual-camera"]) == 2
    assert "no virtual camera is free" in capfd.readouterr().err
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    assert main(["live", "photo.png", "--virtual-camera"]) == 2
    assert "pip install 'monalive[live]'" in capfd.readouterr().err


@pytest.mark.parametrize("words", ["live photo.png", "live photo.png --record out.mp4", "live photo.png --camera 63"])
def test_what_is_missing_is_said_before_anything_slow_is_loaded(words: str) -> None:
    """In a process of its own, on a machine without a screen, and without a camera 63."""
    program = textwrap.dedent("""
        import sys
        import monalive.media.cameras
        from pathlib import Path
        from monalive.__main__ import main
        monalive.media.cameras._LINUX_FILES = Path("none")
        code = main()
        slow = {"cv2", "av", "numpy", "PIL"} & set(sys.modules)
        sys.exit(f"loaded {slow}" if slow and sys.platform == "linux" else code)
    """)
    done = run_alone(program, words)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("monalive: ") and done.stderr.count("\n") == 1
    assert "screen" in done.stderr or "there is no camera" in done.stderr
