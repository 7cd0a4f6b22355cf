"""Installs a lock file's packages beside this Python: `install_locked.py LOCK [--or REQUIREMENT...]`.

A file whose sha256 is another than the lock file's is never installed. Where an index does not have a locked version
(some are behind others for a while), it is asked three times; then, with `--or`, these requirements are installed
without hashes, in versions that they allow, and a line says so. `HASHES=only` in the environment forbids that.

Where the lock file accepts several builds of one version, the one that pip would take without hashes goes in first:
with hashes, pip passes over a file in a folder of its own (PyTorch for CPUs alone) for the index's, 5 GB larger.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_ATTEMPTS = 3
_PIP = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lock")
    parser.add_argument("--or", nargs="+", dest="instead", metavar="REQUIREMENT", default=[])
    arguments = parser.parse_args()
    for requirement, hashes in _with_several_builds(Path(arguments.lock).read_text()):
        _install_preferred_build(requirement, hashes)
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(5 * attempt)
        command = [*_PIP, "--require-hashes", "--no-deps", "-r", arguments.lock]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode == 0:
            return 0
        problem = "\n".join(line for line in done.stderr.splitlines() if not line.startswith("WARNING"))
        if "No matching distribution" not in problem:
            print(problem, file=sys.stderr)
            return done.returncode
    print(problem.splitlines()[-1], file=sys.stderr)
    if not arguments.instead or os.environ.get("HASHES") == "only":
        return 1
    print(
        f"Not every file of {arguments.lock} is to be had here: as its ranges allow, without hashes.", file=sys.stderr
    )
    return subprocess.run([*_PIP, *arguments.instead], check=False).returncode


def _with_several_builds(lock: str) -> list[tuple[str, set[str]]]:
    """Requirements of a lock file that more than one file may fill, with these files' hashes."""
    lines = [(line.split(" ", 1)[0], set(re.findall(r"--hash=sha256:(\w+)", line))) for line in lock.splitlines()]
    return [(requirement, hashes) for requirement, hashes in lines if len(hashes) > 1]


def _install_preferred_build(requirement: str, hashes: set[str]) -> None:
    """Installs the file that pip takes of itself if the lock file knows it; if not, the lock file decides later."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*command, "--dest", folder, requirement], stderr=subprocess.DEVNULL, check=False)
        for path in Path(folder).iterdir():
            if hashlib.sha256(path.read_bytes()).hexdigest() in hashes:
                subprocess.run([*_PIP, "--no-deps", str(path)], check=False)


if __name__ == "__main__":
    sys.exit(main())
