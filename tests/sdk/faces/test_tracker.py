"""The face tracker: faces found, followed, lost and chosen, shared networks, bad input."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from monalive.animator import PhotoAnimator
from monalive.bundle import Bundle, write_bundle
from monalive.faces.blendshapes import BLENDSHAPE_NAMES
from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import angles_rotation
from monalive.faces.level_crop import extract_level, level_angle
from monalive.faces.rotated_square import RotatedSquare
from monalive.faces.tracker import Face, FaceTracker, choose_face
from monalive.faces.tracker_factory import SharedNetworkTrackers
from monalive.faces.tracker_interface import FoundFace, TrackerNetworks
from monalive.faces.tracker_networks import (
    TRACKER_PARTS,
    LevelFaceBlendshapes,
    LevelFaceDetector,
    LevelFaceMesh,
    bundle_with_tracker,
    load_tracker_networks,
)
from monalive.media.image_io import load_image
from monalive.networks.runtimes import RuntimeOptions
from monalive.options import PhotoAnimatorOptions
from monalive.packaged_assets import sample_portrait_path


def portrait() -> NDArray[np.uint8]:
    return load_image(sample_portrait_path())


@pytest.fixture(scope="module")
def ours() -> Iterator[FaceTracker]:
    with FaceTracker(settle=True, output_blendshapes=True) as tracker:
        yield tracker


@pytest.fixture(scope="module")
def astronaut() -> NDArray[np.uint8]:
    return load_image(Path(__file__).resolve().parents[2] / "golden" / "astronaut.jpg")


@pytest.fixture(scope="module")
def two(astronaut: NDArray[np.uint8]) -> list[Face]:
    """A face, and right of it a smaller copy."""
    left = astronaut[20:276, 96:352]
    both = np.full((256, 512, 3), 128, np.uint8)
    both[:, :256] = left
    both[:192, 256:448] = cv2.resize(left, (192, 192), interpolation=cv2.INTER_AREA)
    with FaceTracker(num_faces=2) as tracker:
        return tracker.detect(both)


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
        load_tracker_networks(Bundle.load(older))
    broken = {**packaged.parts, "tracker_landmarks": b"no network" * 100}
    write_bundle(tmp_path / "broken.bundle", packaged.manifest, broken)
    with pytest.raises(ValueError, match="the bundle's part 'tracker_landmarks' holds a network that LiteRT cannot"):
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


def test_two_trackers_share_networks_and_each_follows_its_own_video(astronaut: NDArray[np.uint8]) -> None:
    trackers = SharedNetworkTrackers(load_tracker_networks())
    one, other = trackers.create(8, blendshapes=False), trackers.create(1, blendshapes=True)
    alone = FaceTracker(settle=True)
    alone.track(astronaut)
    one.track(astronaut)
    elsewhere = np.roll(astronaut, (60, 60), axis=(0, 1))
    assert other.track(elsewhere)[0].blendshapes is not None and one.detect(elsewhere)[0].blendshapes is None
    assert np.array_equal(one.track(astronaut)[0].landmarks, alone.track(astronaut)[0].landmarks)
    other.close()
    assert one.detect(astronaut)


def test_trackers_of_the_options_are_taken() -> None:
    class NothingToSee:
        def create(self, num_faces: int, *, blendshapes: bool) -> FaceTracker:
            return FaceTracker(networks, num_faces=num_faces)

    loaded = load_tracker_networks()
    networks = TrackerNetworks(_Blind(), loaded.mesh)
    with (
        PhotoAnimator.create_from_options(PhotoAnimatorOptions(trackers=NothingToSee())) as animator,
        pytest.raises(ValueError, match="no face was found"),
    ):
        animator.enroll(portrait())
    with pytest.raises(ValueError, match="give no blendshapes"):
        FaceTracker(networks, output_blendshapes=True)


class _Blind:
    def detect(self, image: NDArray[np.uint8], region: RotatedSquare | None = None) -> list[FoundFace]:
        return []

    def detect_any_way_up(self, image: NDArray[np.uint8]) -> list[FoundFace]:
        return []


def test_networks_that_cannot_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="runs onnx"):
        load_tracker_networks(runtime=RuntimeOptions("onnxruntime"))
    with pytest.raises(ValueError, match="min_confidence"):
        load_tracker_networks(min_confidence=1.5)


def test_views_and_read_only_arrays_will_do(ours: FaceTracker, astronaut: NDArray[np.uint8]) -> None:
    expected = ours.detect(np.ascontiguousarray(astronaut[:, ::-1]))[0].landmarks
    mirrored = astronaut[:, ::-1]
    mirrored.flags.writeable = False
    assert np.array_equal(ours.detect(mirrored)[0].landmarks, expected)


def test_what_is_followed_is_forgotten_and_left_alone(ours: FaceTracker, astronaut: NDArray[np.uint8]) -> None:
    ours.reset()
    first = ours.track(astronaut)[0].landmarks
    second = ours.track(astronaut)[0].landmarks
    assert not np.array_equal(second, first)
    ours.reset()
    assert np.array_equal(ours.track(astronaut)[0].landmarks, first)
    ours.detect(np.ascontiguousarray(astronaut[:400, 100:]))
    assert np.array_equal(ours.track(astronaut)[0].landmarks, second)
    smaller = np.ascontiguousarray(astronaut[:400, 100:])  # another size starts anew
    assert np.array_equal(ours.track(smaller)[0].landmarks, ours.detect(smaller)[0].landmarks)


def counting(monkeypatch: pytest.MonkeyPatch, kind: type, method: str) -> list[None]:
    """Grows with every call of a method."""
    calls: list[None] = []
    plain = getattr(kind, method)

    def counted(*arguments: object, **more: object) -> object:
        calls.append(None)
        return plain(*arguments, **more)

    monkeypatch.setattr(kind, method, counted)
    return calls


def test_the_largest_face_is_found_without_looking_for_smaller_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = faces_in_rows(1, 3, (120, 520, 120), (1280, 720))
    calls = counting(monkeypatch, LevelFaceDetector, "detect")
    with FaceTracker(num_faces=5, settle=True) as tracker:
        all_faces = tracker.detect(picture)
        looks = len(calls)
        largest = tracker.detect(picture, largest_only=True)
    assert len(all_faces) == 3 and np.array_equal(largest[0].landmarks, all_faces[0].landmarks)
    assert len(calls) - looks < looks / 2


def test_a_plain_portrait_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = counting(monkeypatch, LevelFaceMesh, "__call__")
    with FaceTracker(settle=True) as tracker:
        assert tracker.detect(portrait(), largest_only=True)
    assert len(reads) <= 6  # three times each: what the other looks show can only be less sure


def test_an_overexposed_face_is_found() -> None:
    too_light = np.clip(portrait().astype(np.float32) * 3.4 + 90, 0, 255).astype(np.uint8)
    with FaceTracker(settle=True) as tracker:
        (found,), (plain,) = tracker.detect(too_light), tracker.detect(portrait())
    assert np.abs(found.landmarks - plain.landmarks)[:, :2].mean() < 0.1 * (plain.box[3] - plain.box[1])


def test_known_faces_are_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = faces_in_rows(1, 2, (340,), (1280, 720))
    with FaceTracker(num_faces=5, settle=True) as tracker:
        both = tracker.search(picture, thorough=False)
        reads = counting(monkeypatch, LevelFaceMesh, "__call__")
        (other,) = tracker.search(picture, thorough=False, known=both[:1])
        assert np.array_equal(other.landmarks, both[1].landmarks) and 0 < len(reads) <= 4
        reads.clear()
        assert tracker.search(picture, thorough=False, known=both) == [] and not reads


def faces_in_rows(rows: int, columns: int, sides: Sequence[int], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Copies of the sample portrait on grey; width and height of the picture in `size`."""
    width, height = size
    photo = portrait()
    square = photo[: min(photo.shape[:2]), : min(photo.shape[:2])]
    picture = np.full((height, width, 3), 120, np.uint8)
    for index in range(rows * columns):
        row, column = divmod(index, columns)
        side = sides[index % len(sides)]
        top, left = (
            (2 * row + 1) * height // (2 * rows) - side // 2,
            (2 * column + 1) * width // (2 * columns) - side // 2,
        )
        picture[top : top + side, left : left + side] = cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA)
    return picture


@pytest.mark.parametrize("sides", [(60,), (200,), (60, 120, 250, 90, 280)], ids=str)
def test_every_face_of_a_group_is_found(sides: tuple[int, ...]) -> None:
    picture = faces_in_rows(3, 4, sides, (1280, 900))
    with FaceTracker(num_faces=20, settle=True) as tracker:
        found = tracker.detect(picture)
        assert len(found) == 12
        columns = sorted((face.box[0] + face.box[2]) // 2 * 4 // 1280 for face in found)
        assert columns == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
        assert len(tracker.detect(np.ascontiguousarray(np.rot90(picture)))) == 12


def test_as_many_as_are_asked_for_the_largest_first() -> None:
    picture = faces_in_rows(1, 3, (150, 240, 190), (900, 300))
    with FaceTracker(num_faces=2, settle=True) as tracker:
        middle, right = tracker.detect(picture)
    assert 300 < middle.box[0] < 600 < right.box[0]


def test_small_pictures_show_as_many_faces_in_the_same_order() -> None:
    picture = faces_in_rows(1, 3, (150, 240, 190), (900, 300))
    for factor in (0.5, 2.0):
        resized = np.asarray(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
        with FaceTracker(num_faces=5, settle=True) as tracker:
            heights = [
                (face.box[3] - face.box[1]) / factor
                for face in sorted(tracker.detect(resized), key=lambda face: face.box[0])
            ]
        assert len(heights) == 3 and heights[0] < heights[2] < heights[1]


def test_a_drawn_cat_is_no_face() -> None:
    cat = np.full((400, 400, 3), 220, np.uint8)
    cv2.circle(cat, (200, 210), 110, (150, 110, 60), -1)
    for side in (-1, 1):
        ear = np.array([[200 + side * 100, 180], [200 + side * 90, 60], [200 + side * 25, 110]])
        cv2.fillPoly(cat, [ear], (150, 110, 60))
        cv2.ellipse(cat, (200 + side * 45, 190), (20, 24), 0, 0, 360, (255, 255, 240), -1)
        cv2.ellipse(cat, (200 + side * 45, 190), (6, 20), 0, 0, 360, (10, 30, 10), -1)
    cv2.fillPoly(cat, [np.array([[186, 228], [214, 228], [200, 244]])], (220, 120, 130))
    with FaceTracker(settle=True) as tracker:
        assert tracker.detect(cat) == []
        assert tracker.detect(np.ascontiguousarray(cat[::-1])) == []


class TestChoice:
    def test_choice(self, two: list[Face]) -> None:
        for order in (two, two[::-1]):
            assert choose_face(order, 0).box[2] < 256 < choose_face(order, 1).box[0]
            assert choose_face(order, "largest") is choose_face(order, 0)  # the right one is a smaller copy
            assert choose_face(order) is choose_face(order, "largest")

    @pytest.mark.parametrize("which", [2, -1, 1.0, True, "left", None])
    def test_impossible_choice(self, two: list[Face], which: object) -> None:
        with pytest.raises(ValueError, match="counted from the left"):
            choose_face(two, which)  # type: ignore[arg-type]

    def test_nothing_to_choose_from(self) -> None:
        with pytest.raises(ValueError, match="no face was found"):
            choose_face([], "largest")


class TestBadInput:
    @pytest.mark.parametrize(
        "image",
        [
            np.zeros((64, 64), np.uint8),
            np.zeros((64, 64, 1), np.uint8),
            np.zeros((64, 64, 4), np.uint8),
            np.zeros((64, 64, 3), np.float32),
            np.zeros((64, 64, 3), np.uint16),
            np.zeros((0, 64, 3), np.uint8),
            np.zeros((2, 64, 64, 3), np.uint8),
            [[0, 0, 0]],
            None,
            "photo.jpg",
        ],
        ids=lambda image: f"{image.dtype}{image.shape}" if isinstance(image, np.ndarray) else repr(image),
    )
    def test_not_a_picture(self, ours: FaceTracker, image: object) -> None:
        for method in (ours.detect, ours.track):
            with pytest.raises(ValueError, match="a picture must be a"):
                method(image)  # type: ignore[arg-type]

    def test_too_small(self, ours: FaceTracker) -> None:
        for method in (ours.detect, ours.track):
            with pytest.raises(ValueError, match="too small to show a face: 10x10"):
                method(np.zeros((10, 10, 3), np.uint8))

    @pytest.mark.parametrize(
        "option",
        [
            {"num_faces": 0},
            {"min_presence_confidence": -0.1},
            {"min_presence_confidence": float("nan")},
        ],
        ids=str,
    )
    def test_options(self, option: dict[str, float]) -> None:
        with pytest.raises(ValueError, match=next(iter(option))):
            FaceTracker(**option)  # type: ignore[arg-type]

    def test_closed(self, astronaut: NDArray[np.uint8]) -> None:
        tracker = FaceTracker()
        tracker.close()
        tracker.close()
        for method in (tracker.detect, tracker.track):
            with pytest.raises(ValueError, match="closed"):
                method(astronaut)
