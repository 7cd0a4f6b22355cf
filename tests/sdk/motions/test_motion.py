"""Motions and their files: exact enough, free of pixels, clear about what is wrong with a file."""

from __future__ import annotations

import dataclasses
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from monalive.faces.crop import portrait_crop
from monalive.faces.expressions import load_expressions
from monalive.motions import motion as motion_module
from monalive.motions.motion import Motion, Take


def _motion(frames: int = 30, size: tuple[int, int] = (512, 512)) -> Motion:
    random = np.random.default_rng(0)
    face = load_expressions().mean_face * 0.4 * size[0] + [size[0] / 2, size[1] / 2, 0]
    landmarks = face + random.normal(0, 5.0, (frames, 1, 3)).cumsum(axis=0) + random.normal(0, 1, (frames, 478, 3))
    return Motion.from_landmarks(landmarks, size, 25.0, name="näme", loop=True)


def _measured(frames: int = 30) -> Motion:
    """With surroundings."""
    random = np.random.default_rng(1)
    flow, known = random.normal(0, 0.1, (frames, 16, 16, 2)), random.random((frames, 16, 16, 1))
    return dataclasses.replace(_motion(frames), surroundings=np.concatenate([flow, known], -1))


def test_round_trip(tmp_path: Path) -> None:
    motion = _motion()
    path = tmp_path / "a.motion"
    motion.save(path)
    loaded = Motion.load(path)
    assert np.abs(loaded.landmarks - motion.landmarks).max() <= 0.05
    assert np.array_equal(loaded.timestamps_ms, motion.timestamps_ms)
    assert (loaded.image_size, loaded.fps, loaded.name, loaded.loop) == ((512, 512), 25.0, "näme", True)
    assert os.listdir(tmp_path) == ["a.motion"]


def test_surroundings_come_back_as_float16(tmp_path: Path) -> None:
    motion = _measured()
    motion.save(tmp_path / "a.motion")
    loaded = Motion.load(tmp_path / "a.motion")
    assert loaded.surroundings is not None and motion.surroundings is not None
    assert loaded.surroundings.dtype == motion.surroundings.dtype == np.float32
    assert np.array_equal(loaded.surroundings, motion.surroundings.astype(np.float16))
    loaded.save(tmp_path / "b.motion")
    assert np.array_equal(Motion.load(tmp_path / "b.motion").surroundings, loaded.surroundings)  # type: ignore[arg-type]
    with zipfile.ZipFile(tmp_path / "a.motion") as archive:
        assert archive.getinfo("surroundings.f16").file_size == 30 * 16 * 16 * 3 * 2


def test_version_1_still_loads(tmp_path: Path) -> None:
    path = tmp_path / "a.motion"
    motion = _motion()
    motion.save(path)
    assert Motion.load(path).surroundings is None

    def as_before(manifest: dict[str, Any]) -> None:
        manifest["version"] = 1
        del manifest["surroundings"]

    _rewrite(path, as_before)
    loaded = Motion.load(path)
    assert loaded.surroundings is None and np.abs(loaded.landmarks - motion.landmarks).max() <= 0.05


@pytest.mark.parametrize("size", [0, 16 * 16 * 3 * 2, 30 * 16 * 16 * 3 * 2 - 1, 30 * 16 * 16 * 3 * 2 + 2, None])
def test_surroundings_of_another_size(tmp_path: Path, size: int | None) -> None:
    path = tmp_path / "a.motion"
    _measured().save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["surroundings.f16"] = bytes(size or 0)
    if size is None:
        del members["surroundings.f16"]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(ValueError, match=r"a\.motion"):
        Motion.load(path)


def test_surroundings_that_make_no_sense(tmp_path: Path) -> None:
    path = tmp_path / "a.motion"
    _measured().save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for value in (np.nan, np.inf, -0.5, 1.5):
        members["surroundings.f16"] = np.full((30, 16, 16, 3), value, "<f2").tobytes()
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        with pytest.raises(ValueError, match=r"a\.motion.*invalid contents"):
            Motion.load(path)


def test_saving_twice_gives_the_same_bytes_and_no_drift(tmp_path: Path) -> None:
    motion = _motion(400)
    motion.save(tmp_path / "a.motion")
    again = Motion.load(tmp_path / "a.motion")
    again.save(tmp_path / "b.motion")
    assert np.abs(Motion.load(tmp_path / "b.motion").landmarks - motion.landmarks).max() <= 0.05
    motion.save(tmp_path / "c.motion")
    assert (tmp_path / "a.motion").read_bytes() == (tmp_path / "c.motion").read_bytes()


def test_file_holds_no_more_than_it_says(tmp_path: Path) -> None:
    _motion(50).save(tmp_path / "a.motion")
    _measured(50).save(tmp_path / "b.motion")
    members = ["landmarks.u16", "manifest.json", "timestamps.f64"]
    with zipfile.ZipFile(tmp_path / "a.motion") as archive:
        assert sorted(archive.namelist()) == members
    with zipfile.ZipFile(tmp_path / "b.motion") as archive:
        assert sorted(archive.namelist()) == sorted([*members, "surroundings.f16"])
    assert (tmp_path / "a.motion").stat().st_size < 50 * 478 * 3 * 2


def test_one_frame_and_no_extent(tmp_path: Path) -> None:
    still = Motion.from_landmarks(np.full((1, 478, 3), 7.0), (64, 64))
    still.save(tmp_path / "a.motion")
    assert np.allclose(Motion.load(tmp_path / "a.motion").landmarks, 7.0, atol=1e-3)


def test_iteration_and_length() -> None:
    motion = _motion(3)
    assert len(motion) == 3 and motion.duration_ms == pytest.approx(120.0)
    times, frames = zip(*motion, strict=True)
    assert times == (0.0, 40.0, 80.0) and frames[1].shape == (478, 3)
    assert motion.landmarks.dtype == np.float32


def _rewrite(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members["manifest.json"])
    change(manifest)
    members["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_a_newer_version_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.motion"
    _motion().save(path)
    _rewrite(path, lambda manifest: manifest.update(version=motion_module.VERSION + 1))
    with pytest.raises(ValueError, match=r"version 3 .* update monalive"):
        Motion.load(path)


@pytest.mark.parametrize(
    "change",
    [
        {"frames": 31},
        {"frames": 0},
        {"frames": "many"},
        {"frames": 10**12},
        {"offset": [0.0]},
        {"step": "x"},
        {"image_size": [0, 5]},
        {"image_size": 5},
        {"fps": None},
        {"fps": -1},
        {"fps": 1e9},
        {"fps": 1e-9},
        {"fps": float("nan")},
        {"step": [0.01, 0.0, 0.01]},
        {"step": [0.01, -0.01, 0.01]},
        {"step": [0.01, 1e300, 0.01]},
        {"step": [0.01, 10.0, 0.01]},  # some hundred thousand pixels beside the picture
        {"step": [float("inf"), 0.01, 0.01]},
        {"offset": [float("nan"), 0.0, 0.0]},
        {"offset": [1e20, 0.0, 0.0]},
        {"landmarks": 468},
        {"landmarks": "all"},
        {"format": "other"},
        {"version": "new"},
        {"surroundings": 5},
        {"surroundings": True},
    ],
)
def test_a_manifest_that_makes_no_sense(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "a.motion"
    _motion().save(path)
    _rewrite(path, lambda manifest: manifest.update(change))
    with pytest.raises(ValueError, match=r"a\.motion"):
        Motion.load(path)


def test_cut_off_at_any_length(tmp_path: Path) -> None:
    path = tmp_path / "a.motion"
    _measured(4).save(path)
    content = path.read_bytes()
    for length in [0, 1, 10, *range(20, len(content), len(content) // 12)]:
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"a\.motion"):
            Motion.load(path)


def test_flipped_bytes_never_pass_unnoticed_or_crash(tmp_path: Path) -> None:
    path = tmp_path / "a.motion"
    motion = _measured(4)
    assert motion.surroundings is not None
    motion.save(path)
    content = path.read_bytes()
    for position in range(0, len(content), max(len(content) // 60, 1)):
        damaged = bytearray(content)
        damaged[position] ^= 0x5A
        path.write_bytes(bytes(damaged))
        try:
            loaded = Motion.load(path)
            assert np.abs(loaded.landmarks - motion.landmarks).max() <= 0.05
            assert np.array_equal(loaded.surroundings, motion.surroundings.astype(np.float16))  # type: ignore[arg-type]
        except ValueError as error:
            assert "a.motion" in str(error)


def test_other_files(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no\.motion"):
        Motion.load(tmp_path / "no.motion")
    with pytest.raises(FileNotFoundError):
        Motion.load(tmp_path)
    (tmp_path / "text.motion").write_text("hello")
    with pytest.raises(ValueError, match=r"not a \.motion file"):
        Motion.load(tmp_path / "text.motion")
    with zipfile.ZipFile(tmp_path / "zip.motion", "w") as archive:
        archive.writestr("readme", "x")
    with pytest.raises(ValueError, match=r"not a \.motion file"):
        Motion.load(tmp_path / "zip.motion")


def test_saving_into_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="folder"):
        _motion().save(tmp_path / "missing" / "a.motion")


@pytest.mark.parametrize(
    "change, message",
    [
        ({"landmarks": np.zeros((2, 468, 3))}, "478"),
        ({"landmarks": np.zeros((0, 478, 3)), "timestamps_ms": np.zeros(0)}, "478"),
        ({"timestamps_ms": np.array([0.0, 1.0, 2.0])}, "timestamps"),
        ({"timestamps_ms": np.array([0.0, 0.0])}, "increase"),
        ({"timestamps_ms": np.array([1.0, 2.0])}, "start at 0"),
        ({"landmarks": np.full((2, 478, 3), np.nan)}, "finite"),
        ({"image_size": (0, 10)}, "size"),
        ({"fps": 0.0}, "rate"),
        ({"fps": 1001.0}, "from 0.01 to 1000"),
        ({"timestamps_ms": np.array([0.0, 1e12])}, "a week at most"),
        ({"landmarks": np.full((2, 478, 3), -129.0)}, "near its picture of 8x8, not at -129"),
        ({"surroundings": np.zeros((1, 16, 16, 3))}, r"surroundings must be \(2, 16, 16, 3\)"),
        ({"surroundings": np.zeros((2, 16, 16, 2))}, "surroundings must be"),
        ({"surroundings": np.full((2, 16, 16, 3), np.nan)}, "surroundings must be finite"),
        ({"surroundings": np.full((2, 16, 16, 3), [1e5, 0, 0])}, "surroundings must be finite"),
        ({"surroundings": np.full((2, 16, 16, 3), [0, 0, -0.01])}, "from 0 to 1"),
        ({"surroundings": np.full((2, 16, 16, 3), [0, 0, 1.01])}, "from 0 to 1"),
    ],
)
def test_bad_motions_are_refused(change: dict[str, Any], message: str) -> None:
    good = {
        "landmarks": np.zeros((2, 478, 3)),
        "timestamps_ms": np.array([0.0, 40.0]),
        "image_size": (8, 8),
        "fps": 25.0,
    }
    with pytest.raises(ValueError, match=message):
        Motion(**{**good, **change})


class _ScriptedTracker:
    """Finds a face where the picture's first pixel is not 0: so many pixels from the picture's middle."""

    def look_at(self, image: np.ndarray, regions: list[object]) -> list[SimpleNamespace]:
        return self.search(image, thorough=False) if regions else []

    def search(self, image: np.ndarray, *, thorough: bool, known: object = ()) -> list[SimpleNamespace]:
        value = float(image[0, 0, 0])
        landmarks = load_expressions().mean_face * 12 + [image.shape[1] / 2 + value, image.shape[0] / 2, 0]
        box = (*landmarks[:, :2].min(axis=0), *landmarks[:, :2].max(axis=0))
        return [SimpleNamespace(landmarks=landmarks.astype(np.float32), box=box)] if value else []


def _frames(values: list[int], size: tuple[int, int] = (96, 64)) -> list[tuple[float, np.ndarray]]:
    return [(100.0 + 40.0 * i, np.full((size[1], size[0], 3), v, np.uint8)) for i, v in enumerate(values)]


def test_from_frames_holds_what_is_lost() -> None:
    tracker = _ScriptedTracker()
    motion = Motion.from_frames(iter(_frames([0, 0, 5, 6, 0, 0, 7])), tracker, name="x")  # type: ignore[arg-type]
    moved = motion.landmarks[:, 0, 0] - motion.landmarks[0, 0, 0] + 5
    assert moved.tolist() == pytest.approx([5, 5, 5, 6, 6, 6, 7], abs=1e-4)
    assert motion.timestamps_ms.tolist() == [0, 40, 80, 120, 160, 200, 240]
    assert motion.image_size == (96, 64) and motion.fps == pytest.approx(25.0)


def test_from_frames_measures_the_surroundings() -> None:
    """A camera that pans over a textured wall, with and without a face."""
    wall = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (64, 120, 3), np.uint8), (0, 0), 1.5)
    frames = []
    for index, (face, shift) in enumerate([(0, 0), (1, 0), (1, 3), (0, 9), (1, 6)]):
        image = wall[:, 10 - shift : 106 - shift].copy()
        image[0, 0] = face
        frames.append((40.0 * index, image))
    motion = Motion.from_frames(frames, _ScriptedTracker())  # type: ignore[arg-type]
    around = motion.surroundings
    assert around is not None and around.shape == (5, 16, 16, 3) and around.dtype == np.float32
    assert not around[0].any()  # nobody seen yet: unknown
    assert np.abs(around[1, ..., :2]).max() < 1e-3 and around[1, ..., 2].mean() > 0.4
    assert np.array_equal(around[3], around[2])  # the face is lost: held
    side = portrait_crop(motion.landmarks[0], 96, 64).side
    assert np.median(around[2, ..., 0]) == pytest.approx(-3 / side, abs=0.3 / side)
    assert np.median(around[4, ..., 0]) == pytest.approx(-6 / side, abs=0.3 / side)


def test_from_frames_errors() -> None:
    tracker = _ScriptedTracker()
    with pytest.raises(ValueError, match="no frames"):
        Motion.from_frames([], tracker)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no face was found in any of 3 frames"):
        Motion.from_frames(_frames([0, 0, 0]), tracker)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="change their size"):
        Motion.from_frames([*_frames([1]), (500.0, np.ones((9, 9, 3), np.uint8))], tracker)  # type: ignore[arg-type]


def _yawning() -> Motion:
    """Two takes; the mouth is shut in frames 2 and 6 only."""
    jaws = [0.3, 0.2, 0.0, 0.3, 0.4, 0.2, 0.0, 0.2]
    faces = [load_expressions().face({"jawOpen": jaw}) * 60 + 128 for jaw in jaws]
    motion = Motion.from_landmarks(faces, (256, 256), 10.0)
    return dataclasses.replace(motion, takes=(Take(0, motion.landmarks[0]), Take(4, motion.landmarks[4])))


@pytest.mark.parametrize(
    ("reference", "frames"), [("first", (0, 4)), ("neutral", (2, 6)), (1, (1, 6)), (7, (2, 7)), (np.int64(0), (0, 6))]
)
def test_what_a_motion_is_counted_from(reference: Any, frames: tuple[int, int]) -> None:
    motion = _yawning().with_reference(reference)
    assert list(motion.references) == [0, 4] and motion.cuts_ms == (400.0,)
    for face, frame in zip(motion.references.values(), frames, strict=True):
        assert np.array_equal(face, motion.landmarks[frame])


def test_a_motion_counted_from_its_first_frame_needs_no_takes() -> None:
    motion = dataclasses.replace(_yawning(), takes=())
    assert list(motion.references) == [0] and np.array_equal(motion.references[0], motion.landmarks[0])
    assert motion.cuts_ms == () and motion.with_reference("first").takes == ()


@pytest.mark.parametrize(
    ("reference", "message"), [(9999, "frame 9999, but the driver has 8 frames"), ("last", "must be")]
)
def test_references_that_are_not_there(reference: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _yawning().with_reference(reference)


def test_takes_are_kept_in_the_file(tmp_path: Path) -> None:
    motion = _yawning().with_reference("neutral")
    motion.save(tmp_path / "x.motion")
    loaded = Motion.load(tmp_path / "x.motion")
    assert list(loaded.references) == [0, 4]
    for kept, given in zip(loaded.takes, motion.takes, strict=True):
        assert np.abs(kept.reference - given.reference).max() < 0.01
    dataclasses.replace(motion, takes=()).save(tmp_path / "one.motion")
    with zipfile.ZipFile(tmp_path / "one.motion") as archive:
        assert "references.u16" not in archive.namelist() and "takes" not in json.loads(archive.read("manifest.json"))


@pytest.mark.parametrize("takes", ["no list", [0, 2.5], [1, 4], [0, 8], [4, 0], [0, 0], [0, 4, 5]])
def test_takes_that_make_no_sense(tmp_path: Path, takes: object) -> None:
    path = tmp_path / "x.motion"
    _yawning().save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members["manifest.json"]) | {"takes": takes}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**members, "manifest.json": json.dumps(manifest).encode()}.items():
            archive.writestr(name, content)
    with pytest.raises(ValueError, match="motion"):
        Motion.load(path)


def test_bad_takes() -> None:
    motion = _yawning()
    far, no_number = motion.landmarks[0] * np.float32(1e4), motion.landmarks[0] * np.float32(np.nan)
    references = [motion.landmarks[0][:5], far, no_number]
    for takes in ((Take(1, motion.landmarks[0]),), *((Take(0, reference),) for reference in references)):
        with pytest.raises(ValueError, match="take"):
            dataclasses.replace(motion, takes=takes)


def test_from_frames_counts_from_the_frame_asked_for() -> None:
    frames = _frames([0, 0, 5, 6, 0, 7])
    made = [Motion.from_frames(frames, _ScriptedTracker(), reference=which) for which in (3, 5, "first")]  # type: ignore[arg-type]
    counted = [float(motion.references[0][0, 0] - motion.landmarks[0, 0, 0]) for motion in made]
    assert counted == pytest.approx([1, 2, 0], abs=1e-4)
    with pytest.raises(ValueError, match="no face was found in frame 4 of the driver"):
        Motion.from_frames(frames, _ScriptedTracker(), reference=4)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="frame 6, but the driver has 6 frames"):
        Motion.from_frames(frames, _ScriptedTracker(), reference=6)  # type: ignore[arg-type]


def test_from_frames_finds_cuts() -> None:
    """The face leaps by 40 pixels, four times the distance of its eyes, as the picture changes."""
    motion = Motion.from_frames(_frames([5, 5, 6, 46, 46, 45]), _ScriptedTracker())  # type: ignore[arg-type]
    assert list(motion.references) == [0, 3] and motion.cuts_ms == (120.0,)
