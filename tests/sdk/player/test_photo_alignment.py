"""Several photos laid over the first: those of the same view whole, of others the face."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import pytest

from monalive import Motion, PhotoAnimator, PhotoAnimatorOptions, RetargetOptions, load_image
from monalive.faces.crop import SquareCrop
from monalive.faces.expressions import load_expressions
from monalive.networks.runtimes import RuntimeOptions
from monalive.player.photo_alignment import aligned, is_same_view, surroundings_since, surroundings_to
from monalive.portrait import PhotoOfPerson

SIZE = 256
SAMPLE = Path(str(resources.files("monalive").joinpath("assets", "sample_portrait.jpg")))
SHIFT = 24  # pixels of the sample portrait
BESIDE = np.s_[300:420, 90:165]  # beside its face


def _photo(place: int, shift: int = 0, seed: int = 0) -> PhotoOfPerson:
    """A face-coloured oval with landmarks, `shift` pixels to the right, before the texture number `place`."""
    texture = np.random.default_rng(place).integers(0, 255, (16, 16, 3)).astype(np.uint8)
    image = cv2.resize(texture, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    mean = load_expressions().mean_face
    low, high = mean.min(0), mean.max(0)
    landmarks = ((mean - (low + high) / 2) / (high - low).max() * 110 + [128 + shift, 140, 0]).astype(np.float32)
    cv2.ellipse(image, (128 + shift, 140), (48, 62), 0, 0, 360, (190, 150, 120 + 5 * seed), -1)
    return PhotoOfPerson(np.asarray(image, np.uint8), landmarks, SquareCrop(0.0, 0.0, float(SIZE)))


def test_a_photo_of_the_same_view_stays_as_it_is() -> None:
    first, other = _photo(0), _photo(0, shift=9)
    laid = aligned(PhotoOfPerson(other.image, other.landmarks, SquareCrop(8.0, 3.0, 230.0)), first)
    assert laid.crop == first.crop and laid.image is other.image
    assert is_same_view(laid, first)


def test_of_a_photo_of_another_place_the_head_is_laid_over_the_first_ones() -> None:
    first, other = _photo(0), _photo(1, shift=9)
    laid = aligned(other, first)
    assert not is_same_view(laid, first)
    assert laid.crop.x == pytest.approx(9, abs=0.01) and laid.crop.side == pytest.approx(SIZE, abs=0.01)


def test_a_photo_of_another_size_is_another_view() -> None:
    first, other = _photo(0), _photo(0)
    larger = PhotoOfPerson(np.pad(other.image, ((0, 40), (0, 0), (0, 0))), other.landmarks, other.crop)
    assert not is_same_view(aligned(larger, first), first)


def test_surroundings_are_measured_from_the_other_photo_on() -> None:
    first = _photo(0)
    moved = PhotoOfPerson(np.roll(first.image, 8, 1), first.landmarks + np.array([8, 0, 0], np.float32), first.crop)
    to_photo = surroundings_to(moved, first)
    corner = to_photo[2:5, 2:4]
    assert corner[..., 0] == pytest.approx(-8 / SIZE, abs=0.006) and corner[..., 1] == pytest.approx(0, abs=0.006)
    to_frame = np.zeros((16, 16, 3), np.float32)
    to_frame[..., 0], to_frame[..., 2] = -12 / SIZE, 0.5
    since = surroundings_since(to_frame, to_photo)
    assert since[2:5, 2:4, 0] == pytest.approx(-4 / SIZE, abs=0.006)
    assert (since[..., 2] <= to_photo[..., 2]).all() and since[..., 2].max() == 0.5


def _turned_to(shots: list[np.ndarray], *, absolute: bool) -> np.ndarray:
    """The sample portrait's last frame when its driver has moved by `SHIFT`."""
    options = PhotoAnimatorOptions(
        retarget=RetargetOptions(absolute=absolute, smooth=False), runtime=RuntimeOptions(num_threads=1)
    )
    with PhotoAnimator.create_from_options(options) as animator:
        portrait = animator.enroll(shots, consent="artwork")
        height, width = portrait.photo.shape[:2]
        landmarks = np.repeat(portrait.landmarks[None], 12, 0)
        landmarks[1:, :, 0] += SHIFT
        motion = Motion(landmarks, np.arange(12, dtype=np.float64) * 40.0, (width, height), 25.0, "to the right")
        return [frame.image for frame in animator.play(portrait, motion)][-1]


def test_another_shot_of_the_view_stands_in_whole_in_absolute_transfer_alone() -> None:
    first = load_image(SAMPLE)
    second = np.roll(first, SHIFT, 1)
    several, alone = _turned_to([first, second], absolute=True), _turned_to([first], absolute=True)
    assert _away(several[BESIDE], second[BESIDE]) < 0.5 * _away(alone[BESIDE], second[BESIDE])
    several, alone = _turned_to([first, second], absolute=False), _turned_to([first], absolute=False)
    assert np.array_equal(several[BESIDE], alone[BESIDE]) and not np.array_equal(several, alone)


def _away(picture: np.ndarray, true: np.ndarray) -> float:
    return float(np.abs(picture.astype(float) - true).mean())
