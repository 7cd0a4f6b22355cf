"""`monalive doctor` tells what works from what does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import monalive.bundle
import monalive.doctor
from monalive.cli.main import main
from monalive.doctor import examine

NEEDED = {"python", "opencv", "models", "animation"}


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONALIVE_HOME", str(tmp_path / "home" / "settings"))


def test_a_machine_where_all_that_is_needed_works(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monalive.doctor, "cameras", list)
    assert main(["doctor", "--json"]) == 0
    found = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert {name for name, one in found.items() if one["needed"]} == NEEDED
    assert all(found[name]["works"] for name in (*NEEDED, ".mp4", ".webm", ".webp", ".gif", "credential"))
    assert not found["camera"]["works"] and "video file" in found["camera"]["advice"]
    assert not (tmp_path / "home").exists(), "it makes no credential"


def test_damaged_models(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = tmp_path / "damaged.bundle"
    damaged.write_bytes(monalive.bundle.default_bundle_path().read_bytes()[:100_000])
    monkeypatch.setattr(monalive.bundle, "default_bundle_path", lambda: damaged)
    assert main(["doctor"]) == 1
    lines = {line.split()[1]: line for line in capsys.readouterr().out.splitlines()}
    assert lines["models"].startswith("--") and "pip install --force-reinstall monalive" in lines["models"]
    assert lines["animation"].startswith("--") and lines["opencv"].startswith("ok")


def test_opencv_in_pieces_is_a_finding_and_no_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_pieces() -> None:
        raise ImportError("OpenCV is damaged")

    monkeypatch.setattr(monalive.doctor, "require_opencv", in_pieces)
    assert main(["doctor"]) == 1
    printed = capsys.readouterr()
    assert "--  opencv" in printed.out and "pip install opencv-python-headless" in printed.out and not printed.err


def test_a_place_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    found = {one.name: one for one in examine()}
    assert not found["credential"].works and "MONALIVE_HOME" in found["credential"].advice
