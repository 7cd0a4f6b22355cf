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

from monalive.animator import PhotoAnimator
from monalive.bundle import Bundle, write_bundle
from monalive.faces.expressions import load_expressions
from monalive.faces.face_detector import RotatedSquare
from monalive.faces.face_mesh import BLENDSHAPE_NAMES
from monalive.faces.head_pose import angles_rotation
from monalive.faces.landmarks import LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS
from monalive.faces.level_crop import extract_level, level_angle
from monalive.faces.tracker import FaceTracker
from monalive.faces.tracker_networks import TRACKER_PARTS, LevelFaceBlendshapes, bundle_with_tracker
from monalive.media.image_io import load_image
from monalive.networks.runtimes import RuntimeOptions
from monalive.options import PhotoAnimatorOptions

PORTRAITS = ("sample_portrait.jpg", "sample_portrait_2.jpg")
# Of the distance between the outer eye corners, in percent.
CLOSE = 8.0
SCORES_CLOSE = 0.25


def portrait(name: str = PORTRAITS[0]) -> NDArray[np.uint8]:
    return load_image(Path(str(resources.files("monalive").joinpath("assets", name))))


@pytest.fixture(scope="module")
def ours() -> Iterator[FaceTracker]:
    with FaceTracker(settle=True, output_blendshapes=True) as tracker:
        yield tracker


def percent_apart(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    eyes = np.linalg.norm(other[LEFT_EYE_CORNERS[0], :2] - other[RIGHT_EYE_CORNERS[0], :2])
    return float(np.linalg.norm((one - other)[:, :2], axis=1).mean() / eyes * 100)


@pytest.mark.parametrize("name", PORTRAITS)
def test_landmarks_are_near_mediapipes(ours: FaceTracker, name: str) -> None:
    with FaceTracker(networks="mediapipe", settle=True, output_blendshapes=True) as mediapipe:
        (wanted,) = mediapipe.detect(portrait(name))
    (found,) = ours.detect(portrait(name))
    assert found.blendshapes is not None and wanted.blendshapes is not None
    assert found.blendshapes.dtype == np.float32 and found.blendshapes.shape == (52,)
    assert found.blendshapes == pytest.approx(wanted.blendshapes, abs=SCORES_CLOSE)
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
    with FaceTracker(output_blendshapes=True) as tracker:
        assert tracker.detect(portrait())
    with pytest.raises(FileNotFoundError, match=r"monalive\[mediapipe\]"):
        PhotoAnimator.create_from_options(PhotoAnimatorOptions(tracker="mediapipe"))


def test_the_animator_takes_the_tracker_from_its_bundle(tmp_path: Path) -> None:
    """And the packaged one where an older bundle has none."""
    packaged = Bundle.load()
    older = tmp_path / "older.bundle"
    kept = [name for name in packaged.parts if name not in TRACKER_PARTS]
    write_bundle(
        older,
        {**packaged.manifest, "parts": {name: packaged.part_manifest(name) for name in kept}},
        {name: packaged.parts[name] for name in kept},
    )
    assert bundle_with_tracker(packaged) is packaged
    assert bundle_with_tracker(Bundle.load(older)).sha256 == packaged.sha256
    with PhotoAnimator.create_from_options(PhotoAnimatorOptions(bundle_path=older)) as animator:
        animator.enroll(portrait(), consent="artwork")
    with pytest.raises(ValueError, match="no part 'tracker_detector'"):
        FaceTracker(older)
    broken = {**packaged.parts, "tracker_landmarks": b"no network" * 100}
    write_bundle(tmp_path / "broken.bundle", packaged.manifest, broken)
    with pytest.raises(ValueError, match="tracker_landmarks holds a network that LiteRT cannot"):
        PhotoAnimator.create_from_options(PhotoAnimatorOptions(bundle_path=tmp_path / "broken.bundle"))


def test_blendshapes_do_not_depend_on_place_size_and_roll(ours: FaceTracker) -> None:
    network = LevelFaceBlendshapes(Bundle.load(), RuntimeOptions(num_threads=1))
    (face,) = ours.detect(portrait())
    assert network(face.landmarks) == pytest.approx(face.blendshapes, abs=1e-6)
    turn = angles_rotation(0, 0, 25.0)
    moved = (face.landmarks @ turn.T * 1.7 + np.array([40.0, -10.0, 0.0])).astype(np.float32)
    assert network(moved) == pytest.approx(face.blendshapes, abs=0.02)


def test_a_smile_and_a_blink_are_seen() -> None:
    network = LevelFaceBlendshapes(Bundle.load(), RuntimeOptions(num_threads=1))

    def score(name: str, amount: float) -> float:
        both = {f"{name}Left": amount, f"{name}Right": amount}
        points = (load_expressions().face(both) * 100 + 300.0).astype(np.float32)
        return float(network(points)[BLENDSHAPE_NAMES.index(f"{name}Left")])

    for name in ("mouthSmile", "eyeBlink"):
        assert score(name, 0.9) > score(name, 0.0) + 0.3


def test_bad_input(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="networks must be one of monalive, mediapipe"):
        FaceTracker(networks="dlib")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="needs the path of a face_landmarker"):
        FaceTracker(Bundle.load(), networks="mediapipe")
    with pytest.raises(FileNotFoundError, match=r"none\.bundle"):
        FaceTracker(tmp_path / "none.bundle")
    with pytest.raises(ValueError, match="runs onnx"):
        FaceTracker(runtime="onnxruntime")
    with pytest.raises(ValueError, match="tracker must be one of"):
        PhotoAnimatorOptions(tracker="dlib")  # type: ignore[arg-type]
