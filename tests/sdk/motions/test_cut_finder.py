"""Where a driver's video is cut, and what only looks like a cut."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.picture_change import PictureChange
from monalive.motions import builtin_motions
from monalive.motions.cut_finder import CutFinder
from monalive.motions.synthetic_driver import IMAGE_SIZE, Performance

Image = NDArray[np.uint8]
Face = NDArray[np.float32]


def _wall(seed: int = 0) -> Image:
    """A picture with something to see in it."""
    rough = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), np.uint8)
    return cv2.resize(rough, IMAGE_SIZE, interpolation=cv2.INTER_CUBIC)  # type: ignore[return-value]


def _shot(face: Face, wall: Image) -> Image:
    """The wall with the face's oval in front of it."""
    image = wall.copy()
    hull = cv2.convexHull(face[:, :2].round().astype(np.int32))
    cv2.fillConvexPoly(image, hull, (200, 160, 140))
    return image


def _other_framing(image: Image, face: Face, shift: float = 80.0, scale: float = 1.2) -> tuple[Image, Face]:
    matrix = np.array([[scale, 0.0, shift - 40.0], [0.0, scale, -40.0]])
    moved = face.copy()
    moved[:, :2] = face[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    moved[:, 2] *= scale
    return cv2.warpAffine(image, matrix, IMAGE_SIZE, borderMode=cv2.BORDER_REFLECT), moved  # type: ignore[return-value]


def _cuts(frames: Sequence[tuple[Image, Face | None]], step_ms: float = 40.0) -> list[int]:
    find, becomes_another = CutFinder(), PictureChange()
    found = [
        find(face, index * step_ms, other_picture=becomes_another(image)) for index, (image, face) in enumerate(frames)
    ]
    return np.flatnonzero(found).tolist()


def _take(name: str, count: int = 40, wall: int = 0) -> list[tuple[Image, Face]]:
    return [(_shot(face, _wall(wall)), face) for face in builtin_motions.load(name).landmarks[:count]]


def test_two_takes_joined_are_cut_once() -> None:
    first, second = _take("laugh", 20), [_other_framing(*frame) for frame in _take("nod", 20)]
    assert _cuts([*first, *second]) == [20]


def test_the_same_place_in_another_picture_is_a_cut_once_the_head_is_elsewhere() -> None:
    first, second = _take("idle", 15), [_other_framing(*frame, 46.0, 1.0) for frame in _take("idle", 15, wall=1)]
    assert _cuts([*first, *second]) == [15]
    assert _cuts([*first, *_take("idle", 15, wall=1)]) == []  # the face goes on as it was: nothing to begin anew


def test_a_leap_that_no_head_can_make_needs_no_other_picture() -> None:
    blank = np.full((*IMAGE_SIZE, 3), 90, np.uint8)
    face = builtin_motions.load("idle").landmarks[0]
    assert _cuts([(blank, face)] * 5 + [(blank, face + np.float32(120.0))] * 5) == [5]


def test_a_face_that_is_lost_at_the_cut_is_met_behind_it() -> None:
    first, second = _take("idle", 12), [_other_framing(*frame) for frame in _take("idle", 12)]
    for count in (4, 50):  # frames without a face
        lost = [(second[0][0], None)] * count
        assert _cuts([*first, *lost, *second[4:]]) == [12 + count]


def test_somebody_who_comes_back_is_no_cut() -> None:
    take = _take("idle", 30)
    gone = [(_wall(), None) for _ in range(20)]
    back = [(_shot(face + np.float32(30.0), _wall()), face + np.float32(30.0)) for _, face in take[10:20]]
    assert _cuts([*take[:10], *gone, *back]) == []


def test_built_in_motions_hold_no_cut() -> None:
    for name in builtin_motions.names():
        assert _cuts(_take(name, 75)) == [], name


def test_a_quick_shake_and_a_quick_lean_are_no_cuts() -> None:
    """The head turns by 60 degrees in a sixth of a second, to and fro; then it grows by a third in half a second."""
    time = np.arange(50) / 25
    performance = Performance(time, 2.0)
    performance.head[:, 0] = np.where(time < 1, 30.0 * np.sin(2 * np.pi * 3.0 * time), 0.0)
    performance.shift[:, 0] = np.where(time < 1, 0.1 * np.sin(2 * np.pi * 3.0 * time), 0.0)
    performance.blink(0.4, 1.5)
    faces = performance.landmarks()
    growth = 1.0 + 0.33 * np.clip((time - 1.2) / 0.5, 0, 1)
    faces = ((faces - 256) * growth[:, None, None] + 256).astype(np.float32)
    assert np.linalg.norm(np.diff(faces[:, 1, :2], axis=0), axis=1).max() > 25  # pixels a frame, of a face 210 wide
    assert _cuts([(_shot(face, _wall()), face) for face in faces]) == []


def test_a_flash_is_no_cut() -> None:
    take = _take("talk", 30)
    for index in (10, 11):
        image, face = take[index]
        take[index] = (np.minimum(image, 165) + np.uint8(90), face)
    assert _cuts(take) == []


def test_a_slow_camera_is_no_cut() -> None:
    """Frames every 120 ms: the same motion makes larger steps."""
    take = _take("look_around", 120)[::3]
    assert _cuts(take, 120.0) == []
