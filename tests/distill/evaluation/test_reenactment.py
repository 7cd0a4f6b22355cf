"""The evaluation on tiny clips made from one photograph: what is measured, left out and written."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from moving_clips import moving_face, no_face, write_clip
from numpy.typing import NDArray

from monalive.bundle import Bundle, default_bundle_path
from monalive.faces.tracker import FaceTracker
from monalive.media.image_io import load_image
from monalive.motions.motion import Motion
from monalive.player.bundle_networks import BundleNetworks
from monalive_distill.cli import evaluate as command
from monalive_distill.evaluation.clips import Clip, find_clips, read_clip, spread_frames, track_clip
from monalive_distill.evaluation.judges import Judges
from monalive_distill.evaluation.moved_photo import UNMOVED, MovedPhoto, ReenactmentMethod, hold_still
from monalive_distill.evaluation.reenactment import (
    ClipPictures,
    ClipResult,
    cross_reenactment,
    evaluate,
    mean_of_clips,
    self_reenactment,
)
from monalive_distill.evaluation.reenactment_methods import (
    BundleMethod,
    geometry_prior_method,
    without_surroundings,
)
from monalive_distill.evaluation.report import summary_text, write_evaluation
from monalive_distill.evaluation.report_page import sheet_frames
from monalive_distill.mediapipe_tracker.networks import mediapipe_tracker
from monalive_distill.metrics import identity, lpips
from monalive_distill.metrics.frame_scores import Scores, mean_scores, with_scaled_csim

Image = NDArray[np.uint8]
Landmarks = NDArray[np.float32]

try:
    identity.weights_path(), lpips.weights_path("alex")
except FileNotFoundError as missing:
    pytest.skip(str(missing), allow_module_level=True)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """The pictures are small: on a busy machine several threads would mostly wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def tracker() -> Iterator[FaceTracker]:
    with mediapipe_tracker(settle=True) as tracker:
        yield tracker


@pytest.fixture(scope="module")
def judges(tracker: FaceTracker) -> Judges:
    return Judges(tracker)


@pytest.fixture(scope="module")
def clips_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "clips"
    folder.mkdir()
    write_clip(folder / "a right.mp4", moving_face())
    write_clip(folder / "b_left.mp4", moving_face(step=-6.0))
    write_clip(folder / "c_empty.mp4", no_face())
    (folder / "d_text.mp4").write_text("not a video")
    (folder / "notes.txt").write_text("not a clip")
    (folder.parent / "clips.tsv").write_text("file\tlicence_tier\na right.mp4\tA\nb_left.mp4\tB\n")
    return folder


@pytest.fixture(scope="module")
def clip(clips_folder: Path, tracker: FaceTracker) -> Clip:
    return read_clip(clips_folder / "a right.mp4", tracker, 3)


@pytest.fixture(scope="module")
def other_clip(clips_folder: Path, tracker: FaceTracker) -> Clip:
    return read_clip(clips_folder / "b_left.mp4", tracker, 3)


def shift_whole(photo: Image, photo_landmarks: Landmarks, driver: Motion, *, absolute: bool) -> Iterator[MovedPhoto]:
    """A crude method: the whole picture follows the face's mean."""
    start = photo_landmarks if absolute else driver.landmarks[0]
    for landmarks in driver.landmarks:
        x, y = (landmarks - start)[:, :2].mean(axis=0)
        matrix = np.array([[1, 0, x], [0, 1, y]], np.float64)
        moved = cv2.warpAffine(photo, matrix, photo.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
        yield MovedPhoto(moved.astype(np.uint8))


# Clips


@pytest.mark.parametrize(
    ("total", "count", "expected"),
    [(13, 4, [0, 1, 5, 8, 12]), (3, 12, [0, 1, 2]), (2, 1, [0, 1]), (50, 1, [0, 49])],
)
def test_frames_are_spread_over_the_rest(total: int, count: int, expected: list[int]) -> None:
    assert spread_frames(total, count) == expected


@pytest.mark.parametrize(("total", "count", "message"), [(1, 12, "fewer than two"), (9, 0, "at least 1")])
def test_nothing_to_spread(total: int, count: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        spread_frames(total, count)


def test_clips_of_a_folder(clips_folder: Path, tmp_path: Path) -> None:
    names = [path.name for path in find_clips(clips_folder)]
    assert names == ["a right.mp4", "b_left.mp4", "c_empty.mp4", "d_text.mp4"]
    with pytest.raises(FileNotFoundError, match=r"no \.mp4 file"):
        find_clips(tmp_path)
    with pytest.raises(FileNotFoundError, match="no folder"):
        find_clips(tmp_path / "missing")
    with pytest.raises(NotADirectoryError, match="notes"):
        find_clips(clips_folder / "notes.txt")


def test_a_clip_is_read_at_one_size_with_its_landmarks(clip: Clip) -> None:
    assert clip.frames == (0, 1, 4, 6)
    assert clip.timestamps_ms.tolist() == pytest.approx([0, 40, 160, 240])
    assert all(image.shape == (256, 256, 3) for image in clip.images)
    assert clip.landmarks.shape == (4, 478, 3) and clip.without_face == 0
    assert np.diff(clip.landmarks[:, 1, 0]).min() > 4  # the nose moves right


def test_a_clips_surroundings_are_measured(clip: Clip, tmp_path: Path, tracker: FaceTracker) -> None:
    """Head and background move right as one, and grow; the product measures the same on the same frames."""
    motion = clip.motion()
    assert motion.image_size == (256, 256) and motion.landmarks is clip.landmarks
    assert clip.surroundings.shape == (4, 16, 16, 3)
    assert np.abs(clip.surroundings[0, ..., :2]).max() < 1e-3
    assert (np.diff(np.median(clip.surroundings[..., 0], axis=(1, 2))) < -0.01).all()
    assert clip.photo().surroundings.shape == (1, 16, 16, 3)
    own = Motion.from_frames(list(zip(clip.timestamps_ms, clip.images, strict=True)), tracker)
    assert own.surroundings is not None
    assert np.abs(own.surroundings - clip.surroundings)[..., :2].mean() < 2e-3


def test_a_wide_clip_is_cut_square_around_the_face(tmp_path: Path, tracker: FaceTracker) -> None:
    wide = read_clip(write_clip(tmp_path / "wide.mp4", moving_face(width=480, step=4)), tracker, 2)
    assert wide.images[0].shape == (256, 256, 3)
    centre = wide.landmarks[0, :, :2].mean(axis=0)
    assert 80 < centre[0] < 176 and 80 < centre[1] < 176


def test_frames_without_a_face_are_counted_and_left_out(tmp_path: Path, tracker: FaceTracker) -> None:
    path = write_clip(tmp_path / "leaves.mp4", [*moving_face(4), *no_face(3)])
    left = read_clip(path, tracker, 6)
    assert left.frames == (0, 1, 2, 3) and left.without_face == 3


def test_a_clip_of_pictures_that_are_no_video(tracker: FaceTracker) -> None:
    pictures = moving_face(3)
    numbered = [(number, 40.0 * number, picture) for number, picture in enumerate(pictures)]
    clip = track_clip("invented", numbered, tracker)
    assert clip.name == "invented" and clip.frames == (0, 1, 2) and list(clip.timestamps_ms) == [0, 40, 80]
    assert all(np.array_equal(made, given) for made, given in zip(clip.images, pictures, strict=True))
    with pytest.raises(ValueError, match="first frame"):
        track_clip("empty", [(0, 0.0, no_face(1)[0]), *numbered[1:]], tracker)


def test_clips_that_cannot_be_used(clips_folder: Path, tmp_path: Path, tracker: FaceTracker) -> None:
    with pytest.raises(ValueError, match="first frame"):
        read_clip(clips_folder / "c_empty.mp4", tracker, 3)
    with pytest.raises(ValueError, match="d_text"):
        read_clip(clips_folder / "d_text.mp4", tracker, 3)
    with pytest.raises(ValueError, match="fewer than two"):
        read_clip(write_clip(tmp_path / "one.mp4", moving_face(1)), tracker, 3)
    with pytest.raises(ValueError, match="after the first"):
        read_clip(write_clip(tmp_path / "gone.mp4", [*moving_face(1), *no_face(3)]), tracker, 3)


# Measuring


def test_the_true_frames_are_perfect(clip: Clip, judges: Judges) -> None:
    def oracle(*args: Any, **more: Any) -> list[MovedPhoto]:
        return [MovedPhoto(image) for image in clip.images]

    result, pictures = self_reenactment(clip, {"oracle": oracle, UNMOVED: hold_still}, judges)
    scores, still = result.scores["oracle"], result.scores[UNMOVED]
    assert scores == pytest.approx(
        {
            "lpips": 0,
            "l1": 0,
            "psnr": 100,
            "ssim": 1,
            "akd": 0,
            "csim": 1,
            "blink_error": 0,
            "mouth_error": 0,
            "missing_face": 0,
            "mouth_lpips": 0,
            "mouth_lpips_opened": None,  # the mouth is open already
            "mouth_lpips_others": 0,
            "eyes_lpips": 0,
            "mouth_sharpness": 1,
            "eyes_sharpness": 1,
            "lpips_face": 0,
            "lpips_edge": 0,
            "lpips_rest": 0,
            "gaze_error": 0,
        },
        abs=1e-4,
    )
    assert still["lpips"] > 0.1 and still["akd"] > 10 and still["ssim"] < 0.9  # type: ignore[operator]
    assert still["csim"] > 0.95  # type: ignore[operator]
    assert result.frames == (1, 4, 6) and len(pictures.targets) == len(pictures.outputs["oracle"]) == 3


def test_expressions_of_the_true_frames_arrive(clips_folder: Path, tracker: FaceTracker, judges: Judges) -> None:
    """Frames read for expressions alone count there and nowhere else."""
    clip = read_clip(clips_folder / "a right.mp4", tracker, 2, expression_frames=[1, 3, 5])
    assert clip.frames == (0, 1, 3, 5, 6) and clip.for_expression == {3, 5} and clip.scored == [1, 4]

    def oracle(*args: Any, **more: Any) -> list[MovedPhoto]:
        return [MovedPhoto(image, points * 1) for image, points in zip(clip.images, clip.measured, strict=True)]

    methods: dict[str, ReenactmentMethod] = {"oracle": oracle, "pictures": shift_whole, UNMOVED: hold_still}
    result, pictures = self_reenactment(clip, methods, judges, ["pictures"])
    assert result.frames == (1, 6) and len(pictures.outputs["oracle"]) == len(pictures.outputs["pictures"]) == 2
    assert len(result.per_frame["pictures"]) == 2 and set(result.expressions) == {"absolute", "relative"}
    for read in result.expressions.values():
        assert set(read.seen) == {"oracle", UNMOVED} and set(read.asked) == {"oracle"}
        assert read.truth.shape == (4, 14) and read.seen["oracle"] == pytest.approx(read.truth, abs=1e-4)
        assert read.tracked == pytest.approx(read.truth, abs=1e-6) == read.asked["oracle"]
        assert not read.seen[UNMOVED].any()
    assert set(result.teeth) <= {"truth", "oracle"} and result.teeth["truth"].shape[1] == 2
    photo = clip.photo()
    assert photo.scored == [] and len(photo.images) == 1


def test_the_product_says_what_it_asked_for(clip: Clip) -> None:
    """In absolute transfer the driver's own landmarks, where the photo is its first frame."""
    with BundleMethod() as product:
        frames = list(product(clip.images[0], clip.landmarks[0], clip.motion(), absolute=True))
        asked = np.array([frame.asked for frame in frames])
        assert asked == pytest.approx(clip.landmarks, abs=0.01)
        frames = list(product(clip.images[0], clip.landmarks[0], clip.motion(), absolute=False))
        assert frames[0].asked is not None and frames[0].asked.shape == (478, 3)


def test_following_the_face_beats_standing_still(clip: Clip, judges: Judges) -> None:
    result, _ = self_reenactment(clip, {"shift": shift_whole, UNMOVED: hold_still}, judges)
    shifted, still = result.scores["shift"], result.scores[UNMOVED]
    for metric in ("lpips", "l1", "akd"):
        assert shifted[metric] < still[metric]  # type: ignore[operator]
    assert shifted["akd"] < 3  # type: ignore[operator]


def test_without_surroundings_a_method_gets_landmarks_alone(clip: Clip, judges: Judges) -> None:
    seen: dict[str, list[Motion]] = {"with": [], "without": []}

    def note(name: str) -> Any:
        def method(photo: Image, photo_landmarks: Landmarks, driver: Motion, *, absolute: bool) -> list[MovedPhoto]:
            seen[name].append(driver)
            return [MovedPhoto(photo)] * len(driver)

        return method

    methods = {"with": note("with"), "without": without_surroundings(note("without"))}
    self_reenactment(clip, methods, judges)
    assert np.array_equal(seen["with"][0].surroundings, clip.surroundings)  # type: ignore[arg-type]
    assert seen["without"][0].surroundings is None
    assert np.array_equal(seen["without"][0].landmarks, clip.landmarks)


@pytest.mark.parametrize("absolute", [True, False])
def test_the_product_gets_the_surroundings_in_self_reenactment_only(
    clip: Clip, monkeypatch: pytest.MonkeyPatch, absolute: bool
) -> None:
    asked: list[Any] = []
    animate = BundleNetworks.animate

    def note(self: BundleNetworks, enrolled: Any, landmarks: Any, surroundings: Any = None) -> Any:
        asked.append(surroundings)
        return animate(self, enrolled, landmarks, surroundings)

    monkeypatch.setattr(BundleNetworks, "animate", note)
    with BundleMethod() as product:
        pictures = list(product(clip.images[0], clip.landmarks[0], clip.motion(), absolute=absolute))
    assert len(pictures) == len(asked) == 4
    if absolute:
        assert all(np.array_equal(a, b) for a, b in zip(asked, clip.surroundings, strict=True))
    else:
        assert asked == [None] * 4


def test_a_picture_without_a_face_has_no_face_metrics(clip: Clip, judges: Judges) -> None:
    def lose_it(*args: Any, absolute: bool, **more: Any) -> list[MovedPhoto]:
        return [MovedPhoto(image) for image in (clip.images[0], *no_face(2), clip.images[3])]

    result, _ = self_reenactment(clip, {"loses": lose_it}, judges)
    assert result.scores["loses"]["missing_face"] == pytest.approx(2 / 3)
    assert [frame["akd"] is None for frame in result.per_frame["loses"]] == [True, True, False]
    assert result.scores["loses"]["akd"] == pytest.approx(0, abs=1e-3)  # over the frames that show a face


def test_cross_reenactment_is_relative(clip: Clip, other_clip: Clip, judges: Judges) -> None:
    methods = {"shift": shift_whole, UNMOVED: hold_still}
    result, pictures = cross_reenactment(clip.photo(), other_clip, methods, judges)
    assert (result.name, result.driver) == ("a right", "b_left")
    assert result.scores[UNMOVED]["csim"] == pytest.approx(1)
    assert result.scores[UNMOVED]["missing_face"] == 0
    assert all(value is not None for value in result.scores["shift"].values())
    assert np.array_equal(pictures.driver_first, other_clip.images[0])


def test_a_method_must_give_a_picture_per_frame(clip: Clip, judges: Judges) -> None:
    def too_few(*args: Any, absolute: bool, **more: Any) -> list[MovedPhoto]:
        return [MovedPhoto(image) for image in clip.images[:2]]

    with pytest.raises(RuntimeError, match="one picture"):
        self_reenactment(clip, {"short": too_few}, judges)


def test_means_leave_out_what_could_not_be_measured() -> None:
    scores: list[Scores] = [
        {"akd": 1.0, "csim": None},
        {"akd": 3.0, "csim": 0.5},
        {"akd": None, "csim": None},
    ]
    assert mean_scores(scores) == {"akd": 2.0, "csim": 0.5}
    assert mean_scores([{"akd": None}]) == {"akd": None}
    long = ClipResult("long", "long", (1, 2, 3), 0, {"m": {"akd": 1.0}}, {})
    short = ClipResult("short", "short", (1,), 0, {"m": {"akd": 3.0}}, {})
    assert mean_of_clips([long, short]) == {"m": {"akd": 2.0}}


def test_scaled_csim() -> None:
    assert with_scaled_csim({"csim": 0.85}, 0.85)["csim_scaled"] == pytest.approx(0)
    assert with_scaled_csim({"csim": 1.0}, 0.85)["csim_scaled"] == pytest.approx(1)
    assert "csim_scaled" not in with_scaled_csim({"csim": None}, 0.85)
    assert "csim_scaled" not in with_scaled_csim({"csim": 0.9}, None)


# The whole run


def test_unusable_clips_do_not_stop_the_others(clips_folder: Path, tracker: FaceTracker) -> None:
    seen: list[tuple[str, str]] = []

    def note(kind: str, result: ClipResult, pictures: ClipPictures) -> None:
        seen.append((kind, result.name))

    result = evaluate(find_clips(clips_folder), {"shift": shift_whole}, tracker, frame_count=2, on_result=note)
    assert [one.name for one in result.own] == ["a right", "b_left"]
    assert [(one.name, one.driver) for one in result.cross] == [("a right", "b_left"), ("b_left", "a right")]
    assert [name for name, _ in result.skipped] == ["c_empty.mp4", "d_text.mp4"]
    assert seen == [("self", "a right"), ("self", "b_left"), ("cross", "a right"), ("cross", "b_left")]
    assert result.csim_other_people is not None and result.csim_other_people > 0.9  # one and the same person here


def test_a_method_for_self_reenactment_alone(clips_folder: Path, tracker: FaceTracker) -> None:
    clips = find_clips(clips_folder)[:2]
    methods = {"shift": shift_whole, "again": shift_whole}
    result = evaluate(clips, methods, tracker, frame_count=1, only_self={"again"})
    assert list(result.own[0].scores) == ["shift", "again", UNMOVED]
    assert list(result.cross[0].scores) == ["shift", UNMOVED]


def test_a_method_that_fails_on_a_clip_is_named(clips_folder: Path, tracker: FaceTracker) -> None:
    def refuses(*args: Any, absolute: bool, **more: Any) -> list[MovedPhoto]:
        raise ValueError("too dark")

    with pytest.raises(ValueError, match=r"none of the 1 clips.*a right\.mp4: too dark"):
        evaluate([clips_folder / "a right.mp4"], {"refuses": refuses}, tracker, frame_count=1)


def test_no_usable_clip_is_an_error(clips_folder: Path, tracker: FaceTracker) -> None:
    with pytest.raises(ValueError, match=r"none of the 2 clips could be used: c_empty\.mp4: no face"):
        evaluate(find_clips(clips_folder)[2:], {"shift": shift_whole}, tracker)


def test_the_report(clips_folder: Path, tmp_path: Path, tracker: FaceTracker, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = Bundle({"name": "small", "model_version": "1.2.0"}, {}, "ab" * 32)
    argv = [
        "/home/someone/bin/monalive-distill",
        "evaluate",
        "/home/someone/clips",
        "--bundle=/home/x.bundle",
    ]
    monkeypatch.setattr("sys.argv", argv)
    output = tmp_path / "new" / "report"
    written = write_evaluation(
        find_clips(clips_folder), {"shift": shift_whole}, tracker, output, frame_count=2, bundle=bundle
    )
    report = json.loads((output / "evaluation.json").read_text(encoding="utf-8"))
    assert report == written
    assert report["command"] == "monalive-distill evaluate clips --bundle=x.bundle"
    assert report["bundle"] == {"name": "small", "model_version": "1.2.0", "sha256": "ab" * 32}
    assert {"torch", "python"} <= report["versions"].keys() and report["machine"]["cpus"] >= 1
    assert set(report["self"]["mean"]) == {"shift", UNMOVED}
    assert report["self"]["mean"]["shift"]["akd"] < report["self"]["mean"][UNMOVED]["akd"]
    tiers = report["self"]["slices"]["licence tier"]
    assert {tier: one["clips"] for tier, one in tiers.items()} == {"A": 1, "B": 1}
    assert [one["clip"] for one in report["skipped"]] == ["c_empty.mp4", "d_text.mp4"]
    assert "lpips" in summary_text(report) and "left out d_text.mp4" in summary_text(report)

    page = (output / "index.html").read_text(encoding="utf-8")
    images = re.findall(r"src='([^']+)'", page)
    assert sorted(images) == [
        "cross-a%20right.jpg",
        "cross-b_left.jpg",
        "eyes-a%20right.jpg",
        "eyes-b_left.jpg",
        "mouth-a%20right.jpg",
        "mouth-b_left.jpg",
        "self-a%20right.jpg",
        "self-b_left.jpg",
    ]
    for name in images:
        sheet = load_image(output / name.replace("%20", " "))
        if name.startswith(("eyes", "mouth")):  # photo, truth and a method; two frames
            assert sheet.shape[0] > 3 * 128 and sheet.shape[1] > 2 * 256
        else:
            assert sheet.shape[0] > 2 * 256 and sheet.shape[1] > 4 * 256  # two frames; photo, target, output, ...
    assert not re.search(r"(src|href)=.?https?:", page) and "prefers-color-scheme" in page
    assert sorted(path.name for path in output.iterdir() if path.suffix != ".jpg") == [
        "evaluation.json",
        "index.html",
    ]


def test_the_geometry_prior_follows_the_driver(clip: Clip, judges: Judges) -> None:
    methods = {"prior": geometry_prior_method, UNMOVED: hold_still}
    result, _ = self_reenactment(clip, methods, judges)
    prior, still = result.scores["prior"], result.scores[UNMOVED]
    assert prior["akd"] < 2 < 10 < still["akd"]  # type: ignore[operator]
    assert prior["lpips"] < still["lpips"]  # type: ignore[operator]


def test_the_command(clips_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command with the bundle that ships, on one clip."""
    if not default_bundle_path().is_file():
        pytest.skip("no bundle is packaged yet")
    folder = tmp_path / "clips"
    folder.mkdir()
    (folder / "a.mp4").write_bytes((clips_folder / "a right.mp4").read_bytes())
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    copy = tmp_path / "copy.bundle"
    copy.write_bytes(default_bundle_path().read_bytes())
    few = ["--frames", "2", "--expression-frames", "2"]
    args = parser.parse_args([str(folder), *few, "-o", str(tmp_path / "report"), "--beside", str(copy)])
    command.run(args)
    report = json.loads((tmp_path / "report" / "evaluation.json").read_text(encoding="utf-8"))
    mean = report["self"]["mean"]
    assert list(mean) == ["monalive", "copy", "without background flow", "geometry prior", UNMOVED]
    assert mean["copy"] == mean["monalive"] and report["beside"]["copy"] == report["bundle"]
    assert report["cross"]["mean"] == {}  # that takes two clips
    for mode in ("absolute", "relative"):
        tables = report["expressions"][mode]
        assert set(tables["reach"]) == {"monalive", "copy", UNMOVED} == set(tables["stages"])
        assert tables["reach"]["copy"] == tables["reach"]["monalive"]
    assert mean["monalive"]["akd"] < 2 and mean["monalive"]["lpips"] < mean[UNMOVED]["lpips"]
    assert "index.html" in capsys.readouterr().out
    assert "<dt>copy<dd>" in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    same = [str(folder), "-o", str(tmp_path / "report"), "--beside", str(copy), str(tmp_path / "unmoved.bundle")]
    with pytest.raises(ValueError, match="would be called 'unmoved'"):
        command.run(parser.parse_args(same))


def test_the_command_refuses_a_folder_without_clips(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    with pytest.raises(FileNotFoundError, match=r"no \.mp4"):
        command.run(parser.parse_args([str(tmp_path)]))


def test_the_worst_clip_comes_first(clips_folder: Path, tmp_path: Path, tracker: FaceTracker) -> None:
    clips = find_clips(clips_folder)[:2]
    write_evaluation(clips, {"shift": shift_whole}, tracker, tmp_path, frame_count=1, with_cross=False)
    report = json.loads((tmp_path / "evaluation.json").read_text(encoding="utf-8"))
    captions = re.findall(r"<figcaption><b>([^<]+)</b>", (tmp_path / "index.html").read_text(encoding="utf-8"))
    orders = [
        [one["clip"] for one in sorted(report["self"]["clips"], key=lambda one: -one["scores"]["shift"][metric])]
        for metric in ("eyes_lpips", "mouth_lpips", "lpips")
    ]
    assert captions == [name for order in orders for name in order]


def test_contact_sheets_show_the_worst_frame() -> None:
    frames: list[Scores] = [{"lpips": value} for value in (0.1, 0.1, 0.1, 0.1, 0.9, 0.1, 0.1, 0.1)]
    result = ClipResult("clip", "clip", tuple(range(8)), 0, {}, {"m": frames})
    assert 4 in sheet_frames(result, "m") and len(sheet_frames(result, "m")) == 3
    assert sheet_frames(ClipResult("clip", "clip", (1,), 0, {}, {"m": frames[:1]}), "m") == [0]


def test_the_report_needs_a_folder(clips_folder: Path, tmp_path: Path, tracker: FaceTracker) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(NotADirectoryError, match="taken"):
        write_evaluation(find_clips(clips_folder), {}, tracker, tmp_path / "taken")
