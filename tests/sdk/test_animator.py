"""The photo animator on the sample portrait, with the models that come with the package."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from monalive import (
    AnimatedFrame,
    Motion,
    PhotoAnimator,
    PhotoAnimatorOptions,
    RetargetOptions,
    RunningMode,
    builtin_motions,
    load_image,
    save_image,
)
from monalive.faces.tracker import Face, FaceTracker
from monalive.motions.surroundings_flow import unknown_surroundings
from monalive.motions.synthetic_driver import IMAGE_SIZE, Performance
from monalive.networks.runtimes import RuntimeOptions
from monalive.player.bundle_networks import BundleNetworks, NetworkFrame

SAMPLE = Path(str(resources.files("monalive").joinpath("assets", "sample_portrait.jpg")))
OTHER = Path(str(resources.files("monalive").joinpath("assets", "sample_portrait_2.jpg")))


@pytest.fixture(scope="module")
def image() -> Iterator[PhotoAnimator]:
    with PhotoAnimator.create_from_options(PhotoAnimatorOptions()) as animator:
        yield animator


@pytest.fixture
def video() -> Iterator[PhotoAnimator]:
    with PhotoAnimator.create_from_options(PhotoAnimatorOptions(running_mode=RunningMode.VIDEO)) as animator:
        yield animator


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return load_image(SAMPLE)


def _psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(-10 * np.log10(((a.astype(float) - b) ** 2).mean() / 255**2 + 1e-12))


def _short(motion: Motion, step: int = 8) -> Motion:
    return replace(motion, landmarks=motion.landmarks[::step], timestamps_ms=motion.timestamps_ms[::step])


def test_a_driver_at_rest_leaves_the_face_almost_as_it_is(image: PhotoAnimator, photo: np.ndarray) -> None:
    portrait = image.enroll(photo)
    smile = builtin_motions.load("smile")
    still = replace(smile, landmarks=smile.landmarks[:1], timestamps_ms=smile.timestamps_ms[:1])
    (frame,) = image.play(portrait, still)
    assert _psnr(frame.image, photo) > 30
    assert np.allclose(frame.landmarks, portrait.crop.to_unit(portrait.landmarks), atol=1e-5)


@pytest.mark.parametrize("motion", ["smile", "surprise"])
def test_the_face_is_where_it_was_asked_to_be(image: PhotoAnimator, photo: np.ndarray, motion: str) -> None:
    """The tracker, run on the result, finds the landmarks that were wanted."""
    portrait = image.enroll(photo)
    with FaceTracker(settle=True) as tracker:
        for frame in image.play(portrait, _short(builtin_motions.load(motion), 25)):
            found = tracker.detect(frame.image)[0].landmarks
            wanted = portrait.crop.to_pixels(frame.landmarks)
            error = np.linalg.norm(found[:468, :2] - wanted[:468, :2], axis=1).mean()
            assert error < 0.015 * portrait.crop.side


def test_outside_the_crop_every_pixel_is_the_photos(image: PhotoAnimator, photo: np.ndarray) -> None:
    wide = np.zeros((photo.shape[0] + 400, photo.shape[1] + 900, 3), np.uint8)
    wide[:] = np.random.default_rng(0).integers(0, 256, wide.shape)
    wide[200:-200, 450:-450] = photo
    portrait = image.enroll(wide)
    x, y, side = (round(v) for v in (portrait.crop.x, portrait.crop.y, portrait.crop.side))
    *_, frame = image.play(portrait, _short(builtin_motions.load("nod"), 40))
    outside = np.ones(wide.shape[:2], bool)
    outside[y : y + side, x : x + side] = False
    assert outside.any()
    assert np.array_equal(frame.image[outside], wide[outside])
    assert not np.array_equal(frame.image, wide)


def test_absolute_transfer_of_a_persons_own_frame_gives_that_frame(photo: np.ndarray) -> None:
    options = PhotoAnimatorOptions(
        running_mode=RunningMode.VIDEO, retarget=RetargetOptions(absolute=True, smooth=False)
    )
    with PhotoAnimator.create_from_options(options) as animator:
        frame = animator.animate_for_video(animator.enroll(photo), photo, 0)
    assert _psnr(frame.image, photo) > 30


def test_an_image_gives_its_expression(image: PhotoAnimator, photo: np.ndarray) -> None:
    portrait = image.enroll(photo)
    *_, smiling = image.play(image.enroll(OTHER), _short(builtin_motions.load("surprise"), 40))
    frame = image.animate(portrait, smiling.image)
    assert frame.image.shape == photo.shape
    assert frame.crop_image.shape == (256, 256, 3)


def test_several_faces_of_one_photo_move_together(image: PhotoAnimator, photo: np.ndarray) -> None:
    both = np.concatenate([photo, load_image(OTHER)], axis=1)
    portraits = image.enroll_all(both)
    assert len(portraits) == 2
    assert portraits[0].landmarks[:, 0].mean() < portraits[1].landmarks[:, 0].mean()
    *_, frame = image.play(portraits, _short(builtin_motions.load("nod"), 40))
    changed = (frame.image != both).any(-1)
    assert changed[:, : photo.shape[1]].mean() > 0.05
    assert changed[:, photo.shape[1] :].mean() > 0.05


def test_portraits_of_different_photos_cannot_be_animated_together(image: PhotoAnimator) -> None:
    portraits = [image.enroll(SAMPLE), image.enroll(OTHER)]
    with pytest.raises(ValueError, match="one photo"):
        next(image.play(portraits, builtin_motions.load("nod")))


def test_a_further_photo_brings_what_it_shows(image: PhotoAnimator, photo: np.ndarray) -> None:
    """With a photo that shows the very frame wanted, with whiter teeth, the teeth of the result are whiter."""
    laugh = builtin_motions.load("laugh")
    widest = int(np.linalg.norm(laugh.landmarks[:, 13] - laugh.landmarks[:, 14], axis=1).argmax())
    frames = [0, widest]
    laugh = replace(laugh, landmarks=laugh.landmarks[frames], timestamps_ms=laugh.timestamps_ms[frames])
    one = image.enroll(photo)
    *_, wanted = image.play(one, laugh)
    x, y = one.crop.to_pixels(wanted.landmarks)[[13, 14], :2].mean(0).round().astype(int)
    teeth, around = np.s_[y - 8 : y + 9, x - 25 : x + 26], np.s_[:60]
    whiter = wanted.image.copy()
    whiter[teeth] = 255
    two = image.enroll([photo, whiter])
    assert len(two.enrolled) == 2
    *_, last = image.play(two, laugh)
    assert last.image[teeth].mean() > wanted.image[teeth].mean() + 15
    assert last.crop_image[around].mean() == pytest.approx(wanted.crop_image[around].mean(), abs=1)


def test_a_saved_portrait_is_the_same_when_loaded(image: PhotoAnimator, tmp_path: Path) -> None:
    portrait = image.enroll([SAMPLE, OTHER])
    portrait.save(tmp_path / "a.portrait")
    loaded = image.load_portrait(tmp_path / "a.portrait")
    assert np.array_equal(loaded.photo, portrait.photo)
    assert loaded.crop == portrait.crop
    motion = _short(builtin_motions.load("nod"), 50)
    for a, b in zip(image.play(portrait, motion), image.play(loaded, motion), strict=True):
        assert np.array_equal(a.image, b.image)


def test_another_file_is_no_portrait(image: PhotoAnimator, tmp_path: Path) -> None:
    (tmp_path / "x.portrait").write_bytes(b"hello")
    with pytest.raises(ValueError, match="not a portrait file"):
        image.load_portrait(tmp_path / "x.portrait")


def test_a_picture_without_a_face_is_refused(image: PhotoAnimator) -> None:
    with pytest.raises(ValueError, match="no face was found"):
        image.enroll(np.full((300, 300, 3), 90, np.uint8))


def test_nothing_to_enrol_is_refused(image: PhotoAnimator) -> None:
    with pytest.raises(ValueError, match="at least one"):
        image.enroll([])


def test_a_method_of_another_mode_says_which(image: PhotoAnimator, photo: np.ndarray) -> None:
    portrait = image.enroll(photo)
    with pytest.raises(RuntimeError, match=r"VIDEO.*IMAGE"):
        image.animate_for_video(portrait, photo, 0)
    with pytest.raises(RuntimeError, match=r"LIVE_STREAM.*IMAGE"):
        image.animate_async(portrait, photo, 0)


def test_time_must_move_forward(video: PhotoAnimator, photo: np.ndarray) -> None:
    portrait = video.enroll(photo)
    video.animate_for_video(portrait, photo, 40)
    with pytest.raises(ValueError, match="must increase"):
        video.animate_for_video(portrait, photo, 40)
    video.animate_for_video(portrait, photo, 80)
    video.reset()
    video.animate_for_video(portrait, photo, 0)


def test_a_lost_face_holds_the_last_pose(video: PhotoAnimator, photo: np.ndarray) -> None:
    portrait = video.enroll(photo)
    nothing = np.zeros_like(photo)
    before = video.animate_for_video(portrait, nothing, 0)
    assert not before.driver_found
    assert np.array_equal(before.image, photo)
    seen = video.animate_for_video(portrait, photo, 40)
    lost = video.animate_for_video(portrait, nothing, 80)
    assert seen.driver_found and not lost.driver_found
    assert np.array_equal(lost.image, seen.image)
    assert video.animate_for_video(portrait, photo, 120).driver_found


@pytest.fixture
def joined(video: PhotoAnimator, monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, np.ndarray]]:
    """A driver whose second take shows the face lower right and larger: a blank picture for each scripted face.

    The head shakes, from mid-shake to rest, in the first take, and nods likewise in the second.
    """
    faces = [
        *builtin_motions.load("shake").landmarks[28::4],
        *(builtin_motions.load("nod").landmarks[24::4] * 1.2 + np.float32(40.0)),
    ]
    cut = len(builtin_motions.load("shake").landmarks[28::4])
    pictures = [np.full((48, 64, 3), 90 if index < cut else 160, np.uint8) for index in range(len(faces))]
    for index, picture in enumerate(pictures):
        picture[0, 0, 0] = index

    def scripted(picture: np.ndarray, *_: object, **__: object) -> list[Face]:
        return [Face(faces[picture[0, 0, 0]].astype(np.float32), 1.0)]

    monkeypatch.setattr(video._driver_tracker, "look_at", scripted)
    monkeypatch.setattr(video._driver_tracker, "search", scripted)
    return [(160.0 * index, picture) for index, picture in enumerate(pictures)]


def test_a_video_is_counted_from_rest_and_cuts_do_not_show(
    video: PhotoAnimator, photo: np.ndarray, joined: list[tuple[float, np.ndarray]]
) -> None:
    portrait = video.enroll(photo)
    frames = list(video.play_video(portrait, joined))
    cut = next(index for index, (_, picture) in enumerate(joined) if picture[1, 1, 1] == 160)
    assert [index for index, frame in enumerate(frames) if frame.cut] == [cut]
    assert [frame.timestamp_ms for frame in frames] == [time for time, _ in joined]
    poses = np.array([frame.landmarks[:, :2] for frame in frames])
    rest = portrait.crop.to_unit(portrait.landmarks)[:, :2]
    width = np.linalg.norm(rest[234] - rest[454])
    off = np.linalg.norm(poses - rest, axis=-1).mean(1) / width
    assert off[cut - 1] < 0.05 and off[-1] < 0.05  # the driver looks straight ahead at the end of both takes
    assert off[0] > 0.05  # and not in the first frame
    steps = np.linalg.norm(np.diff(poses, axis=0), axis=-1).mean(1)
    assert steps[cut - 1] < np.median(steps)


def test_a_videos_first_frame_can_be_what_counts(
    video: PhotoAnimator, photo: np.ndarray, joined: list[tuple[float, np.ndarray]]
) -> None:
    portrait = video.enroll(photo)
    rest = portrait.crop.to_unit(portrait.landmarks)
    for reference, number in (("first", 0), (3, 3)):
        frames = list(video.play_video(portrait, joined[:6], reference))  # type: ignore[arg-type]
        off = [float(np.abs(frame.landmarks - rest).max()) for frame in frames]
        assert int(np.argmin(off)) == number
    assert off[3] < 0.02  # smoothed
    with pytest.raises(ValueError, match="the reference is frame 9999, but the driver has 6 frames"):
        next(video.play_video(portrait, joined[:6], 9999))
    with pytest.raises(ValueError, match="the reference must be"):
        next(video.play_video(portrait, joined[:6], "last"))  # type: ignore[arg-type]


def test_frame_by_frame_the_motion_starts_anew_after_a_cut(
    video: PhotoAnimator, photo: np.ndarray, joined: list[tuple[float, np.ndarray]]
) -> None:
    portrait = video.enroll(photo)
    frames = [video.animate_for_video(portrait, picture, time) for time, picture in joined]
    cut = next(index for index, (_, picture) in enumerate(joined) if picture[1, 1, 1] == 160)
    assert [index for index, frame in enumerate(frames) if frame.cut] == [cut]
    poses = np.array([frame.landmarks[:, :2] for frame in frames])
    rest = portrait.crop.to_unit(portrait.landmarks)[:, :2]
    assert np.abs(poses[0] - rest).max() < 1e-6  # what is to come is not known
    off = np.linalg.norm(poses - rest, axis=-1).mean(1) / np.linalg.norm(rest[234] - rest[454])
    assert off[cut - 1] < 0.05 and off[-1] < 0.05
    steps = np.linalg.norm(np.diff(poses, axis=0), axis=-1).mean(1)
    assert steps[cut - 1] < np.median(steps)


def test_a_closed_animator_says_so(photo: np.ndarray) -> None:
    animator = PhotoAnimator.create_from_options(PhotoAnimatorOptions())
    animator.close()
    animator.close()
    with pytest.raises(RuntimeError, match="closed"):
        animator.enroll(photo)


@pytest.mark.parametrize("mode", RunningMode)
def test_close_lets_the_networks_go(mode: RunningMode, photo: np.ndarray) -> None:
    live = mode is RunningMode.LIVE_STREAM
    arrived = threading.Event()
    options = PhotoAnimatorOptions(running_mode=mode, result_callback=(lambda *_: arrived.set()) if live else None)
    animator = PhotoAnimator.create_from_options(options)
    portrait = animator.enroll(photo)
    if mode is RunningMode.IMAGE:
        animator.animate(portrait, photo)
    elif mode is RunningMode.VIDEO:
        animator.animate_for_video(portrait, photo, 0.0)
    else:
        animator.animate_async(portrait, photo, 0.0)
        assert arrived.wait(30)
    tracking = animator._driver_tracker._open()
    assert animator._photo_tracker._open() is tracking  # loaded once
    held: list[weakref.ref[Any]] = [
        weakref.ref(animator._networks),
        weakref.ref(tracking),
        weakref.ref(tracking.detector),
    ]
    del tracking
    animator.close()
    gc.collect()
    assert [reference() for reference in held] == [None, None, None]


def test_photos_can_be_enrolled_while_a_live_driver_is_followed(photo: np.ndarray) -> None:
    """The trackers' networks are shared: each call has them for itself."""
    arrived: list[AnimatedFrame] = []
    options = PhotoAnimatorOptions(
        running_mode=RunningMode.LIVE_STREAM, result_callback=lambda frame, _: arrived.append(frame)
    )
    with PhotoAnimator.create_from_options(options) as animator:
        portrait = animator.enroll(photo)
        for time in range(12):
            animator.animate_async(portrait, np.ascontiguousarray(np.roll(photo, time, axis=1)), float(time))
            again = animator.enroll(photo)
            assert np.array_equal(again.landmarks, portrait.landmarks)
    assert arrived and all(frame.driver_found for frame in arrived)


def test_what_the_animate_network_does_not_take_is_not_kept(image: PhotoAnimator, photo: np.ndarray) -> None:
    (enrolled,) = image.enroll(photo).enrolled
    taken = {entry["name"] for entry in image.bundle.part_manifest("animate")["inputs"]}
    assert "photo" not in taken
    assert set(enrolled.inputs) == taken - {"target_landmarks", "surroundings"}


def test_options_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(ValueError, match="needs a result_callback"):
        PhotoAnimatorOptions(running_mode=RunningMode.LIVE_STREAM)
    with pytest.raises(ValueError, match="result_callback is for LIVE_STREAM"):
        PhotoAnimatorOptions(result_callback=lambda frame, time: None)


def test_live_results_arrive_in_order_and_late_frames_are_left_out(photo: np.ndarray) -> None:
    arrived: list[float] = []
    busy, go_on = threading.Event(), threading.Event()

    def receive(frame: AnimatedFrame, timestamp_ms: float) -> None:
        assert frame.timestamp_ms == timestamp_ms
        arrived.append(timestamp_ms)
        busy.set()
        go_on.wait(30)

    options = PhotoAnimatorOptions(running_mode=RunningMode.LIVE_STREAM, result_callback=receive)
    with PhotoAnimator.create_from_options(options) as animator:
        portrait = animator.enroll(photo)
        animator.animate_async(portrait, photo, 0)
        assert busy.wait(30)
        for time in (40, 80, 120):
            animator.animate_async(portrait, photo, time)
        with pytest.raises(ValueError, match="must increase"):
            animator.animate_async(portrait, photo, 100)
        busy.clear()
        go_on.set()
        assert busy.wait(30)
    assert arrived == [0, 120]


def test_an_error_in_the_callback_reaches_the_caller(photo: np.ndarray) -> None:
    failed = threading.Event()

    def fail(frame: AnimatedFrame, timestamp_ms: float) -> None:
        failed.set()
        raise KeyError("the app's own mistake")

    options = PhotoAnimatorOptions(running_mode=RunningMode.LIVE_STREAM, result_callback=fail)
    animator = PhotoAnimator.create_from_options(options)
    animator.animate_async(animator.enroll(photo), photo, 0)
    assert failed.wait(30)
    held = weakref.ref(animator._networks)
    with pytest.raises(RuntimeError, match="mistake"):
        animator.close()
    gc.collect()
    assert held() is None


# What surrounds the driver's head

PANS = (0, 8, -12)
EXACT = RetargetOptions(absolute=True, smooth=False)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray | None]:
    """The surroundings of every frame that the animate network is asked for, in order."""
    seen: list[np.ndarray | None] = []
    animate = BundleNetworks.animate

    def note(self: BundleNetworks, *inputs: Any) -> NetworkFrame:
        seen.append(inputs[2] if len(inputs) > 2 else None)
        return animate(self, *inputs)

    monkeypatch.setattr(BundleNetworks, "animate", note)
    return seen


@pytest.fixture(scope="module")
def pan(photo: np.ndarray) -> list[tuple[float, np.ndarray]]:
    """The photo as a driver whose camera pans."""
    return [(40.0 * index, np.roll(photo, shift, axis=1)) for index, shift in enumerate(PANS)]


def _is_the_pan(surroundings: list[np.ndarray | None], side: float) -> bool:
    columns = [float(np.median(flow[..., 0])) for flow in surroundings if flow is not None]
    return len(columns) == len(PANS) and bool(np.allclose(columns, -np.array(PANS) / side, atol=0.005))


@pytest.mark.parametrize(
    ("retarget", "taken"),
    [(EXACT, True), (RetargetOptions(smooth=False), False), (replace(EXACT, gains={"pose": 0.5}), False)],
)
def test_a_videos_surroundings_come_along_with_the_head(
    asked: list[np.ndarray | None],
    pan: list[tuple[float, np.ndarray]],
    photo: np.ndarray,
    retarget: RetargetOptions,
    taken: bool,
) -> None:
    options = PhotoAnimatorOptions(running_mode=RunningMode.VIDEO, retarget=retarget)
    with PhotoAnimator.create_from_options(options) as animator:
        portrait = animator.enroll(photo)
        for time, frame in pan:
            animator.animate_for_video(portrait, frame, time)
        assert _is_the_pan(asked, portrait.crop.side) if taken else asked == [None] * len(PANS)
        with FaceTracker(settle=True) as tracker:
            motion = Motion.from_frames(pan, tracker)
        asked.clear()
        for _ in animator.play(portrait, motion):
            pass
        assert _is_the_pan(asked, portrait.crop.side) if taken else asked == [None] * len(PANS)
        asked.clear()
        for _ in animator.play(portrait, replace(motion, surroundings=None)):
            pass
        assert asked == [None] * len(PANS)


def test_a_live_cameras_surroundings_come_along(
    asked: list[np.ndarray | None], pan: list[tuple[float, np.ndarray]], photo: np.ndarray
) -> None:
    arrived = threading.Semaphore(0)
    options = PhotoAnimatorOptions(
        running_mode=RunningMode.LIVE_STREAM, retarget=EXACT, result_callback=lambda frame, time: arrived.release()
    )
    with PhotoAnimator.create_from_options(options) as animator:
        portrait = animator.enroll(photo)
        for time, frame in pan:
            animator.animate_async(portrait, frame, time)
            assert arrived.acquire(timeout=60)
    assert _is_the_pan(asked, portrait.crop.side)


def test_smoothed_surroundings_trail_like_the_head(
    asked: list[np.ndarray | None], pan: list[tuple[float, np.ndarray]], photo: np.ndarray
) -> None:
    options = PhotoAnimatorOptions(running_mode=RunningMode.VIDEO, retarget=replace(EXACT, smooth=True))
    with PhotoAnimator.create_from_options(options) as animator:
        portrait = animator.enroll(photo)
        first, second, _ = [animator.animate_for_video(portrait, frame, time) for time, frame in pan]
    moved = float((second.landmarks - first.landmarks)[:, 0].mean())
    assert 0 < moved < 0.95 * PANS[1] / portrait.crop.side
    # The tracker reads a sudden step to a third of a pixel, in the network's picture.
    trailing = asked[1]
    assert trailing is not None and float(np.median(trailing[..., 0])) == pytest.approx(-moved, abs=0.0015)


def test_a_single_picture_has_no_surroundings(asked: list[np.ndarray | None], photo: np.ndarray) -> None:
    with PhotoAnimator.create_from_options(PhotoAnimatorOptions(retarget=EXACT)) as animator:
        animator.animate(animator.enroll(photo), photo)
    assert asked == [None]


def test_the_first_photo_of_a_person_alone_takes_surroundings(
    asked: list[np.ndarray | None], pan: list[tuple[float, np.ndarray]], photo: np.ndarray
) -> None:
    options = PhotoAnimatorOptions(running_mode=RunningMode.VIDEO, retarget=EXACT)
    with PhotoAnimator.create_from_options(options) as animator:
        portrait = animator.enroll([load_image(OTHER), photo])
        for time, frame in pan:
            animator.animate_for_video(portrait, frame, time)
    assert [flow is None for flow in asked] == [False, True] * len(PANS)


def test_unknown_is_what_the_network_gets_without_surroundings(image: PhotoAnimator, photo: np.ndarray) -> None:
    portrait = image.enroll(photo)
    landmarks = portrait.crop.to_unit(portrait.landmarks)
    networks = BundleNetworks(image.bundle, RuntimeOptions(num_threads=1))
    without = networks.animate(portrait.enrolled[0], landmarks)
    zeros = networks.animate(portrait.enrolled[0], landmarks, unknown_surroundings())
    assert np.array_equal(without.painted, zeros.painted) and np.array_equal(without.flow, zeros.flow)


def test_the_shipped_network_lets_the_background_follow_the_driver(image: PhotoAnimator, photo: np.ndarray) -> None:
    portrait = image.enroll(photo)
    landmarks = portrait.crop.to_unit(portrait.landmarks)
    moved = np.broadcast_to(np.array([-0.05, 0, 1], np.float32), (16, 16, 3))
    networks = BundleNetworks(image.bundle, RuntimeOptions(num_threads=1))
    still = networks.animate(portrait.enrolled[0], landmarks, moved * np.array([0, 0, 1], np.float32))
    pushed = networks.animate(portrait.enrolled[0], landmarks, moved.copy())
    corners = np.s_[:16, [*range(16), *range(-16, 0)], 0]
    assert float(pushed.flow[corners].mean() - still.flow[corners].mean()) < -0.01
    with pytest.raises(ValueError, match="surroundings"):
        networks.animate(portrait.enrolled[0], landmarks, np.zeros((8, 8, 3), np.float32))


def test_a_black_and_white_photo_stays_black_and_white(image: PhotoAnimator, photo: np.ndarray) -> None:
    grey = np.repeat(photo.mean(-1, keepdims=True).astype(np.uint8), 3, -1)
    frames = list(image.play(image.enroll(grey), builtin_motions.load("laugh")))
    middle = frames[len(frames) // 2]
    for picture in (middle.image, middle.crop_image):
        assert (picture == picture[..., :1]).all()


def test_the_sdk_never_imports_torch() -> None:
    import subprocess
    import sys

    code = "import sys, monalive, monalive.cli.main; sys.exit('torch' in sys.modules or 'mediapipe' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_motion_that_loops_leads_into_its_beginning(image: PhotoAnimator, photo: np.ndarray) -> None:
    around = 2 * np.pi * np.arange(25) / 25
    performance = Performance(np.arange(25) / 25, 1.0)
    performance.head[:, 0] = 12 * np.sin(around)
    performance.add(0.5 - 0.5 * np.cos(around), jawOpen=0.4)
    motion = Motion.from_landmarks(performance.landmarks(), IMAGE_SIZE, 25.0, loop=True)
    portrait = image.enroll(photo)
    shown = np.array([frame.landmarks[:, :2] for frame in image.play(portrait, motion)])
    steps = np.linalg.norm(np.roll(shown, -1, axis=0) - shown, axis=-1).mean(axis=1)
    assert steps[-1] < 1.05 * steps[[0, -2]].max()  # from the last frame to the first


def test_large_photos_are_made_smaller_and_it_is_said_once(
    tmp_path: Path, photo: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "photo.jpg"
    save_image(path, photo)
    side = photo.shape[0]
    for longest, expected in ((side // 2, side // 2), (None, side), (side, side)):
        caplog.clear()
        options = PhotoAnimatorOptions(longest_side=longest)
        with PhotoAnimator.create_from_options(options) as animator:
            assert animator.enroll([path, path]).photo.shape == (expected, expected, 3)
            assert animator.enroll(photo).photo.shape == photo.shape  # an array is taken as it is
        said = [record for record in caplog.messages if "longest_side" in record]
        assert len(said) == (expected < side)
    with pytest.raises(ValueError, match="at least 16"):
        PhotoAnimatorOptions(longest_side=3)


def test_more_faces_than_are_taken_are_said(photo: np.ndarray, caplog: pytest.LogCaptureFixture) -> None:
    square = photo[: min(photo.shape[:2]), : min(photo.shape[:2])]
    three = np.full((300, 900, 3), 120, np.uint8)
    for index, side in enumerate((150, 240, 190)):
        copy = cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA)
        left = 300 * index + 150 - side // 2
        three[150 - side // 2 : 150 - side // 2 + side, left : left + side] = copy
    with PhotoAnimator.create_from_options(PhotoAnimatorOptions(max_faces=2)) as animator:
        animator.enroll(three, consent="artwork")
        assert "more than" not in caplog.text  # the largest is among those taken
        middle, right = animator.enroll_all(three, consent="artwork")
    assert middle.crop.x < right.crop.x
    assert "the photo shows more than 2 faces: only the largest are taken; raise max_faces" in caplog.text


@pytest.mark.parametrize(
    ("option", "says"), [({"max_faces": 0}, "max_faces"), ({"driver_face": "left"}, "driving face")]
)
def test_options_for_faces(option: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        PhotoAnimatorOptions(**option)
