"""The TypeScript binding against the golden vectors, in Node: `npm test` of bindings/web."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "bindings" / "web"


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
@pytest.mark.skipif(not (PACKAGE / "node_modules").is_dir(), reason="bindings/web is not installed: make web")
def test_binding_passes_its_tests() -> None:
    environment = os.environ | {"MONALIVE_PYTHON": sys.executable, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        ["npm", "test", "--silent"], cwd=PACKAGE, capture_output=True, text=True, timeout=600, env=environment
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    passed = re.search(r"^# pass (\d+)$", done.stdout, re.MULTILINE)
    assert passed and int(passed.group(1)) >= 80 and "# skipped 0" in done.stdout


def test_lock_file_names_no_download_hosts() -> None:
    assert '"resolved"' not in (PACKAGE / "package-lock.json").read_text("utf-8")
