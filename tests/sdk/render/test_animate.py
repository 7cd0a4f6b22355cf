"""`monalive.animate`: three lines that write a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import monalive


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("animate") / "photo.png"
    monalive.save_image(path, monalive.load_image(monalive.sample_portrait_path(), longest_side=256))
    return path


def _frames(path: Path) -> list[np.ndarray]:
    with monalive.VideoReader(path) as reader:
        return [image for _, image in reader]


@pytest.fixture(scope="module")
def short() -> monalive.Motion:
    wink = monalive.Motion.builtin("wink")
    return monalive.Motion.from_landmarks(wink.landmarks[20:28], wink.image_size, 25, name="wink")


def test_a_motion_by_its_name(photo: Path, tmp_path: Path) -> None:
    written = monalive.animate(photo, "blink", tmp_path / "blink.mp4", seconds=0.32, consent="artwork")
    assert written.path == tmp_path / "blink.mp4" and written.frames == 8
    found = monalive.verify(written.path)
    assert found.state is monalive.State.VALID


def test_a_motion_itself_and_a_video_that_it_makes(photo: Path, tmp_path: Path, short: monalive.Motion) -> None:
    first = monalive.animate(photo, short, tmp_path / "first.mp4", consent="artwork").path
    frames = _frames(first)
    assert len(frames) == len(short)
    assert np.abs(frames[0].astype(int) - frames[-1]).max() > 30, "nothing moves"
    followed = monalive.animate([photo], first, tmp_path / "followed.mp4", consent="artwork", size=128)
    assert followed.frames == len(short) and _frames(followed.path)[0].shape == (128, 128, 3)


def test_a_badge_is_drawn_when_asked_for(photo: Path, tmp_path: Path, short: monalive.Motion) -> None:
    for name, badge in (("plain", False), ("badged", True)):
        monalive.animate(photo, short, tmp_path / name, badge=badge, consent="artwork")
    plain, badged = (monalive.load_image(sorted((tmp_path / name).glob("*.png"))[3]) for name in ("plain", "badged"))
    differs = np.abs(plain.astype(int) - badged).max(-1) > 40
    assert differs.any() and not differs[:200, :200].any()


@pytest.mark.parametrize(
    ("motion", "says"),
    [("grin", "there is no motion 'grin'"), ("no.motion", "no motion file"), ("no.mp4", "no.mp4")],
)
def test_what_does_not_exist_is_named(photo: Path, tmp_path: Path, motion: str, says: str) -> None:
    with pytest.raises((FileNotFoundError, ValueError), match=says):
        monalive.animate(photo, motion, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_another_consent_is_refused_before_any_work(photo: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="consent is 'self', 'given' or 'artwork'"):
        monalive.animate(photo, "smile", tmp_path / "out.mp4", consent="yes")
