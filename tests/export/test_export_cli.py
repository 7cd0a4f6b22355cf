"""The command `monalive-export` and bad input."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("litert_torch")

from monalive_export.cli import main


@pytest.mark.parametrize("content", [None, b"not a checkpoint"])
def test_bad_input_ends_with_one_line_and_code_2(
    tmp_path: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = tmp_path / "state.safetensors"
    if content is not None:
        weights.write_bytes(content)
    assert main([str(weights), "-o", str(tmp_path / "out.bundle")]) == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith("monalive-export: ") and str(weights) in said and "\n" not in said
    assert not (tmp_path / "out.bundle").exists()
