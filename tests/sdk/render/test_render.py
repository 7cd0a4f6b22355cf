"""Photos and a motion become a file: frame for frame, in time, or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from fake_animator import PATCH, FakeAnimator, fake_motion
from PIL import Image

from monalive.media.image_io import save_image
from monalive.media.video_io import VideoReader
from monalive.media.video_sinks import open_sink
from monalive.render.render import Output, enroll_photos, render_image, render_motion, render_video


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    y, x = np.mgrid[:90, :120]
    path = tmp_path / "photo.png"
    save_image(path, np.stack([x, y, x + y], -1).astype(np.uint8))
    return path


def driver_clip(path: Path, greys: list[int], times: list[float] | None = None) -> Path:
    with open_sink(path, 25, (64, 48)) as sink:
        for index, grey in enumerate(greys):
            sink.write(np.full((48, 64, 3), grey, np.uint8), None if times is None else times[index])
    return path


def patches(folder: Path, side: int = PATCH) -> list[float]:
    """The mean grey of the corner of each frame."""
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == [f"{index:06d}.png" for index in range(len(files))]
    return [float(np.asarray(Image.open(file))[:side, :side].mean()) for file in files]


def test_each_frame_of_the_driver_gives_one_frame(photo: Path, tmp_path: Path) -> None:
    greys = [60, 80, 100, 120, 140]
    driver = driver_clip(tmp_path / "d.mp4", greys)
    animator: Any = FakeAnimator()
    portraits = enroll_photos(animator, [photo])
    result = render_video(animator, portraits, driver, Output(tmp_path / "out"))
    assert result.frames == 5
    assert result.still_frames == 0
    assert patches(tmp_path / "out") == pytest.approx(greys, abs=3)
    frame = np.asarray(Image.open(tmp_path / "out" / "000003.png"))
    np.testing.assert_array_equal(frame[PATCH:], np.asarray(Image.open(photo))[PATCH:])


def test_a_video_keeps_the_drivers_times(photo: Path, tmp_path: Path) -> None:
    times = [0.0, 40.0, 200.0, 240.0]
    driver = driver_clip(tmp_path / "d.mp4", [60, 80, 100, 120], times)
    animator: Any = FakeAnimator()
    render_video(animator, enroll_photos(animator, [photo]), driver, Output(tmp_path / "out.mp4"))
    assert [time for time, _ in VideoReader(tmp_path / "out.mp4")] == pytest.approx(times, abs=0.1)


def test_another_rate_animates_each_driver_frame_at_most_once(photo: Path, tmp_path: Path) -> None:
    driver = driver_clip(tmp_path / "d.mp4", [60, 80, 100])
    animator: Any = FakeAnimator()
    portraits = enroll_photos(animator, [photo])
    render_video(animator, portraits, driver, Output(tmp_path / "out"), fps=50)
    assert patches(tmp_path / "out") == pytest.approx([60, 60, 80, 80, 100, 100], abs=3)
    assert animator.animated == 3
    render_video(animator, portraits, driver, Output(tmp_path / "out"), seconds=0.08)
    assert len(patches(tmp_path / "out")) == 2


def test_frames_before_the_first_face_are_counted(photo: Path, tmp_path: Path) -> None:
    driver = driver_clip(tmp_path / "d.mp4", [0, 0, 100, 0])  # it leaves again at the end
    animator: Any = FakeAnimator()
    result = render_video(animator, enroll_photos(animator, [photo]), driver, Output(tmp_path / "out"))
    assert (result.frames, result.still_frames) == (4, 2)


def test_a_driver_without_a_face_is_an_error_and_leaves_nothing(photo: Path, tmp_path: Path) -> None:
    driver = driver_clip(tmp_path / "d.mp4", [0, 0, 0])
    animator: Any = FakeAnimator()
    with pytest.raises(ValueError, match="no face was found"):
        render_video(animator, enroll_photos(animator, [photo]), driver, Output(tmp_path / "out.mp4"))
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["d.mp4", "photo.png"]


def test_a_motion_is_played_whole(photo: Path, tmp_path: Path) -> None:
    animator: Any = FakeAnimator()
    portraits = enroll_photos(animator, [photo])
    result = render_motion(animator, portraits, fake_motion(4), Output(tmp_path / "out", crop=True))
    assert result.frames == 4
    # The crop is the patch; the pixel mark in it, which differs from run to run, is 0 on average.
    assert patches(tmp_path / "out", side=256) == pytest.approx([20, 30, 40, 50], abs=0.5)
    assert np.asarray(Image.open(tmp_path / "out" / "000000.png")).shape == (256, 256, 3)


def test_a_picture_drives_one_frame_or_some_seconds(photo: Path, tmp_path: Path) -> None:
    animator: Any = FakeAnimator()
    portraits = enroll_photos(animator, [photo])
    driver = np.full((50, 50, 3), 90, np.uint8)
    assert render_image(animator, portraits, driver, Output(tmp_path / "out.png")).frames == 1
    assert np.asarray(Image.open(tmp_path / "out.png"))[0, 0, 0] == 90
    result = render_image(animator, portraits, driver, Output(tmp_path / "out"), seconds=0.2)
    assert result.frames == 5


def test_all_faces_go_with_one_photo_and_without_crop(photo: Path, tmp_path: Path) -> None:
    animator: Any = FakeAnimator()
    everyone = enroll_photos(animator, [photo], "all")
    assert len(everyone) == 2
    assert render_motion(animator, everyone, fake_motion(2), Output(tmp_path / "out.gif")).frames == 2
    with pytest.raises(ValueError, match="one face"):
        render_motion(animator, everyone, fake_motion(2), Output(tmp_path / "out", crop=True))
    with pytest.raises(ValueError, match="only one"):
        enroll_photos(animator, [photo, photo], "all")
    with pytest.raises(ValueError, match="no photo"):
        enroll_photos(animator, [])


def test_the_last_frame_is_held_until_the_sound_ends(photo: Path, tmp_path: Path) -> None:
    driver = tmp_path / "d.mp4"
    with av.open(str(driver), "w") as container:
        video, sound = container.add_stream("libx264", rate=25), container.add_stream("aac", rate=48000)
        assert isinstance(sound, av.AudioStream)
        video.width, video.height, video.pix_fmt, sound.layout = 64, 48, "yuv420p", "mono"
        for grey in (60, 80, 100, 120, 140):
            container.mux(
                video.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), grey, np.uint8), format="rgb24"))
            )
        container.mux(video.encode(None))
        tone = np.sin(np.arange(28800, dtype=np.float32) / 20)[None]  # 0.6 s
        frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
        frame.sample_rate = 48000
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    animator: Any = FakeAnimator()
    portraits = enroll_photos(animator, [photo])
    assert render_video(animator, portraits, driver, Output(tmp_path / "short.mp4")).frames == 5
    padded = render_video(animator, portraits, driver, Output(tmp_path / "out.mp4"), pad_to_sound=True)
    assert padded.frames in (15, 16)  # AAC ends with a whole block of 21 ms
    frames = [float(image[:PATCH, :PATCH].mean()) for _, image in VideoReader(tmp_path / "out.mp4")]
    assert frames[4:] == pytest.approx([140] * (padded.frames - 4), abs=4)
    with av.open(str(tmp_path / "out.mp4")) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
    assert samples / 48000 == pytest.approx(0.6, abs=0.05)
    with pytest.raises(ValueError, match="no sound to pad to"):
        silent = driver_clip(tmp_path / "silent.mp4", [60, 80])
        render_video(animator, portraits, silent, Output(tmp_path / "o.mp4"), pad_to_sound=True)
