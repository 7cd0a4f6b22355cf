"""The TypeScript binding against the golden vectors, in Node: `npm test` of bindings/web."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "bindings" / "web"


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
@pytest.mark.skipif(not (PACKAGE / "node_modules").is_dir(), reason="bindings/web is not installed: make web")
def test_binding_passes_its_tests() -> None:
    done = subprocess.run(["npm", "test", "--silent"], cwd=PACKAGE, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    passed = re.search(r"^# pass (\d+)$", done.stdout, re.MULTILINE)
    assert passed and int(passed.group(1)) >= 50


def test_lock_file_names_no_download_hosts() -> None:
    assert '"resolved"' not in (PACKAGE / "package-lock.json").read_text("utf-8")
