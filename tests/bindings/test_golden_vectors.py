"""The golden vectors of the bindings are what the SDK gives today."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
MAX_BYTES = 2_000_000


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("golden")
    script = GOLDEN / "record_binding_golden.py"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, str(script), str(folder)], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _compare(kept: Any, new: Any, where: str) -> None:
    """Numbers within 2e-5 of each other, or of what they are (networks differ in their last bits between machines)."""
    assert type(kept) is type(new), where
    if isinstance(kept, dict):
        assert kept.keys() == new.keys(), where
        for key in kept:
            _compare(kept[key], new[key], f"{where}.{key}")
    elif isinstance(kept, list):
        assert len(kept) == len(new), where
        if where.endswith("levels"):  # a network's flow, in 1/64 pixel
            assert np.abs(np.array(kept) - np.array(new)).max() <= 16, where
            return
        if where.startswith("tracker.json") and where.endswith(("landmarks", "blendshapes")):  # of networks on pictures
            assert np.abs(np.array(kept) - np.array(new)).max() <= 0.1, where
            return
        for index, pair in enumerate(zip(kept, new, strict=True)):
            _compare(*pair, f"{where}[{index}]")
    elif isinstance(kept, float):
        assert math.isclose(kept, new, rel_tol=2e-5, abs_tol=2e-5), f"{where}: {kept} is now {new}"
    else:
        assert kept == new, where


def test_nothing_is_missing_or_left_over(recorded: Path) -> None:
    assert _files(GOLDEN / "bindings") == _files(recorded)


def test_numbers_and_files_are_what_the_sdk_gives(recorded: Path) -> None:
    for name in _files(recorded):
        kept, new = GOLDEN / "bindings" / name, recorded / name
        if name.endswith(".json"):
            _compare(json.loads(kept.read_text()), json.loads(new.read_text()), name)
        elif not name.endswith(".png"):
            assert kept.read_bytes() == new.read_bytes(), name


def test_pictures_are_what_the_sdk_gives(recorded: Path) -> None:
    for name in [name for name in _files(recorded) if name.endswith(".png")]:
        kept, new = (np.asarray(Image.open(folder / name), float) for folder in (GOLDEN / "bindings", recorded))
        assert kept.shape == new.shape, name
        assert ((kept - new) ** 2).mean() < 255**2 / 10**5, f"{name} differs by more than 50 dB"


def test_they_are_small() -> None:
    assert sum(path.stat().st_size for path in (GOLDEN / "bindings").rglob("*") if path.is_file()) < MAX_BYTES


def test_driver_and_cases_are_telling() -> None:
    """Every region moves, relative differs from absolute, and the pose limits hold somebody back."""
    cases = {case["name"]: case for case in json.loads((GOLDEN / "bindings/retarget.json").read_text())["cases"]}
    frames = {name: np.array(case["landmarks"]) for name, case in cases.items()}
    for name, frame in frames.items():
        assert np.abs(frame - frame[0]).max() > 0.01, name
    loose, limited = frames["absolute, not smoothed"], frames["relative, not smoothed"]
    assert np.abs((loose[6] - loose[0]) - (limited[6] - limited[0])).max() > 0.03
    assert not np.allclose(frames["relative"], frames["relative, not smoothed"], atol=1e-3)
