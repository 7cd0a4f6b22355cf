"""Installs a lock file's packages beside this Python: `install_locked.py LOCK [--or REQUIREMENT...]`.

A file whose sha256 is another than the lock file's is never installed. Where an index does not have a locked version
(some are behind others for a while), it is asked three times; then, with `--or`, these requirements are installed
without hashes, in versions that they allow, and a line says so. `HASHES=only` in the environment forbids that.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time

_ATTEMPTS = 3
_PIP = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lock")
    parser.add_argument("--or", nargs="+", dest="instead", metavar="REQUIREMENT", default=[])
    arguments = parser.parse_args()
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


if __name__ == "__main__":
    sys.exit(main())
