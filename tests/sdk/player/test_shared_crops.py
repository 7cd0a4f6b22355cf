"""Neighbours whose crops overlap: everybody keeps their face, in whatever order they are named."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from monalive import Motion, PhotoAnimator, PhotoAnimatorOptions, RuntimeOptions, builtin_motions, load_image
from monalive.faces.crop import SquareCrop
from monalive.packaged_assets import sample_portrait_paths
from monalive.player.shared_crops import CropShares


def blended(crops: list[SquareCrop], values: list[int], size: tuple[int, int]) -> np.ndarray:
    shares, picture = CropShares(crops, *size), np.zeros((size[1], size[0], 3), np.uint8)
    for index in shares.order:
        inside = shares.inside(index)
        drawn = np.full((*picture[inside].shape[:2], 3), values[index], np.uint8)
        if shares.alone(index):
            picture[inside] = drawn
        else:
            shares.lay_over(picture, index, drawn)
    return picture[..., 0]


def test_a_crop_that_is_alone_shows_all_of_its_pixels() -> None:
    picture = blended([SquareCrop(5.0, 5.0, 20.0), SquareCrop(60.0, 5.0, 20.0)], [100, 200], (90, 40))
    assert picture[15, 15] == 100 and picture[6, 6] == 100 and picture[15, 65] == 200 and picture[15, 40] == 0


def test_each_shows_near_itself_and_both_in_the_middle() -> None:
    picture = blended([SquareCrop(0.0, 0.0, 100.0), SquareCrop(60.0, 0.0, 100.0)], [100, 200], (160, 100))
    row = picture[50].astype(int)
    assert (row[:60] == 100).all() and (row[100:] == 200).all()  # each is alone there
    assert row[79] == pytest.approx(150, abs=10) and row[80] == pytest.approx(150, abs=10)
    assert (np.diff(row) >= 0).all() and np.diff(row).max() < 20  # no seam
    assert row[70] < 110 and row[90] > 190


def test_the_order_changes_nothing() -> None:
    crops = [SquareCrop(0.0, 0.0, 60.0), SquareCrop(35.0, 10.0, 50.0), SquareCrop(20.5, 30.0, 60.0)]
    values = [40, 120, 220]
    expected = blended(crops, values, (100, 95))
    for order in itertools.permutations(range(3)):
        again = blended([crops[index] for index in order], [values[index] for index in order], (100, 95))
        np.testing.assert_array_equal(again, expected)


def test_touching_faces_do_not_change_with_their_order() -> None:
    """Cheek to cheek; in any order the frame is the same, and each face looks as it does alone."""
    one, other = (load_image(path) for path in sample_portrait_paths())
    close = np.concatenate([one[:, 60:-190], other[:, 190:-60]], axis=1)
    options = PhotoAnimatorOptions(runtime=RuntimeOptions(num_threads=1))
    motion = builtin_motions.load("shake")
    motion = Motion(motion.landmarks[[0, 17]], motion.timestamps_ms[[0, 17]], motion.image_size, motion.fps)
    with PhotoAnimator.create_from_options(options) as animator:
        people = animator.enroll_all(close, consent="artwork")
        assert len(people) == 2
        left, right = people
        assert left.crop.x + left.crop.side > right.crop.x + 50  # they do overlap
        *_, forth = animator.play([left, right], motion)
        *_, back = animator.play([right, left], motion)
        np.testing.assert_array_equal(forth.image, back.image)
        for person in people:
            *_, alone = animator.play(person, motion)
            face = person.landmarks[[33, 263, 10, 17], :2]  # from eye to eye, from the forehead to the lower lip
            (x0, y0), (x1, y1) = face.min(0).astype(int), face.max(0).astype(int)
            inner = np.s_[y0:y1, x0:x1]
            assert np.abs(forth.image[inner].astype(int) - alone.image[inner]).mean() < 1.0
