"""Bundles and motions, whole and broken, and what must be said of each."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import monalive
from monalive.bundle import write_bundle
from monalive.faces.landmarks import LANDMARK_COUNT
from monalive.motions.motion import Motion, Take

PARTS = {"enroll": b"not a network, but it is whole" * 3, "animate": b"another one" * 5}
MANIFEST: dict[str, Any] = {
    "name": "golden",
    "model_version": "1.2.3",
    "licence": "Apache-2.0",
    "image_size": 256,
    "parts": {name: {"format": "tflite", "precision": "fp32", "inputs": [], "outputs": []} for name in PARTS},
}
Members = dict[str, bytes]


@dataclass(frozen=True)
class FileCase:
    """A file.

    Attributes:
        file: its name. content: its bytes.
        error: the Python exception that reading it raises; None for a good file.
        says: a word that the message holds on every platform.
    """

    file: str
    content: bytes
    error: str | None = None
    says: str | None = None

    def holds(self, folder: Path) -> dict[str, Any]:
        """What the SDK reads in it, where it was written; checks that it raises what it should."""
        read: Callable[[Path], Any] = Motion.load if self.file.endswith(".motion") else monalive.Bundle.load
        try:
            content = read(folder / self.file)
        except (ValueError, OSError) as error:
            assert type(error).__name__ == self.error and str(self.says) in str(error), (self.file, repr(error))
            return {}
        assert self.error is None, f"{self.file} was read"
        return _motion(content) if isinstance(content, Motion) else _bundle(content)


def bundle_cases() -> list[FileCase]:
    good = _written(lambda path: write_bundle(path, MANIFEST, PARTS), ".bundle")
    members = _members(good)
    manifest = json.loads(members["manifest.json"])
    part = manifest["parts"]["animate"]
    flipped = bytearray(good)
    flipped[good.find(PARTS["animate"]) + 3] ^= 1

    def other(name: str, says: str, **changes: Any) -> FileCase:
        return _broken(name, _zip(members | {"manifest.json": json.dumps(manifest | changes).encode()}), says)

    def other_part(name: str, says: str, **changes: Any) -> FileCase:
        return other(name, says, parts=manifest["parts"] | {"animate": part | changes})

    return [
        FileCase("good.bundle", good),
        FileCase("unknown_fields.bundle", _zip(members | _json(manifest | {"later": 1}), zipfile.ZIP_STORED)),
        other("newer_schema.bundle", "update monalive", schema=3),
        other("schema_is_text.bundle", "schema", schema="1"),
        other_part("wrong_sha256.bundle", "damaged", sha256="0" * 64),
        other_part("missing_member.bundle", "not a monalive bundle", file="elsewhere.tflite"),
        _broken("flipped_byte.bundle", bytes(flipped), "damaged"),
        _broken("compressed.bundle", _zip(members, zipfile.ZIP_DEFLATED), "compressed"),
        _broken("cut_off.bundle", good[:-40], "not a monalive bundle"),
        _broken("no_manifest.bundle", _zip({"animate.tflite": b"x"}), "not a monalive bundle"),
        _broken("manifest_no_json.bundle", _zip(members | {"manifest.json": b"{"}), "not a monalive bundle"),
        _broken("manifest_a_list.bundle", _zip(members | {"manifest.json": b"[]"}), "not a monalive bundle"),
        _broken("no_zip.bundle", b"hello", "not a monalive bundle"),
        _broken("empty.bundle", b"", "not a monalive bundle"),
    ]


def motion_cases() -> list[FileCase]:
    whole = monalive.builtin_motions.load("wink")
    few = Motion.from_landmarks(whole.landmarks[20:26:2], whole.image_size, 12.5, name="wink, a part", loop=True)
    around = np.random.default_rng(3).normal(0, 0.01, (3, 16, 16, 3)).round(3)
    around[..., 2] = np.abs(around[..., 2]).clip(0, 1)
    good = _written(few.save, ".motion")
    with_surroundings = _written(replace(few, surroundings=around.astype(np.float32)).save, ".motion")
    takes = (Take(0, few.landmarks[1]), Take(2, few.landmarks[2] + np.float32(3.0)))
    with_takes = _written(replace(few, takes=takes).save, ".motion")
    # One frame, points in rows: these files are about a flag alone, and small.
    number = np.arange(LANDMARK_COUNT)
    rows = Motion.from_landmarks(np.stack([number % 22, number // 22, 0 * number], -1)[None], few.image_size)
    speech = _written(replace(rows, speech=True).save, ".motion")
    members = _members(good)
    manifest = json.loads(members["manifest.json"])

    def other(name: str, says: str, **changes: Any) -> FileCase:
        return _broken(name, _zip(members | _json(manifest | changes), zipfile.ZIP_DEFLATED), says)

    def other_takes(name: str, says: str, starts: object) -> FileCase:
        changed = json.loads(_members(with_takes)["manifest.json"]) | {"takes": starts}
        return _broken(name, _zip(_members(with_takes) | _json(changed), zipfile.ZIP_DEFLATED), says)

    first = {"version": 1}
    old = {key: value for key, value in manifest.items() if key != "surroundings"} | first
    said = json.loads(_members(speech)["manifest.json"]) | {"speech": "yes"}
    no_flag = _zip(_members(speech) | _json(said), zipfile.ZIP_DEFLATED)
    return [
        FileCase("good.motion", good),
        FileCase("surroundings.motion", with_surroundings),
        FileCase("takes.motion", with_takes),
        other_takes("takes_go_back.motion", "invalid contents", [2, 0]),
        other_takes("take_too_late.motion", "invalid contents", [0, 3]),
        other_takes("takes_no_numbers.motion", "motion file", ["0", "2"]),
        other_takes("takes_without_faces.motion", "motion file", [0, 1, 2]),
        FileCase("version_1.motion", _zip(members | _json(old), zipfile.ZIP_DEFLATED)),
        FileCase("speech.motion", speech),
        _broken("speech_no_flag.motion", no_flag, "not a .motion file"),
        FileCase("stored.motion", _zip(members, zipfile.ZIP_STORED)),
        other("newer_version.motion", "update monalive", version=3),
        other("other_format.motion", "not a .motion file", format="something"),
        other("too_many_frames.motion", "motion file", frames=4),
        other("no_frames.motion", "not a .motion file", frames=0),
        other("no_rate.motion", "invalid contents", fps=0),
        other("no_size.motion", "invalid contents", image_size=[0, 512]),
        _broken("times_go_back.motion", _zip(members | {"timestamps.f64": _times(0, 80, 40)}), "invalid contents"),
        _broken("cut_off.motion", good[: len(good) // 2], "not a .motion file"),
        _broken("empty.motion", b"", "not a .motion file"),
        _broken("bundle.motion", _zip({"manifest.json": b'{"schema": 1}'}), "not a .motion file"),
    ]


def _broken(name: str, content: bytes, says: str) -> FileCase:
    return FileCase(name, content, "ValueError", says)


def _bundle(bundle: monalive.Bundle) -> dict[str, Any]:
    sizes = {name: len(content) for name, content in sorted(bundle.parts.items())}
    return {"model_version": bundle.model_version, "sha256": bundle.sha256, "parts": sizes, "about": bundle.about}


def _motion(motion: Motion) -> dict[str, Any]:
    around = None if motion.surroundings is None else motion.surroundings[:, 5, 7].astype(float).round(6).tolist()
    return {
        "name": motion.name,
        "loop": motion.loop,
        "speech": motion.speech,
        "fps": motion.fps,
        "image_size": list(motion.image_size),
        "timestamps_ms": motion.timestamps_ms.tolist(),
        "duration_ms": motion.duration_ms,
        "landmark_159": motion.landmarks[:, 159].astype(float).round(4).tolist(),
        "landmark_477": motion.landmarks[:, 477].astype(float).round(4).tolist(),
        "surroundings_row_5_column_7": around,
        "take_starts": list(motion.references),
        "reference_landmark_159": [face[159].astype(float).round(4).tolist() for face in motion.references.values()],
    }


def _times(*values: float) -> bytes:
    return np.array(values, "<f8").tobytes()


def _json(manifest: object) -> Members:
    return {"manifest.json": json.dumps(manifest).encode()}


def _written(write: Callable[[Path], object], suffix: str) -> bytes:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"file{suffix}"
        write(path)
        return path.read_bytes()


def _members(content: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def _zip(members: Members, compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = compression
            archive.writestr(info, content)
    return buffer.getvalue()
