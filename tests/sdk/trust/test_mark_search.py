"""A mark is found where its face is, and told from one that was copied to another picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from monalive.faces.crop import SquareCrop, portrait_crop
from monalive.faces.tracker import FaceTracker
from monalive.measuring.benchmark import sway
from monalive.media.image_io import load_image
from monalive.packaged_assets import sample_portrait_path
from monalive.trust.mark_code import MarkMessage
from monalive.trust.mark_faces import face_squares
from monalive.trust.mark_picture import likeness, picture_bits
from monalive.trust.mark_search import search_mark
from monalive.trust.pixel_mark import LOSSLESS, PixelMark

MESSAGE = MarkMessage(0x5A3C)
Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def portrait() -> Picture:
    return np.asarray(
        cv2.resize(load_image(sample_portrait_path()), (384, 384), interpolation=cv2.INTER_AREA), np.uint8
    )


@pytest.fixture(scope="module")
def genuine(portrait: Picture) -> Picture:
    """Another picture of a face: nearer, turned round, in other light."""
    random = np.random.default_rng(2)
    light = np.linspace(1.35, 0.3, 384)[None, :, None] * np.linspace(0.5, 1.2, 384)[:, None, None]
    nearer = cv2.resize(portrait[30:300, 70:340, ::-1][:, ::-1], (384, 384), interpolation=cv2.INTER_CUBIC)
    lit = 20 + nearer.astype(float) * light + random.normal(0, 2, nearer.shape)
    return np.clip(lit, 0, 255).astype(np.uint8)


def in_large_photo(portrait: Picture, side: int) -> tuple[Picture, SquareCrop]:
    """1920 x 1280 pixels full of texture, the portrait in it, and the square that would be animated."""
    random = np.random.default_rng(0)
    texture = cv2.resize(random.integers(40, 200, (80, 120, 3), np.uint8), (1920, 1280), interpolation=cv2.INTER_CUBIC)
    photo = np.clip(texture + random.normal(0, 6, texture.shape), 0, 255).astype(np.uint8)
    photo[500 : 500 + side, 700 : 700 + side] = cv2.resize(portrait, (side, side), interpolation=cv2.INTER_AREA)
    with FaceTracker(settle=True) as tracker:
        face = tracker.detect(photo)[0]
    return photo, portrait_crop(face.landmarks, 1920, 1280)


@pytest.mark.parametrize("side", [96, 171, 389])
def test_faces_small_in_a_large_photo(portrait: Picture, side: int) -> None:
    photo, square = in_large_photo(portrait, side)
    marked = PixelMark(MESSAGE, (1920, 1280), [square], LOSSLESS).apply(photo)
    found = search_mark([marked])
    assert found is not None
    assert found.message.file_id == MESSAGE.file_id
    assert found.tile_pixels == pytest.approx(square.side / 4, rel=0.01)
    assert found.belongs


def test_squares_of_faces_are_those_that_are_animated(portrait: Picture) -> None:
    photo, square = in_large_photo(portrait, 300)
    middle = np.array([square.x + square.side / 2, square.y + square.side / 2])
    for image, where in ((photo, middle), (photo[:, ::-1], [1920 - middle[0], middle[1]])):
        found = face_squares([np.ascontiguousarray(image)])[0]
        assert found.side == pytest.approx(square.side, rel=0.06)
        np.testing.assert_allclose(found.centre, where, atol=0.06 * square.side)
    turned = face_squares([np.ascontiguousarray(np.rot90(photo))])[0]
    np.testing.assert_allclose(turned.centre, [middle[1], 1920 - middle[0]], atol=0.06 * square.side)


def test_pictures_too_small_for_a_face_have_no_squares() -> None:
    assert face_squares([np.zeros((9, 200, 3), np.uint8)]) == []


def test_frames_to_search_must_be_there() -> None:
    with pytest.raises(ValueError, match="there must be frames"):
        search_mark([])


def lifted(frames: list[Picture]) -> NDArray[np.float64]:
    """The mark as somebody takes it from an output without knowing the original."""
    mean = np.mean(frames, axis=0)
    return np.asarray(mean - cv2.GaussianBlur(mean, (0, 0), 2.5))


@pytest.mark.parametrize("known_original", [True, False])
def test_a_mark_copied_to_another_picture_is_told(portrait: Picture, genuine: Picture, known_original: bool) -> None:
    mark = PixelMark(MESSAGE, (384, 384), [SquareCrop(0, 0, 384)], LOSSLESS)
    frames = [sway(portrait, index) for index in range(12)]
    written = [mark.apply(frame) for frame in frames]
    own = search_mark(written)
    assert own is not None and own.belongs
    pattern = written[0].astype(float) - frames[0] if known_original else lifted(written)
    pattern *= 3.0 / pattern.std()
    copied = np.clip(np.rint(genuine + pattern), 0, 255).astype(np.uint8)
    found = search_mark([copied])
    if known_original:
        assert found is not None
        assert found.message == own.message
    assert found is None or found.belongs is False


def test_bits_stay_as_they_are_where_the_picture_does(portrait: Picture, genuine: Picture) -> None:
    whole = SquareCrop(0, 0, 384)
    bits = picture_bits(portrait, whole)
    assert picture_bits(sway(portrait, 5), whole) ^ bits in {0} | {1 << shift for shift in range(20)}
    known = np.ones((64, 64), bool)

    def alike(picture: Picture, known: NDArray[np.bool_] = known) -> float:
        small = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (64, 64), interpolation=cv2.INTER_AREA)
        return likeness(bits, small.astype(np.float32), known)

    assert alike(portrait) > 3.0
    assert alike(np.clip(portrait * 0.7 + 20, 0, 255).astype(np.uint8)) > 3.0
    assert alike(genuine) < 1.8
    assert alike(255 - portrait) < -1
    part = known.copy()
    part[:, 50:] = False
    assert alike(portrait, part) > 2.0
    assert alike(portrait, np.zeros((64, 64), bool)) == 0.0
