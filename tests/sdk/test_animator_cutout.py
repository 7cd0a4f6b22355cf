"""Cut-out photos: their outline moves with the head, and what they hide is never seen."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from monalive import (
    AnimatedFrame,
    Motion,
    PhotoAnimator,
    PhotoAnimatorOptions,
    RuntimeOptions,
    builtin_motions,
    load_image,
)
from monalive.media.video_io import VideoReader
from monalive.packaged_assets import sample_portrait_path
from monalive.render.animation import AnimationRequest, animate_photos
from monalive.trust.disclosure import Disclosure

SIDE = 384
GREEN = (0, 255, 0)


@pytest.fixture(scope="module")
def animator() -> Iterator[PhotoAnimator]:
    with PhotoAnimator.create_from_options(PhotoAnimatorOptions(runtime=RuntimeOptions(num_threads=1))) as made:
        yield made


@pytest.fixture(scope="module")
def cut_out() -> np.ndarray:
    """(SIDE, SIDE, 4): the sample portrait's head; pure green is hidden around it."""
    face = cv2.resize(load_image(sample_portrait_path()), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    alpha = np.zeros((SIDE * 4, SIDE * 4), np.uint8)
    middle, axes = (SIDE * 2, int(SIDE * 2.1)), (int(SIDE * 1.35), int(SIDE * 1.8))
    cv2.ellipse(alpha, middle, axes, 0, 0, 360, (255,), -1)
    alpha = np.asarray(cv2.resize(alpha, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
    colours = np.where((alpha > 0)[..., None], face, np.array(GREEN, np.uint8))
    return np.dstack([colours, alpha]).astype(np.uint8)


def sideways(animator: PhotoAnimator, cut_out: np.ndarray, share: float) -> list[AnimatedFrame]:
    """Two frames: at rest, and with the head moved to the right by a share of its crop."""
    portrait = animator.enroll(cut_out, consent="artwork")
    rest = portrait.landmarks
    away = rest + np.array([share * portrait.crop.side, 0, 0], np.float32)
    motion = Motion(np.stack([rest, away]), np.array([0.0, 5000.0]), (SIDE, SIDE), 25.0, "aside")
    return list(animator.play(portrait, motion))


def outline(rgba: np.ndarray, row: int) -> tuple[float, float]:
    """Where the left and the right edge lie in a row, at half alpha."""
    opaque = rgba[row, :, 3].astype(float) / 255
    middle = rgba.shape[1] // 2
    return middle - opaque[:middle].sum(), middle + opaque[middle:].sum()


def greenness(rgba: np.ndarray) -> int:
    """How much greener than red and blue what is seen is at most."""
    seen = rgba[rgba[..., 3] > 0].astype(int)
    return int((seen[:, 1] - np.maximum(seen[:, 0], seen[:, 2])).max())


def test_the_outline_moves_with_the_head(animator: PhotoAnimator, cut_out: np.ndarray) -> None:
    rest, moved = sideways(animator, cut_out, 0.06)
    assert rest.rgba is not None and moved.rgba is not None
    row = int(rest.crop.to_pixels(rest.landmarks)[168, 1])  # between the eyes
    wanted = float(moved.crop.to_pixels(moved.landmarks)[168, 0] - rest.crop.to_pixels(rest.landmarks)[168, 0])
    assert wanted > 8
    for before, after in zip(outline(rest.rgba, row), outline(moved.rgba, row), strict=True):
        assert after - before == pytest.approx(wanted, rel=0.35)


def test_at_rest_the_outline_is_the_photos(animator: PhotoAnimator, cut_out: np.ndarray) -> None:
    rest = sideways(animator, cut_out, 0.06)[0]
    assert rest.rgba is not None
    assert np.abs(rest.rgba[..., 3].astype(int) - cut_out[..., 3]).mean() < 2


def test_inside_opaque_outside_clear_and_nothing_hidden_is_seen(animator: PhotoAnimator, cut_out: np.ndarray) -> None:
    assert greenness(np.dstack([cut_out[..., :3], np.full((SIDE, SIDE), 255, np.uint8)])) == 255
    for frame in sideways(animator, cut_out, 0.06):
        assert frame.rgba is not None and frame.rgba.shape == (SIDE, SIDE, 4)
        assert greenness(frame.rgba) < 30
        face = frame.crop.to_pixels(frame.landmarks)[:, :2].round().astype(int).clip(0, SIDE - 1)
        assert frame.rgba[face[:, 1], face[:, 0], 3].min() == 255
        assert frame.rgba[:8, :8, 3].max() == 0 and frame.rgba[-8:, -8:, 3].max() == 0
        assert (frame.image[:8, :8] == 255).all()  # shown on white
        assert (frame.on((10, 20, 30))[:8, :8] == (10, 20, 30)).all()
        assert np.array_equal(frame.on((255, 255, 255)), frame.image)


def test_an_opaque_photo_has_no_alpha(animator: PhotoAnimator, cut_out: np.ndarray) -> None:
    portrait = animator.enroll(np.ascontiguousarray(cut_out[..., :3]), consent="artwork")
    frame = next(animator.play(portrait, builtin_motions.load("nod")))
    assert portrait.alpha is None and frame.rgba is None and frame.on((1, 2, 3)) is frame.image


def test_several_cut_out_faces(animator: PhotoAnimator, cut_out: np.ndarray) -> None:
    """Beside each other, and so near that their crops overlap."""
    for step in (SIDE, SIDE - 90):
        pair = np.zeros((SIDE, SIDE + step, 4), np.uint8)
        pair[:, :SIDE] = cut_out
        other = cut_out[..., 3:] > 0
        pair[:, step:] = np.where(other, cut_out, pair[:, step:])
        portraits = animator.enroll_all(pair, consent="artwork")
        assert len(portraits) == 2
        motion = builtin_motions.load("nod")
        *_, frame = animator.play(
            portraits, replace(motion, landmarks=motion.landmarks[:8], timestamps_ms=motion.timestamps_ms[:8])
        )
        assert frame.rgba is not None and greenness(frame.rgba) < 30
        for portrait in portraits:
            x, y = portrait.landmarks[4, :2].astype(int)
            assert frame.rgba[y, x, 3] == 255
        assert frame.rgba[:8, :8, 3].max() == 0


def test_a_saved_portrait_is_cut_out_when_loaded(animator: PhotoAnimator, cut_out: np.ndarray, tmp_path: Path) -> None:
    portrait = animator.enroll(cut_out, consent="artwork")
    portrait.save(tmp_path / "a.portrait")
    again = animator.load_portrait(tmp_path / "a.portrait")
    assert portrait.alpha is not None and again.alpha is not None
    assert np.array_equal(again.alpha, portrait.alpha) and np.array_equal(again.photo, portrait.photo)


@pytest.mark.parametrize(
    ("name", "background", "corner", "told"),
    [
        ("a.mp4", None, (255, 255, 255), "a.mp4 cannot be: its background is white; --background sets another colour"),
        ("a.mp4", "#204080", (32, 64, 128), ""),
        ("a.png", "navy", (0, 0, 128), ""),
        ("a.png", None, None, ""),
    ],
)
def test_files(
    cut_out: np.ndarray,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    name: str,
    background: str | None,
    corner: tuple[int, int, int] | None,
    told: str,
) -> None:
    Image.fromarray(cut_out).save(tmp_path / "cut.png")
    said = Disclosure(credentials=False, pixel_mark=False)
    with caplog.at_level(logging.WARNING):
        animate_photos(
            AnimationRequest(
                [tmp_path / "cut.png"], tmp_path / name, "nod", seconds=0.04, background=background, disclosure=said
            )
        )
    cut_lines = [line for line in caplog.messages if "cut out" in line]
    assert (told in cut_lines[0]) if told else not cut_lines
    if name.endswith(".mp4"):
        _, shown = next(iter(VideoReader(tmp_path / name)))
    else:
        shown = np.array(Image.open(tmp_path / name))
    if corner is None:
        assert shown.shape[2] == 4 and shown[:8, :8, 3].max() == 0
    else:
        assert shown.shape[2] == 3 and np.abs(shown[:8, :8].astype(int) - corner).max() <= 3


def test_a_background_behind_an_opaque_photo_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        animate_photos(
            AnimationRequest(
                [sample_portrait_path()], tmp_path / "a.png", "nod", seconds=0.04, background="red", size=300
            )
        )
    assert any("not a cut-out" in line for line in caplog.messages)


def test_no_colour_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'blau' is not a colour; give a name such as white, or #rrggbb"):
        animate_photos(AnimationRequest([tmp_path / "missing.png"], tmp_path / "a.mp4", "nod", background="blau"))
