"""What `monalive info` says about the installation and about files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from monalive.about import about_file, about_package
from monalive.bundle import write_bundle
from monalive.cli import main
from monalive.faces.crop import SquareCrop
from monalive.motions.motion import Motion
from monalive.portrait import EnrolledPhoto, PhotoOfPerson, Portrait


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "small.bundle"
    part = {"precision": "int8", "inputs": [], "outputs": []}
    manifest = {"name": "small", "model_version": "1.2", "licence": "Apache-2.0", "parts": {"animate": part}}
    write_bundle(path, manifest, {"animate": b"network"})
    return path


def test_a_bundle(bundle: Path) -> None:
    facts = about_file(bundle)
    assert facts["kind"] == "bundle"
    assert facts["model_version"] == "1.2"
    assert facts["parts"]["animate"]["bytes"] == 7
    assert len(facts["sha256"]) == len(facts["parts"]["animate"]["sha256"]) == 64


def test_a_motion(tmp_path: Path) -> None:
    landmarks = np.random.default_rng(0).random((50, 478, 3)) * 100
    Motion.from_landmarks(landmarks, (320, 240), 25.0, name="nod", loop=True).save(tmp_path / "nod.motion")
    facts = about_file(tmp_path / "nod.motion")
    assert facts == {
        "kind": "motion",
        "name": "nod",
        "frames": 50,
        "fps": 25.0,
        "seconds": 2.0,
        "driver_size": [320, 240],
        "loop": True,
        "surroundings": False,
        "speech": False,
    }


def test_a_portrait(tmp_path: Path) -> None:
    photo = PhotoOfPerson(np.zeros((60, 80, 3), np.uint8), np.zeros((478, 3), np.float32), SquareCrop(1, 2, 50))
    Portrait((EnrolledPhoto(photo, {}),)).save(tmp_path / "me.portrait")
    facts = about_file(tmp_path / "me.portrait")
    assert facts == {
        "kind": "portrait",
        "photos": [{"size": [80, 60], "crop": {"x": 1.0, "y": 2.0, "side": 50.0}}],
    }


def test_the_package(bundle: Path) -> None:
    facts = about_package(bundle)
    assert {"monalive", "python", "dependencies", "bundle", "tracker", "speech", "motions"} == set(facts)
    assert facts["bundle"]["name"] == "small"
    assert "smile" in facts["motions"]
    assert list(facts["speech"]["parts"]) == ["speech"]
    assert json.loads(json.dumps(facts)) == facts


def test_the_command_prints_text_or_json(bundle: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(bundle)]) == 0
    out, err = capfd.readouterr()
    assert "model_version: 1.2" in out
    assert err == ""
    assert main(["info", str(bundle), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["kind"] == "bundle"
    assert main(["info"]) == 0
    assert "motions: " in capfd.readouterr().out


def test_other_files_are_refused(tmp_path: Path, bundle: Path) -> None:
    (tmp_path / "text.bundle").write_text("hello")
    with pytest.raises(ValueError, match="neither a bundle"):
        about_file(tmp_path / "text.bundle")
    with pytest.raises(FileNotFoundError, match="no file"):
        about_file(tmp_path / "missing.bundle")
    content = bytearray(bundle.read_bytes())
    content[content.rindex(b"network")] ^= 1
    bundle.write_bytes(content)
    with pytest.raises(ValueError, match="damaged"):
        about_file(bundle)
