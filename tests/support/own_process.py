"""Programs in a Python of their own, which has loaded nothing yet."""

from __future__ import annotations

import os
import subprocess
import sys


def run_alone(program: str, words: str) -> subprocess.CompletedProcess[str]:
    """Runs a program's text with some words as its command line; it imports what the tests do."""
    return subprocess.run(
        [sys.executable, "-c", program, *words.split()],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
