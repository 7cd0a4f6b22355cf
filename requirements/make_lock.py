"""Writes a lock file of exact versions and sha256 hashes: `python requirements/make_lock.py NAME REQUIREMENT...`.

pip itself resolves (`pip install --dry-run --report`); the hashes are those of the files that it would install here, so
a lock file is for one platform and one Python, both in its name. `make` uses it where it fits.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> None:
    """Resolves and writes."""
    name, *requirements = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        subprocess.run([*command, "--report", str(report), *requirements], check=True)
        chosen = json.loads(report.read_text())["install"]
    lines = []
    for entry in chosen:
        archive = entry["download_info"].get("archive_info")
        if archive is None:  # this package itself
            continue
        about = entry["metadata"]
        lines.append(f"{about['name']}=={about['version']} --hash=sha256:{archive['hashes']['sha256']}")
    python = "".join(platform.python_version_tuple()[:2])
    place = f"{sys.platform}-{platform.machine().lower()}-py{python}"
    path = Path(__file__).with_name(f"{name}-{place}.lock")
    path.write_text("\n".join(sorted(lines, key=str.lower)) + "\n")
    print(path, len(lines))


if __name__ == "__main__":
    main()
