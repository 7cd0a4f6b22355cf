"""Every sample in Python runs, is short, and marks what it makes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import monalive
from monalive.media.video_io import VideoReader

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples" / "python"
MOST_LINES = 39


def _run(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(SAMPLES / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("samples") / "photo.png"
    with Image.open(ROOT / "sdk/monalive/assets/sample_portrait.jpg") as picture:
        picture.resize((256, 256)).save(path)
    return path


@pytest.fixture(scope="module")
def video(photo: Path) -> Path:
    """A short video of a face, made by the first sample."""
    motion = monalive.builtin_motions.load("wink")
    short = monalive.Motion.from_landmarks(motion.landmarks[20:32], motion.image_size, 25, name="wink")
    short.save(photo.with_name("short.motion"))
    output = photo.with_name("wink.mp4")
    done = _run("animate_photo.py", photo, photo.with_name("short.motion"), output, "--consent", "artwork")
    assert done.returncode == 0, done.stderr
    return output


def _frames(path: Path) -> list[np.ndarray]:
    with VideoReader(path) as reader:
        return [image for _, image in reader]


def _has_badge(frame: np.ndarray) -> bool:
    """Light letters on a dark plate in the lower right corner; the photo's is neither."""
    corner = frame[-24:-6, -34:-6].astype(int).mean(-1)
    return bool(corner.min() < 70 and corner.max() > 170)


def test_animate_photo(video: Path) -> None:
    frames = _frames(video)
    assert len(frames) == 12 and all(map(_has_badge, frames))
    assert np.abs(frames[0].astype(int) - frames[-1]).max() > 30, "nothing moves"
    assert monalive.verify(video).state.value == "valid"


def test_live_webcam_with_a_video_as_the_camera(photo: Path, video: Path, tmp_path: Path) -> None:
    output = tmp_path / "live.mp4"
    done = _run("live_webcam.py", photo, "--consent", "artwork", "--camera", video, "--record", output)
    assert done.returncode == 0, done.stderr
    assert all(map(_has_badge, _frames(output)))
    assert monalive.verify(output).state.value == "valid"


def test_motion_from_video(video: Path, tmp_path: Path) -> None:
    output = tmp_path / "taken.motion"
    done = _run("motion_from_video.py", video, output)
    assert done.returncode == 0, done.stderr
    motion = monalive.Motion.load(output)
    assert len(motion) == 12 and motion.image_size == (256, 256) and motion.surroundings is not None


def test_export_for_phone(tmp_path: Path) -> None:
    done = _run("export_for_phone.py", tmp_path / "assets")
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (tmp_path / "assets").iterdir()}
    assert {"default.bundle", "smile.motion"} <= names
    assert len([name for name in names if name.endswith(".motion")]) == len(monalive.builtin_motions.names())
    assert monalive.Bundle.load(tmp_path / "assets" / "default.bundle").model_version
    assert len(monalive.Motion.load(tmp_path / "assets" / "smile.motion")) == len(
        monalive.builtin_motions.load("smile")
    )


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_they_are_short_and_say_how_to_use_them(sample: Path) -> None:
    assert len(sample.read_text().splitlines()) <= MOST_LINES
    done = _run(sample.name, "--help")
    assert done.returncode == 0 and sample.name in done.stdout


def test_a_camera_that_is_not_there_is_said(photo: Path, tmp_path: Path) -> None:
    done = _run("live_webcam.py", photo, "--consent", "artwork", "--camera", tmp_path / "none.mp4")
    assert done.returncode == 2 and "cannot be opened" in done.stderr


def test_consent_is_asked_for(photo: Path, tmp_path: Path) -> None:
    for sample, rest in (("animate_photo.py", ["smile", str(tmp_path / "a.mp4")]), ("live_webcam.py", [])):
        done = _run(sample, photo, *rest)
        assert done.returncode == 2 and "--consent" in done.stderr
