"""Cameras by name: the files of Linux, made up; FFmpeg's list elsewhere."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import av
import pytest

from monalive.cli import main
from monalive.media import cameras as module
from monalive.media.cameras import Camera, cameras, find_camera, require_camera


@pytest.fixture
def linux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two cameras, one of which has a second device for metadata, and a device that does not say its name."""
    for number, name, index in ((0, "Integrated Webcam", 0), (1, "Integrated Webcam", 1), (12, "USB Capture HD", 0)):
        about = tmp_path / "sys" / f"video{number}"
        about.mkdir(parents=True)
        (about / "name").write_text(f"{name}\n")
        (about / "index").write_text(f"{index}\n")
    files = tmp_path / "dev"
    files.mkdir()
    for number in (0, 1, 2, 12):
        (files / f"video{number}").touch()
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(module, "_LINUX_DEVICES", tmp_path / "sys")
    monkeypatch.setattr(module, "_LINUX_FILES", files)
    return files


def test_cameras_of_linux(linux: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = [Camera(0, "Integrated Webcam"), Camera(2, str(linux / "video2")), Camera(12, "USB Capture HD")]
    assert cameras() == known
    assert main(["live", "--list-cameras"]) == 0
    assert capsys.readouterr().out.splitlines()[0::2] == [" 0  Integrated Webcam", "12  USB Capture HD"]


def test_a_camera_by_name(linux: Path) -> None:
    assert [find_camera(name) for name in (7, "capture", "USB Capture HD", "integrated")] == [7, 12, 12, 0]
    with pytest.raises(ValueError, match=r"no camera is called 'Logi'; here are 0 \(Integrated Webcam\)"):
        find_camera("Logi")
    (linux.parent / "sys" / "video2").mkdir()
    (linux.parent / "sys" / "video2" / "name").write_text("USB Capture 4K")
    with pytest.raises(ValueError, match="more than one camera is called 'usb'"):
        find_camera("usb")


def test_what_is_certain_without_opening_it(linux: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_camera(12)
    with pytest.raises(OSError, match=r"there is no camera 3; here are 0 \(Integrated Webcam\), 2"):
        require_camera(3)
    with pytest.raises(ValueError, match="from 0"):
        require_camera(-1)
    monkeypatch.setattr(os, "access", lambda *arguments: False)
    with pytest.raises(PermissionError, match=r"no permission for .*video0"):
        require_camera(0)
    (linux / "video0").unlink()
    for file in linux.iterdir():
        file.unlink()
    with pytest.raises(OSError, match="there is no camera 0; no camera is known here"):
        require_camera(0)


@pytest.mark.parametrize(("platform", "source"), [("darwin", "avfoundation"), ("win32", "dshow")])
def test_cameras_elsewhere(platform: str, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def devices(wanted: str) -> list[SimpleNamespace]:
        assert wanted == source
        kinds = (("0", "FaceTime HD", ["video"]), ("1", "Microphone", ["audio"]), ("OBS", "", ["video", "audio"]))
        return [SimpleNamespace(name=name, description=text, media_types=kind) for name, text, kind in kinds]

    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(av, "enumerate_input_devices", devices, raising=False)
    assert cameras() == [Camera(0, "FaceTime HD"), Camera(1, "OBS")]
    require_camera(5)  # only opening it can tell
    monkeypatch.delattr(av, "enumerate_input_devices")
    assert cameras() == []
