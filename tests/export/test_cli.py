"""The command `monalive-export` and bad input: one line, exit code 2, nothing half-written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from safetensors.numpy import save_file

pytest.importorskip("litert_torch")

import numpy as np

from monalive.bundle import Bundle
from monalive_export.cli import main
from monalive_export.cli.export import OWN_WEIGHTS, _version
from monalive_export.cli.main import COMMAND_LINE

WEIGHTS = Path(__file__).parents[2] / "distill" / "monalive_distill" / "assets" / "lightweight.safetensors"


def _checkpoint(path: Path, record: dict[str, str]) -> Path:
    save_file({"average/x": np.zeros(1, np.float32)}, path, {"record": json.dumps(record)})
    return path


def _refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(words) == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith("monalive-export: ") and "\n" not in said
    return said


@pytest.mark.parametrize("content", [None, b"not a checkpoint"])
def test_a_missing_file_and_another_kind_of_file(
    tmp_path: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = tmp_path / "state.safetensors"
    if content is not None:
        weights.write_bytes(content)
    assert str(weights) in _refused([str(weights), "-o", str(tmp_path / "out")], capsys)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"model": "dog"}, "a kind that cannot be exported (dog)"),
        ({}, "no variant named"),
        ({"variant": "huge"}, "huge"),
        ({"variant": "tiny"}, "another variant"),
        ({"model": "few_shot_person", "variant": "tiny"}, "has no adain"),
    ],
)
def test_a_checkpoint_of_the_wrong_kind(
    tmp_path: Path, record: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = _checkpoint(tmp_path / "a.safetensors", record)
    assert said in _refused([str(weights), "-o", str(tmp_path / "out")], capsys)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--to", "tensorrt"], "there is no target 'tensorrt': choose from litert, coreml, onnx"),
        (["--precision", "int3"], "there is no precision 'int3': choose from fp32, fp16, int8"),
        (["--frames", "nowhere"], "there is no folder nowhere"),
    ],
)
def test_what_there_is_not(tmp_path: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said in _refused([str(WEIGHTS), "-o", str(tmp_path / "out"), "-q", *words], capsys)


def test_a_folder_that_cannot_be_written_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("here")
    assert "name a folder" in _refused([str(WEIGHTS), "-o", str(tmp_path / "file"), "-q"], capsys)
    said = _refused([str(WEIGHTS), "-o", str(tmp_path / "file" / "below"), "-q"], capsys)
    assert "below" in said
    assert (tmp_path / "file").read_text() == "here"


def test_files_name_the_version_of_the_weights_that_ship_and_of_no_others(tmp_path: Path) -> None:
    def version(*words: str) -> str:
        return _version(COMMAND_LINE.parse(["export", *words, "-o", str(tmp_path)]))

    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(WEIGHTS.read_bytes())
    other = _checkpoint(tmp_path / "other.safetensors", {})
    assert version(str(WEIGHTS)) == version(str(copy)) == Bundle.load().model_version
    assert version(str(other)) == version(str(WEIGHTS), "--tracker", str(other)) == OWN_WEIGHTS
    assert version(str(tmp_path / "missing.safetensors")) == OWN_WEIGHTS
