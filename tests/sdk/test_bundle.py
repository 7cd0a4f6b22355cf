"""The bundle file: what is written comes back, and what is wrong with one is said."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from monalive.bundle import ALIGNMENT, SCHEMA, Bundle, write_bundle

PARTS = {"animate": b"animate network" * 11, "enroll": b"enroll network"}
MANIFEST = {
    "name": "test",
    "model_version": "1.2.3",
    "licence": "Apache-2.0",
    "parts": {name: {"precision": "fp32", "inputs": [], "outputs": []} for name in PARTS},
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_bundle(tmp_path / "a.bundle", MANIFEST, PARTS)
    return tmp_path / "a.bundle"


def test_what_is_written_comes_back(path: Path) -> None:
    bundle = Bundle.load(path)
    assert dict(bundle.parts) == PARTS
    assert bundle.model_version == "1.2.3"
    assert bundle.part_manifest("enroll")["precision"] == "fp32"


def test_members_are_stored_and_aligned(path: Path) -> None:
    raw = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            content = archive.read(info)
            assert info.compress_type == zipfile.ZIP_STORED
            assert raw.find(content) % ALIGNMENT == 0


def test_the_same_content_gives_the_same_file(path: Path, tmp_path: Path) -> None:
    write_bundle(tmp_path / "b.bundle", MANIFEST, PARTS)
    assert path.read_bytes() == (tmp_path / "b.bundle").read_bytes()


def test_a_flipped_byte_is_found(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[raw.find(PARTS["enroll"]) + 3] ^= 1
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=r"damaged|not a monalive bundle"):
        Bundle.load(path)


def test_a_newer_schema_is_refused(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", json.dumps({"schema": SCHEMA + 1, "parts": {}}))
    with pytest.raises(ValueError, match="update monalive"):
        Bundle.load(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 not really"])
def test_another_file_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(ValueError, match="not a monalive bundle"):
        Bundle.load(path)


def test_a_truncated_file_is_refused(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ValueError, match="not a monalive bundle"):
        Bundle.load(path)


def test_a_compressed_member_is_refused(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(ValueError, match="compressed"):
        Bundle.load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.bundle"):
        Bundle.load(tmp_path / "none.bundle")


def test_a_missing_part_is_named(path: Path) -> None:
    with pytest.raises(ValueError, match="no part 'retarget'"):
        Bundle.load(path).part_manifest("retarget")


def test_manifest_and_parts_must_agree(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="describes"):
        write_bundle(tmp_path / "c.bundle", MANIFEST, {"animate": b""})
    assert not list(tmp_path.iterdir())
