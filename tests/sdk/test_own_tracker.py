"""Our own tracker's networks in the tracker: faces found, followed and lost, close to MediaPipe's; bad input."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from monalive.bundle import default_bundle_path
from monalive.faces.face_detector import RotatedSquare
from monalive.faces.landmarks import LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS
from monalive.faces.level_crop import extract_level, level_angle
from monalive.faces.tracker import FaceTracker
from monalive.media.image_io import load_image
from monalive.options import PhotoAnimatorOptions

PORTRAITS = ("sample_portrait.jpg", "sample_portrait_2.jpg")
# Of the distance between the outer eye corners, in percent.
CLOSE = 8.0


def portrait(name: str = PORTRAITS[0]) -> NDArray[np.uint8]:
    return load_image(Path(str(resources.files("monalive").joinpath("assets", name))))


@pytest.fixture(scope="module")
def ours() -> Iterator[FaceTracker]:
    with FaceTracker(networks="monalive", settle=True) as tracker:
        yield tracker


def percent_apart(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    eyes = np.linalg.norm(other[LEFT_EYE_CORNERS[0], :2] - other[RIGHT_EYE_CORNERS[0], :2])
    return float(np.linalg.norm((one - other)[:, :2], axis=1).mean() / eyes * 100)


@pytest.mark.parametrize("name", PORTRAITS)
def test_landmarks_are_near_mediapipes(ours: FaceTracker, name: str) -> None:
    with FaceTracker(settle=True) as mediapipe:
        (wanted,) = mediapipe.detect(portrait(name))
    (found,) = ours.detect(portrait(name))
    assert percent_apart(found.landmarks, wanted.landmarks) < CLOSE
    assert found.landmarks.dtype == np.float32 and found.landmarks.shape == (478, 3)
    assert 0.5 < found.presence <= 1.0


@pytest.mark.parametrize("degrees", [-40.0, 40.0])
def test_a_turned_face(ours: FaceTracker, degrees: float) -> None:
    image = portrait()
    (upright,) = ours.detect(image)
    height, width = image.shape[:2]
    square = RotatedSquare(width / 2, height / 2, float(max(width, height)) * 1.2, np.deg2rad(-degrees))
    (turned,) = ours.detect(extract_level(image, square, 512))
    difference = level_angle(turned.landmarks) - level_angle(upright.landmarks)
    assert np.rad2deg(difference) == pytest.approx(degrees, abs=4.0)


@pytest.mark.parametrize("share", [0.15, 0.5, 0.95])
def test_sizes_and_black_and_white(ours: FaceTracker, share: float) -> None:
    image = portrait()
    (face,) = ours.detect(image)
    left, top, right, bottom = face.box
    side = (bottom - top) / share
    centre = RotatedSquare((left + right) / 2, (top + bottom) / 2, side)
    view = extract_level(image, centre, 400)
    grey = np.repeat(cv2.cvtColor(view, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    (found,) = ours.detect(np.asarray(grey, np.uint8))
    assert found.box[3] - found.box[1] == pytest.approx(share * 400, rel=0.12)


def test_lost_and_found_again_within_two_frames(ours: FaceTracker) -> None:
    image = portrait()
    ours.reset()
    assert ours.track(image)
    assert not ours.track(np.full_like(image, 128))
    assert any(ours.track(image) for _ in range(2))


def test_no_face(ours: FaceTracker) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
    assert ours.detect(noise) == []
    assert ours.detect(np.zeros((300, 200, 3), np.uint8)) == []


def test_steady_under_noise(ours: FaceTracker) -> None:
    image = portrait()
    side = min(image.shape[:2])
    still = cv2.resize(image[:side, :side], (256, 256), interpolation=cv2.INTER_AREA)
    rng = np.random.default_rng(1)
    ours.reset()
    seen = []
    for _ in range(12):
        noisy = np.clip(still + rng.normal(0, 5, still.shape), 0, 255).astype(np.uint8)
        (face,) = ours.track(noisy)
        seen.append(face.landmarks[:, :2])
    spread = np.std(np.stack(seen[2:]), axis=0)
    assert float(np.sqrt((spread**2).sum(axis=-1).mean())) < 0.5


def test_needs_no_other_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, package=None: None)
    monkeypatch.setattr("monalive.networks.runtimes.Runtime.installed", True)
    with FaceTracker(networks="monalive") as tracker:
        assert tracker.detect(portrait())


def test_bad_input(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="networks must be one of mediapipe, monalive"):
        FaceTracker(networks="dlib")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no part 'tracker_detector'"):
        FaceTracker(default_bundle_path(), networks="monalive")
    with pytest.raises(FileNotFoundError, match=r"none\.bundle"):
        FaceTracker(tmp_path / "none.bundle", networks="monalive")
    with pytest.raises(ValueError, match="tracker must be one of"):
        PhotoAnimatorOptions(tracker="dlib")  # type: ignore[arg-type]
