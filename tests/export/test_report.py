"""The report joins what the gate measured with what the benchmark did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import pytest

pytest.importorskip("matplotlib")

from monalive_export.cli import main
from monalive_export.report import _legend, read_points


def _entry(target: str, file_format: str, precision: str, size: int, psnr: float) -> dict[str, Any]:
    gate = {"max_error": 0.1, "psnr_db": psnr}
    kind = {"graph": "animate", "target": target, "format": file_format, "precision": precision}
    made = {"path": f"animate_{precision}.{file_format}", "bytes": size, "accelerators": {}}
    return kind | made | {"gate": gate}


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    files = [
        _entry("litert", "tflite", "fp32", 4_700_000, 120.0),
        _entry("litert", "tflite", "int8", 1_400_000, 48.0),
        _entry("coreml", "mlpackage", "int8", 1_500_000, 47.0),
        _entry("litert", "tflite", "fp32", 100, 1.0) | {"graph": "enroll", "accelerators": {"GPU": []}},
    ]
    (tmp_path / "export.json").write_text(json.dumps({"files": files}))
    networks = [
        {"part": "animate", "format": "tflite", "precision": "fp32", "median_ms": 31.0},
        {"part": "animate", "format": "tflite", "precision": "int8", "median_ms": 14.0},
        {"part": "animate", "format": "tflite", "precision": "int8", "median_ms": 12.0},
        {"part": "animate", "format": "mlpackage", "precision": "int8", "error": "runs on macOS only"},
        {"part": "enroll", "format": "tflite", "precision": "int8", "median_ms": 1.0},
    ]
    (tmp_path / "bench.json").write_text(json.dumps({"networks": networks}))
    return tmp_path


def test_files_get_their_times(exported: Path) -> None:
    networks = json.loads((exported / "bench.json").read_text())["networks"]
    points = read_points(exported, networks)
    assert [(p.target, p.precision, p.megabytes, p.psnr_db, p.median_ms) for p in points] == [
        ("litert", "fp32", 4.7, 120.0, 31.0),
        ("litert", "int8", 1.4, 48.0, 12.0),
        ("coreml", "int8", 1.5, 47.0, None),
    ]


def test_the_command_draws(exported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(exported), "--bench", str(exported / "bench.json")]) == 0
    said = capsys.readouterr().out.splitlines()
    assert any("not run here" in line for line in said)
    assert [line.split(maxsplit=1)[1] for line in said[-5:-1]] == [*["accelerators not checked"] * 3, "GPU"]
    picture = cv2.imread(str(exported / "report.png"))
    assert picture is not None and picture.shape[1] > 1000 and picture.std() > 5


def test_the_legend_says_what_colours_and_marks_mean(exported: Path) -> None:
    labels = [entry.get_label() for entry in _legend(read_points(exported, []))]
    assert labels == ["litert", "coreml", "fp32", "int8"]


def test_a_folder_without_an_export_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path)]) == 2
    assert "name a folder that monalive-export wrote" in capsys.readouterr().err
