"""The command line with the real tracker and the shipped weights, on the sample portrait and a clip of it."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from monalive.cli import main
from monalive.measuring.benchmark import sway
from monalive.media.image_io import load_image, save_image
from monalive.media.video_io import VideoReader
from monalive.media.video_sinks import open_sink
from monalive.motions.motion import Motion
from monalive.packaged_assets import sample_portrait_path

FRAMES, SIZE, FPS = 6, 256, 25
# Frames of `sway` between which the head has moved well.
STEP = 2


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    """The sample portrait at 256 x 256."""
    return cv2.resize(load_image(sample_portrait_path()), (SIZE, SIZE), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def clip_frames(face: np.ndarray) -> list[np.ndarray]:
    return [sway(face, STEP * index) for index in range(FRAMES)]


@pytest.fixture(scope="module")
def driver(clip_frames: list[np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("driver") / "driver.mp4"
    with open_sink(path, FPS, (SIZE, SIZE)) as sink:
        for frame in clip_frames:
            sink.write(frame)
    return path


@pytest.fixture
def photo(face: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The face in the middle of a larger photo: there is something around the crop that must not change."""
    monkeypatch.chdir(tmp_path)
    around = cv2.copyMakeBorder(face, 200, 200, 300, 300, cv2.BORDER_REPLICATE)
    save_image("photo.png", np.asarray(around, np.uint8))
    return Path("photo.png")


def frames_of(folder: str | Path) -> list[np.ndarray]:
    files = sorted(Path(folder).iterdir())
    assert [file.name for file in files] == [f"{index:06d}.png" for index in range(len(files))]
    return [load_image(file) for file in files]


def difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(float) - b).mean())


def test_a_named_motion(photo: Path, capfd: pytest.CaptureFixture[str]) -> None:
    line = ["animate", str(photo), "--motion", "smile", "-o", "out.mp4", "--seconds", "0.4", "--consent", "artwork"]
    assert main(line) == 0
    out, err = capfd.readouterr()
    assert out == "out.mp4: 10 frames\n"
    assert err == ""
    reader = VideoReader("out.mp4")
    assert (reader.width, reader.height, reader.fps) == (856, 656, 25)
    assert len(list(reader)) == 10


def test_self_reenactment_reproduces_the_clip_frame_by_frame(
    driver: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    clip = [image for _, image in VideoReader(driver)]
    save_image("first.png", clip[0])
    assert main(["animate", "first.png", "--driver", str(driver), "--absolute", "--no-smooth", "-o", "frames"]) == 0
    frames = frames_of("frames")
    assert len(frames) == len(clip)
    middle = np.s_[64:192, 64:192]
    for frame, wanted in zip(frames, clip, strict=True):
        assert frame.shape == wanted.shape
        still = difference(clip[0][middle], wanted[middle])
        assert difference(frame[middle], wanted[middle]) < max(0.7 * still, 6.0)


def test_the_photo_moves_and_what_is_around_the_crop_stays(photo: Path, driver: Path) -> None:
    assert main(["animate", str(photo), "--driver", str(driver), "--no-smooth", "-o", "frames"]) == 0
    frames, still = frames_of("frames"), load_image(photo)
    assert len(frames) == FRAMES
    changed = np.max([(frame != still).any(axis=2) for frame in frames], axis=0)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    assert 0 < rows[-1] - rows[0] < 500
    assert 0 < columns[-1] - columns[0] < 500
    assert difference(frames[-1][250:400, 350:500], still[250:400, 350:500]) > 1
    # Without motion of the driver the photo hardly changes.
    assert difference(frames[0][250:400, 350:500], still[250:400, 350:500]) < 4


def test_an_extracted_motion_does_what_its_video_does(photo: Path, driver: Path) -> None:
    assert main(["motion", "extract", str(driver), "-o", "sway.motion"]) == 0
    assert Motion.load("sway.motion").name == ""  # a file's name may name a person
    assert main(["animate", str(photo), "--motion", "sway.motion", "-o", "from_motion"]) == 0
    assert main(["animate", str(photo), "--driver", str(driver), "-o", "from_video"]) == 0
    for one, other in zip(frames_of("from_motion"), frames_of("from_video"), strict=True):
        assert difference(one, other) < 0.3  # the marks of two files differ


def test_sound_of_the_driver_is_kept(photo: Path, clip_frames: list[np.ndarray], tmp_path: Path) -> None:
    with av.open("sound.mp4", "w") as container:
        video = container.add_stream("libx264", rate=FPS)
        video.width, video.height, video.pix_fmt = SIZE, SIZE, "yuv420p"
        sound = container.add_stream("aac", rate=48000)
        sound.layout = "mono"
        for frame in clip_frames:
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        for first in range(0, 48000 * FRAMES // FPS, 1024):
            block = av.AudioFrame.from_ndarray(np.full((1, 1024), 0.1, np.float32), format="fltp", layout="mono")
            block.sample_rate, block.pts, block.time_base = 48000, first, Fraction(1, 48000)
            container.mux(sound.encode(block))
        container.mux(video.encode(None))
        container.mux(sound.encode(None))
    assert main(["animate", str(photo), "--driver", "sound.mp4", "-o", "out.mp4"]) == 0
    assert VideoReader("out.mp4").has_audio
    assert len(list(VideoReader("out.mp4"))) == FRAMES


def test_until_the_driver_shows_a_face_the_photo_is_still(
    photo: Path, clip_frames: list[np.ndarray], capfd: pytest.CaptureFixture[str]
) -> None:
    empty = np.full((SIZE, SIZE, 3), 90, np.uint8)
    with open_sink("late.mp4", FPS, (SIZE, SIZE)) as sink:
        for frame in [empty, empty, clip_frames[0], clip_frames[5], empty, empty]:
            sink.write(frame)
    assert main(["animate", str(photo), "--driver", "late.mp4", "--no-smooth", "-o", "frames"]) == 0
    assert "first 2 driver frames" in capfd.readouterr().err
    frames, still = frames_of("frames"), load_image(photo)
    assert np.abs(frames[0].astype(int) - still).max() <= 12  # the photo, but for the mark
    assert difference(frames[0], still) < 0.5
    np.testing.assert_array_equal(frames[1], frames[0])
    assert (frames[3] != still).any()
    np.testing.assert_array_equal(frames[5], frames[3])  # the face left: its last pose is held


def test_a_picture_as_driver_and_the_crop_alone(photo: Path) -> None:
    assert main(["animate", str(photo), "--driver", str(photo), "-o", "out.png"]) == 0
    assert load_image("out.png").shape == load_image(photo).shape
    assert main(["animate", str(photo), "--driver", str(photo), "-o", "crop.png", "--crop"]) == 0
    assert load_image("crop.png").shape == (256, 256, 3)


def test_all_faces_of_a_photo_move(face: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_image("two.png", np.concatenate([face, face[:, ::-1]], axis=1))
    still = load_image("two.png")
    for choice, left, right in (("all", True, True), ("0", True, False), ("1", False, True)):
        arguments = [
            "animate",
            "two.png",
            "--motion",
            "nod",
            "--seconds",
            "0.6",
            "-o",
            "frames",
            "--face",
            choice,
        ]
        assert main(arguments) == 0
        last = frames_of("frames")[-1]
        moved = [difference(last[80:200, x : x + 100], still[80:200, x : x + 100]) > 1 for x in (78, 78 + SIZE)]
        assert moved == [left, right]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("animate empty.png --motion smile -o out.mp4", "face"),
        ("animate tiny.png --motion smile -o out.mp4", "too small"),
        ("animate photo.png --motion grin -o out.mp4", "smile"),
        ("animate photo.png --motion smile --face 4 -o out.mp4", "only one face"),
        ("animate photo.png --driver empty.png -o out.png", "face"),
        ("animate photo.png --motion smile --bundle photo.png -o out.mp4", "not a monalive bundle"),
        ("motion extract empty.mp4 -o out.motion", "face"),
        ("info photo.png", "neither a bundle"),
    ],
)
def test_bad_input_gives_code_2_and_one_line(
    arguments: str, told: str, photo: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    save_image("empty.png", np.full((200, 200, 3), 90, np.uint8))
    save_image("tiny.png", np.full((10, 10, 3), 90, np.uint8))
    with open_sink("empty.mp4", FPS, (64, 64)) as sink:
        sink.write(np.full((64, 64, 3), 90, np.uint8))
    before = sorted(Path().iterdir())
    assert main(arguments.split()) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert told in err
    assert sorted(Path().iterdir()) == before


def test_info_names_the_models(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--json"]) == 0
    facts = json.loads(capfd.readouterr().out)
    assert {"animate", "enroll"} <= set(facts["bundle"]["parts"])
    assert set(facts["tracker"]["parts"]) == {"tracker_detector", "tracker_landmarks", "tracker_blendshapes"}
    assert len(facts["motions"]) >= 8


def test_bench_measures_every_step(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--json", str(tmp_path / "bench.json"), "--repeats", "3", "--frames", "8"]) == 0
    results = json.loads((tmp_path / "bench.json").read_text())
    steps = results["steps"]
    assert {"tracker_720p", "retarget", "paste_back_720p", "enroll", "driver_frame_to_720p_frame"} < set(steps)
    parts = {network["part"] for network in results["networks"]}
    assert {"animate", "enroll"} <= parts
    for step in ("eyes_and_mouth_networks", "eyes_and_mouth_paste_720p"):
        assert (step in steps) == ("animate_eye" in parts)
    measured = [*steps.values(), *results["networks"]]
    assert all(0 < one["median_ms"] <= one["p95_ms"] for one in measured)
    assert len(results["model"]["sha256"]) == 64
    assert {"cpu", "cores", "system"} <= set(results["machine"])
    assert [whole["threads"] for whole in results["whole"]] == [2, 1]
    for whole in results["whole"]:
        assert whole["sum_ms"] == pytest.approx(sum(whole["steps"].values()), abs=0.01)
        assert whole["ratio"] == pytest.approx(whole["frame_ms"] / whole["sum_ms"], abs=0.01)
    printed = capfd.readouterr().out
    assert "driver_frame_to_720p_frame" in printed and "sum of the steps, 1 thread " in printed
