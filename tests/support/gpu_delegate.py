"""LiteRT's real GPU delegate on a GPU in software: Debian's chromium brings one, libvulkan1 the way to it."""

from __future__ import annotations

import ctypes.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

_SWIFTSHADER = Path("/usr/lib/chromium/vk_swiftshader_icd.json")
_ASK = """
import sys
from ai_edge_litert.compiled_model import CompiledModel
from ai_edge_litert.hardware_accelerator import HardwareAccelerator
for path in sys.argv[1:]:
    model = CompiledModel.from_file(path, hardware_accel=HardwareAccelerator.GPU)
    print(path, "all taken:", model.is_fully_accelerated(), flush=True)
"""

needs_gpu = pytest.mark.skipif(
    not _SWIFTSHADER.is_file() or ctypes.util.find_library("vulkan") is None,
    reason="needs a GPU: Debian's packages chromium and libvulkan1 bring one in software",
)


def assert_taken(*files: Path) -> None:
    """Fails where the delegate does not take every operation of every file, with what it says."""
    environment = os.environ | {"VK_ICD_FILENAMES": str(_SWIFTSHADER)}
    command = [sys.executable, "-c", _ASK, *map(str, files)]
    answer = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    taken = [f"{path} all taken: True" in answer.stdout for path in files]
    assert all(taken), answer.stderr.partition("not supported by GPU delegate:")[2][:500] or answer.stderr[-2000:]
