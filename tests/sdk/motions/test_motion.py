"""Motions and their files: exact enough, free of pixels, clear about what is wrong with a file."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from monalive.faces.crop import portrait_crop
from monalive.faces.expressions import load_expressions
from monalive.motions import motion as motion_module
from monalive.motions.motion import Motion


def _motion(frames: int = 30, size: tuple[int, int] = (512, 512)) -> Motion:
    random = np.random.default_rng(0)
    face = load_expressions().mean_face * 0.4 * size[0] + [size[0] / 2, size[1] / 2, 0]
    landmarks = face + random.normal(0, 5.0, (frames, 1, 3)).cumsum(axis=0) + random.normal(0, 1, (frames, 478, 3))
    return Motion.from_landmarks(landmarks, size, 25.0, name="näme", loop=True)


def _measured(frames: int = 30) -> Motion:
    """With surroundings."""
    random = np.random.default_rng(1)
    flow, known = random.normal(0, 0.1, (frames, 16, 16, 2)), random.random((frames, 16, 16, 1))
    return replace(_motion(frames), surroundings=np.concatenate([flow, known], -1))


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
        with pytest.raises(ValueError, match=r"a\.motion.*make no sense"):
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

    def reset(self) -> None:
        self.was_reset = True

    def track(self, image: np.ndarray) -> list[SimpleNamespace]:
        value = float(image[0, 0, 0])
        landmarks = load_expressions().mean_face * 12 + [image.shape[1] / 2 + value, image.shape[0] / 2, 0]
        return [SimpleNamespace(landmarks=landmarks.astype(np.float32))] if value else []


def _frames(values: list[int], size: tuple[int, int] = (96, 64)) -> list[tuple[float, np.ndarray]]:
    return [(100.0 + 40.0 * i, np.full((size[1], size[0], 3), v, np.uint8)) for i, v in enumerate(values)]


def test_from_frames_holds_what_is_lost() -> None:
    tracker = _ScriptedTracker()
    motion = Motion.from_frames(iter(_frames([0, 0, 5, 6, 0, 0, 7])), tracker, name="x")  # type: ignore[arg-type]
    moved = motion.landmarks[:, 0, 0] - motion.landmarks[0, 0, 0] + 5
    assert moved.tolist() == pytest.approx([5, 5, 5, 6, 6, 6, 7], abs=1e-4)
    assert motion.timestamps_ms.tolist() == [0, 40, 80, 120, 160, 200, 240]
    assert motion.image_size == (96, 64) and motion.fps == pytest.approx(25.0) and tracker.was_reset


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
