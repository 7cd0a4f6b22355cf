"""What the command line loads before it does anything: nothing that is slow."""

from __future__ import annotations

import pytest
from own_process import run_alone

# Loading any of them takes longer than all that help needs.
SLOW = {
    *("ai_edge_litert", "av", "c2pa", "cryptography", "cv2", "numpy", "onnxruntime", "PIL", "tqdm"),
    *("email", "importlib.metadata", "multiprocessing", "xml"),
}


def _loaded(words: str) -> set[str]:
    """Modules of a process that ran a command line and said that all went well."""
    program = """
import sys
from monalive.__main__ import main
code = main()
print(*sys.modules, sep="\\n")
sys.exit(code)
"""
    done = run_alone(program, words)
    assert done.returncode == 0, done.stderr
    assert "usage: monalive" in done.stdout
    return set(done.stdout.split())


@pytest.mark.parametrize("words", ["--help", "animate --help", "live --help", "verify --help", "bench --help"])
def test_help_loads_nothing_slow(words: str) -> None:
    assert not SLOW & _loaded(words)
