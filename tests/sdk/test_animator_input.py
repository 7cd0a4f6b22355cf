"""What an animator takes: photos in every form, modes and motions by name; what it says of wrong ones."""

from __future__ import annotations

import io
import logging
import multiprocessing
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from monalive import (
    AnimatedFrame,
    Motion,
    PhotoAnimator,
    PhotoAnimatorOptions,
    RunningMode,
    RuntimeOptions,
    builtin_motions,
    load_image,
)
from monalive.packaged_assets import sample_portrait_path, sample_portrait_paths

SAMPLE = sample_portrait_path()


@pytest.fixture(scope="module")
def animator() -> Iterator[PhotoAnimator]:
    with PhotoAnimator.create_from_options(PhotoAnimatorOptions(runtime=RuntimeOptions(num_threads=1))) as made:
        yield made


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return load_image(SAMPLE)


@pytest.mark.parametrize(
    "form",
    [
        lambda: str(SAMPLE),
        lambda: SAMPLE,
        SAMPLE.read_bytes,
        lambda: bytearray(SAMPLE.read_bytes()),
        lambda: memoryview(SAMPLE.read_bytes()),
        lambda: Image.open(SAMPLE),
        lambda: [Image.open(SAMPLE)],
        lambda: np.ascontiguousarray(load_image(SAMPLE)[..., ::-1])[..., ::-1],  # OpenCV's, its colours in order
        lambda: (SAMPLE.read_bytes(),),
    ],
)
def test_a_photo_in_any_form_is_the_same_photo(animator: PhotoAnimator, photo: np.ndarray, form: Any) -> None:
    assert np.array_equal(animator.enroll(form(), consent="artwork").photo, photo)


def test_a_pillow_image_is_turned_upright_and_laid_over_white(animator: PhotoAnimator, photo: np.ndarray) -> None:
    lying = Image.fromarray(np.ascontiguousarray(np.rot90(photo))).convert("RGBA")
    lying.putpixel((0, 0), (0, 0, 0, 0))
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = io.BytesIO()
    lying.save(stored, "PNG", exif=exif)
    portrait = animator.enroll(Image.open(stored), consent="artwork")
    assert portrait.photo.shape == photo.shape
    assert np.abs(portrait.photo.astype(int) - photo).max(-1).astype(bool).sum() == 1
    assert animator.enroll(Image.open(SAMPLE).convert("CMYK"), consent="artwork").photo.shape == photo.shape
    assert len(animator.enroll_all(Image.open(SAMPLE), consent="artwork")) == 1


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (None, "not None"),
        ([None], "not None"),
        ([], "at least one"),
        (3, "not a int"),
        ({"a": 1}, "not a dict"),
        (b"", "empty"),
        (b"not a picture", "known format"),
        (SAMPLE.read_bytes()[:3000], "damaged or cut short"),
        (np.zeros((8, 8), np.float32), "float32"),
        (Image.new("L", (64, 64)), "no face"),
    ],
)
def test_what_is_no_photo_is_refused_in_words(animator: PhotoAnimator, given: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        animator.enroll(given, consent="artwork")
    if not isinstance(given, list):
        with pytest.raises(ValueError, match=told):
            animator.enroll_all(given, consent="artwork")


@pytest.mark.parametrize("name", ["VIDEO", "video", RunningMode.VIDEO])
def test_a_running_mode_by_its_name(name: str | RunningMode) -> None:
    assert PhotoAnimatorOptions(running_mode=name).running_mode is RunningMode.VIDEO


@pytest.mark.parametrize("name", ["MOVIE", "", None, 2])
def test_a_running_mode_that_does_not_exist(name: Any) -> None:
    with pytest.raises(ValueError, match="choose from IMAGE, VIDEO, LIVE_STREAM"):
        PhotoAnimatorOptions(running_mode=name)


def test_the_mode_by_name_works() -> None:
    options = PhotoAnimatorOptions(running_mode="VIDEO", runtime=RuntimeOptions(num_threads=1))
    with PhotoAnimator.create_from_options(options) as animator:
        portrait = animator.enroll(SAMPLE, consent="artwork")
        assert animator.animate_for_video(portrait, portrait.photo, 0.0).driver_found
        for bad in (float("inf"), float("-inf")):
            with pytest.raises(ValueError, match="finite"):
                animator.animate_for_video(portrait, portrait.photo, bad)
        assert animator.animate_for_video(portrait, portrait.photo, 40.0).timestamp_ms == 40.0
        with pytest.raises(RuntimeError, match="made for VIDEO"):
            animator.animate(portrait, portrait.photo)


def test_a_motion_by_its_name_or_file(animator: PhotoAnimator, tmp_path: Path) -> None:
    portrait = animator.enroll(SAMPLE, consent="artwork")
    wink = builtin_motions.load("wink")
    wink.save(tmp_path / "a.motion")
    rounded = Motion.load(tmp_path / "a.motion")
    for motion, same in (("wink", wink), (tmp_path / "a.motion", rounded), (str(tmp_path / "a.motion"), rounded)):
        assert np.array_equal(next(animator.play(portrait, motion)).image, next(animator.play(portrait, same)).image)
    with pytest.raises(ValueError, match="there is no motion 'wnik': choose from"):
        next(animator.play(portrait, "wnik"))


def test_representations_are_short(animator: PhotoAnimator) -> None:
    portrait = animator.enroll([SAMPLE, SAMPLE], consent="artwork")
    frame = next(animator.play(portrait, "wink"))
    things: list[object] = [portrait, portrait.enrolled, frame, builtin_motions.load("wink"), animator.bundle]
    for thing in things:
        assert len(repr(thing)) < 300 and "array" not in repr(thing), repr(thing)[:1000]
    height, width = portrait.photo.shape[:2]
    assert repr(portrait) == f"<Portrait: a photo of {width}x{height} and 1 more, consent artwork>"
    assert repr(frame).startswith("<AnimatedFrame of ") and repr(frame).endswith(" at 0 ms>")
    assert repr(things[3]).startswith("<Motion 'wink': ")


def test_a_motion_without_a_face_in_it(animator: PhotoAnimator) -> None:
    portrait = animator.enroll(SAMPLE, consent="artwork")
    for nothing in (np.full((2, 478, 3), 7, np.float32), np.zeros((2, 478, 3), np.float32)):
        with pytest.raises(ValueError, match="pose"):
            list(animator.play(portrait, Motion.from_landmarks(nothing, (64, 64))))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_is_refused_in_words(animator: PhotoAnimator) -> None:
    portrait = animator.enroll(SAMPLE, consent="artwork")
    context = multiprocessing.get_context("fork")
    mine, theirs = context.Pipe()

    def work() -> None:
        for call in (lambda: animator.enroll(SAMPLE), lambda: next(animator.play(portrait, "wink"))):
            try:
                theirs.send(repr(call()))
            except RuntimeError as error:
                theirs.send(str(error))
        animator.close()  # no dead-lock
        theirs.send("closed")

    child = context.Process(target=work)
    child.start()
    said = [mine.recv() for _ in range(3) if mine.poll(60)]
    child.join(60)
    assert [text.startswith("this animator was made before the process forked") for text in said] == [True, True, False]
    assert said[2] == "closed" and child.exitcode == 0
    assert next(animator.play(portrait, "wink")).driver_found  # here it works on


def test_a_callback_that_ends_the_program_is_reported(photo: np.ndarray) -> None:
    def leave(frame: AnimatedFrame, timestamp_ms: float) -> None:
        sys.exit(3)

    options = PhotoAnimatorOptions(
        running_mode="LIVE_STREAM", result_callback=leave, runtime=RuntimeOptions(num_threads=1)
    )
    animator = PhotoAnimator.create_from_options(options)
    portrait = animator.enroll(photo, consent="artwork")
    with pytest.raises(ValueError, match="finite"):
        animator.animate_async(portrait, photo, float("inf"))
    animator.animate_async(portrait, photo, 0.0)
    with pytest.raises(RuntimeError, match=r"failed: SystemExit\(3\)"):
        for index in range(1, 600):
            animator.animate_async(portrait, photo, index)
            time.sleep(0.05)
    with pytest.raises(RuntimeError, match=r"failed: SystemExit\(3\)"):
        for index in range(1000, 1600):  # the thread goes on
            animator.animate_async(portrait, photo, index)
            time.sleep(0.05)
    with suppress(RuntimeError):  # of a frame that was at work meanwhile
        animator.close()
    animator.close()


def test_no_notice_about_people_who_do_not_exist_or_works_of_art_already_named(
    photo: np.ndarray, animator: PhotoAnimator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("monalive.trust.consent._said", False)
    painting = np.ascontiguousarray(photo[:, ::-1])
    with caplog.at_level(logging.WARNING, "monalive"):
        animator.enroll(SAMPLE)
        animator.enroll(photo)
        animator.enroll_all(SAMPLE.read_bytes())
        animator.enroll(painting, consent="artwork")
        animator.enroll(painting)
        assert caplog.messages == []
        animator.enroll(np.ascontiguousarray(painting[1:]))
        assert len(caplog.messages) == 1 and "Faces are people" in caplog.messages[0]


def test_nothing_is_printed_by_the_libraries() -> None:
    program = textwrap.dedent("""
        from monalive import PhotoAnimator, PhotoAnimatorOptions
        from monalive.packaged_assets import sample_portrait_path, sample_portrait_paths
        with PhotoAnimator.create_from_options(PhotoAnimatorOptions()) as animator:
            next(animator.play(animator.enroll(sample_portrait_path()), "wink"))
    """)
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_picture_with_red_and_blue_swapped_is_hinted_at(
    animator: PhotoAnimator, photo: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "monalive"):
        for path in sample_portrait_paths():
            animator.enroll(load_image(path), consent="artwork")
        animator.enroll(np.repeat(photo.mean(-1, keepdims=True), 3, -1).astype(np.uint8), consent="artwork")  # grey
        assert caplog.messages == []
        for path in sample_portrait_paths():
            animator.enroll(np.ascontiguousarray(load_image(path)[..., ::-1]), consent="artwork")
    assert len(caplog.messages) == 2 and all("picture[..., ::-1]" in said for said in caplog.messages)
