"""Eyes and mouth of a frame: in place, within the crop, and each from the photo that fits it best."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from region_stand_ins import bundle_of_stand_ins

from monalive import PhotoAnimator, PhotoAnimatorOptions, builtin_motions
from monalive.bundle import Bundle
from monalive.faces.crop import SquareCrop
from monalive.faces.expressions import load_expressions
from monalive.media.image_io import load_image
from monalive.networks.runtimes import RuntimeOptions
from monalive.player.region_layers import RegionLayers
from monalive.player.region_networks import REGIONS, RegionNetworks
from monalive.portrait import EnrolledPhoto, PhotoOfPerson, Portrait

SAMPLE = Path(str(resources.files("monalive").joinpath("assets", "sample_portrait.jpg")))
SIZE, SIDE = 400, 380.0
CROP = SquareCrop(8.0, 12.0, SIDE)
RED = (0.8, 0.1, 0.1)
REST: dict[str, float] = {}
OPENED, SHUT = {"jawOpen": 0.6}, {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}


@pytest.fixture
def networks() -> RegionNetworks:
    return RegionNetworks(bundle_of_stand_ins(), RuntimeOptions(num_threads=1))


def face(expression: Mapping[str, float] = REST, shift: tuple[float, float] = (0.0, 0.0)) -> NDArray[np.float32]:
    """Landmarks in pixels of a picture of `SIZE`."""
    middle = [SIZE / 2 + shift[0], SIZE / 2 + shift[1], 0]
    return (load_expressions().face(expression) * 150 + middle).astype(np.float32)


def texture(seed: int, size: int = SIZE, level: int = 0) -> NDArray[np.uint8]:
    coarse = np.random.default_rng(seed).integers(60, 190, (size // 20, size // 20, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC) + np.uint8(level), np.uint8)


def portrait(networks: RegionNetworks, *photos: PhotoOfPerson) -> Portrait:
    return Portrait(tuple(EnrolledPhoto(photo, {}, networks.enroll(photo)) for photo in photos))


def wanted(landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    return CROP.to_unit(landmarks)


def drawn(
    person: Portrait, networks: RegionNetworks, frames: Sequence[NDArray[np.float32]], elapsed_ms: float = math.inf
) -> NDArray[np.uint8]:
    """The last of some frames over a plain grey picture."""
    layers = RegionLayers(person, networks, grey=False)
    for landmarks in frames:
        picture = np.full_like(person.photo, 128)
        layers.draw(picture, wanted(landmarks), elapsed_ms)
    return picture


def middle_of(networks: RegionNetworks, landmarks: NDArray[np.float32], name: str) -> tuple[slice, slice]:
    """A few pixels in the middle of a region."""
    number = [region.name for region in REGIONS].index(name)
    located = networks.locate(wanted(landmarks))[number]
    width, height = (64, 64) if name != "mouth" else (128, 96)
    x, y = np.round(located.place @ [width / 2, height / 2, 1] * SIDE + [CROP.x, CROP.y]).astype(int)
    return np.s_[y - 6 : y + 6, x - 6 : x + 6]


def test_networks_that_change_nothing_give_the_photo_back(networks: RegionNetworks) -> None:
    photo = PhotoOfPerson(texture(0), face(), CROP)
    picture = photo.image.copy()
    RegionLayers(portrait(networks, photo), networks, grey=False).draw(picture, wanted(face()), math.inf)
    assert np.abs(picture.astype(int) - photo.image).max() <= 1


def test_the_photos_pixels_follow_the_region(networks: RegionNetworks) -> None:
    photo = PhotoOfPerson(texture(0), face(), CROP)
    made = drawn(portrait(networks, photo), networks, [face(shift=(7, -5))])
    for region in REGIONS:
        there, before = middle_of(networks, face(shift=(7, -5)), region.name), middle_of(networks, face(), region.name)
        assert np.abs(made[there].astype(int) - photo.image[before]).max() <= 2


@pytest.mark.parametrize("shift", [(0, 0), (-190, 0), (185, 150), (0, -260)])
def test_regions_over_the_border_stay_in_the_crop(networks: RegionNetworks, shift: tuple[float, float]) -> None:
    photo = PhotoOfPerson(texture(0), face(shift=shift), CROP)
    made = drawn(portrait(networks, photo), networks, [face(shift=shift)])
    changed = (made != 128).any(-1)
    left, top, side = CROP.snapped()
    assert changed.any()
    changed[top : top + side, left : left + side] = False
    assert not changed.any()


def test_each_region_is_taken_from_the_photo_that_shows_it(networks: RegionNetworks) -> None:
    """The first photo has its eyes open and its mouth shut, the second the other way round."""
    first = PhotoOfPerson(texture(0), face(), CROP)
    second = PhotoOfPerson(texture(7, level=30), face(OPENED | SHUT), CROP)
    person = portrait(networks, first, second)
    talking, blinking = face({"jawOpen": 0.5}), face(SHUT)
    eye, mouth = middle_of(networks, talking, "left_eye"), middle_of(networks, talking, "mouth")
    alone = {photo is second: portrait(networks, photo) for photo in (first, second)}

    made = drawn(person, networks, [talking])
    np.testing.assert_array_equal(made[eye], drawn(alone[False], networks, [talking])[eye])
    # The second photo's mouth, with its colours shifted by the same amount everywhere.
    shift = made[mouth].astype(int) - drawn(alone[True], networks, [talking])[mouth]
    assert (np.ptp(shift.reshape(-1, 3), axis=0) <= 1).all()

    made = drawn(person, networks, [blinking])
    np.testing.assert_array_equal(made[mouth], drawn(alone[False], networks, [blinking])[mouth])
    assert np.abs(made[eye].astype(int) - drawn(alone[False], networks, [blinking])[eye]).max() > 10


def test_another_photos_colours_are_shifted_to_the_first_ones(networks: RegionNetworks) -> None:
    flat = [np.full((SIZE, SIZE, 3), colour, np.uint8) for colour in ((180, 140, 120), (150, 150, 150))]
    person = portrait(networks, PhotoOfPerson(flat[0], face(), CROP), PhotoOfPerson(flat[1], face(OPENED), CROP))
    made = drawn(person, networks, [face(OPENED)])
    mouth = middle_of(networks, face(OPENED), "mouth")
    assert np.abs(made[mouth].astype(int) - (180, 140, 120)).max() <= 1


def test_photos_fade_into_each_other(networks: RegionNetworks) -> None:
    first, second = PhotoOfPerson(texture(0), face(), CROP), PhotoOfPerson(texture(7), face(OPENED), CROP)
    person, mouth = portrait(networks, first, second), middle_of(networks, face(), "mouth")
    steps = [[face(), *[face(OPENED)] * count] for count in range(12)]
    colours = [drawn(person, networks, frames, elapsed_ms=40)[mouth].astype(float) for frames in steps]
    way = [np.abs(colour - colours[-1]).mean() for colour in colours]
    assert all(before >= after for before, after in pairwise(way))
    assert 0.1 * way[0] < way[2] < 0.9 * way[0] and way[0] > 10


def test_a_larger_photo_does_not_alias(networks: RegionNetworks) -> None:
    """Fine stripes of a photo that shows the face four times larger become grey."""
    large = np.repeat(np.tile([0, 255], 2 * SIZE)[None, :, None], 4 * SIZE, 0).repeat(3, 2).astype(np.uint8)
    opened = face(OPENED)
    crop = SquareCrop(4 * CROP.x, 4 * CROP.y, 4 * CROP.side)
    first = PhotoOfPerson(np.full((SIZE, SIZE, 3), 127, np.uint8), face(), CROP)
    made = drawn(portrait(networks, first, PhotoOfPerson(large, 4 * opened, crop)), networks, [opened])
    assert np.abs(made[middle_of(networks, opened, "mouth")].astype(int) - 127).max() <= 3


def test_a_portrait_without_regions_is_refused(networks: RegionNetworks) -> None:
    person = Portrait((EnrolledPhoto(PhotoOfPerson(texture(0), face(), CROP), {}),))
    with pytest.raises(ValueError, match="enrol its photos again"):
        RegionLayers(person, networks, grey=False)


# With everything else


@pytest.fixture
def red_mouths(monkeypatch: pytest.MonkeyPatch) -> None:
    """Animators whose bundle paints mouths red."""
    made = bundle_of_stand_ins(mouth=RED)
    monkeypatch.setattr(Bundle, "load", lambda path=None: made)


def _is_red(picture: NDArray[np.uint8]) -> bool:
    return bool((np.abs(picture - np.array(RED) * 255) < 3).all(-1).sum() > 200)


def test_every_face_of_a_photo_gets_its_regions(red_mouths: None) -> None:
    single = load_image(SAMPLE)
    both = np.concatenate([single, single], axis=1)
    smile = builtin_motions.load("smile")
    short = replace(smile, landmarks=smile.landmarks[:30:20], timestamps_ms=smile.timestamps_ms[:30:20])
    with PhotoAnimator.create_from_options(PhotoAnimatorOptions()) as animator:
        *_, frame = animator.play(animator.enroll_all(both, consent="artwork"), short)
    assert _is_red(frame.image[:, : single.shape[1]]) and _is_red(frame.image[:, single.shape[1] :])
    assert _is_red(frame.crop_image)


def test_what_is_painted_into_a_black_and_white_photo_is_grey(red_mouths: None) -> None:
    grey = np.repeat(load_image(SAMPLE).mean(-1, keepdims=True).astype(np.uint8), 3, -1)
    with PhotoAnimator.create_from_options(PhotoAnimatorOptions()) as animator:
        frame = next(animator.play(animator.enroll(grey, consent="artwork"), builtin_motions.load("laugh")))
    assert (frame.image == frame.image[..., :1]).all()
    assert (np.abs(frame.image[..., 0] - 255 * np.mean(RED)) < 2).sum() > 200


def test_frames_are_the_same_with_what_eyes_and_mouth_hide_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    laugh = builtin_motions.load("laugh")
    short = replace(laugh, landmarks=laugh.landmarks[:40:13], timestamps_ms=laugh.timestamps_ms[:40:13])
    left_out, hide = [], RegionLayers.hide

    def hidden(self: RegionLayers, *args: Any) -> list[tuple[slice, slice]]:
        left_out.append(hide(self, *args))
        return left_out[-1]

    with PhotoAnimator.create_from_options(PhotoAnimatorOptions()) as animator:
        person = animator.enroll(load_image(SAMPLE), consent="artwork")
        monkeypatch.setattr(RegionLayers, "hide", hidden)
        frames = [frame.image for frame in animator.play(person, short)]
        assert [len(boxes) for boxes in left_out] == [len(REGIONS)] * len(frames)
        monkeypatch.setattr(RegionLayers, "hide", lambda self, size, regions: [])
        for frame, whole in zip(frames, animator.play(person, short), strict=True):
            np.testing.assert_array_equal(frame, whole.image)
