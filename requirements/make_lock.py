"""Writes a lock file of exact versions and sha256 hashes: `python requirements/make_lock.py NAME REQUIREMENT...`.

pip itself resolves (`pip install --dry-run --report`); the hashes are those of the files that it would install here, so
a lock file is for one platform and one Python, both in its name. `make` uses it where it fits. Where pip is set up to
take a build of its own from elsewhere (PyTorch for CPUs alone is version 2.13.0+cpu), the public version's file is
accepted beside it.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


def main() -> None:
    """Resolves and writes."""
    name, *requirements = sys.argv[1:]
    lines = []
    for entry in resolved(requirements):
        download = entry["download_info"]
        if "archive_info" not in download:  # this package itself
            continue
        about = entry["metadata"]
        public, _, build = about["version"].partition("+")
        hashes = {sha256(download)}
        if build:
            hashes |= {sha256(other["download_info"]) for other in resolved([f"{about['name']}=={public}"], plain=True)}
        lines.append(f"{about['name']}=={public} " + " ".join(f"--hash=sha256:{value}" for value in sorted(hashes)))
    python = "".join(platform.python_version_tuple()[:2])
    place = f"{sys.platform}-{platform.machine().lower()}-py{python}"
    path = Path(__file__).with_name(f"{name}-{place}.lock")
    path.write_text("\n".join(sorted(lines, key=str.lower)) + "\n")
    print(path, len(lines))


def resolved(requirements: list[str], *, plain: bool = False) -> list[dict[str, Any]]:
    """What pip would install; `plain`: from its default index alone and without what that needs in turn."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        command += ["--no-deps"] if plain else []
        environment = {**os.environ, **({"PIP_CONFIG_FILE": os.devnull} if plain else {})}
        subprocess.run([*command, "--report", str(report), *requirements], check=True, env=environment)
        return json.loads(report.read_text())["install"]  # type: ignore[no-any-return]


def sha256(download: dict[str, Any]) -> str:
    """Of the file pip chose; of one on this machine, which pip does not always say, it is computed."""
    known = download["archive_info"].get("hashes", {}).get("sha256")
    return known or hashlib.sha256(Path(unquote(urlsplit(download["url"]).path)).read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
