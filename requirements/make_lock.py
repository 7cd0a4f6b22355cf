"""Writes a lock file of exact versions and sha256 hashes.

    python requirements/make_lock.py NAME                      of what is installed beside this Python
    python requirements/make_lock.py NAME REQUIREMENT... --without LOCK
                                                               of what these need on pip's default index, less LOCK's

Resolving is left to an ordinary installation (`make lock` makes one): pip did not finish resolving all of it at once
without installing. The hashes are those of the files that pip would take here, so a lock file is for one platform and
one Python, both in its name. Where pip is set up to take a build of its own from elsewhere (PyTorch for CPUs alone is
version 2.13.0+cpu), the default index's file is accepted beside it, and what only that file needs (CUDA's libraries)
has a lock file of its own.
"""

from __future__ import annotations

import argparse
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

# What a virtual environment has of its own.
_OWN = {"pip"}


def main() -> None:
    """Resolves, hashes and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="what the file's name begins with")
    parser.add_argument("requirements", nargs="*", metavar="REQUIREMENT")
    parser.add_argument("--without", type=Path, metavar="LOCK", help="leave out what stands there")
    arguments = parser.parse_args()
    if arguments.requirements:
        entries = resolved(arguments.requirements, plain=True)
    else:
        entries = resolved(["--no-deps", *installed()])
    known = names(arguments.without.read_text()) if arguments.without else set()
    lines = sorted((line for line in map(locked, entries) if not names(line) & known), key=str.lower)
    python = "".join(platform.python_version_tuple()[:2])
    place = f"{sys.platform}-{platform.machine().lower()}-py{python}"
    path = Path(__file__).with_name(f"{arguments.name}-{place}.lock")
    path.write_text("\n".join(lines) + "\n")
    print(path, len(lines))


def installed() -> list[str]:
    """Packages beside this Python with their versions, this project left out."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "list", "--format=json"], check=True, capture_output=True, text=True
    )
    packages = json.loads(listed.stdout)
    return [
        f"{package['name']}=={package['version']}"
        for package in packages
        if package["name"] not in _OWN and "editable_project_location" not in package
    ]


def locked(entry: dict[str, Any]) -> str:
    """A lock file's line for one entry of pip's report."""
    download, about = entry["download_info"], entry["metadata"]
    public, _, build = about["version"].partition("+")
    hashes = {sha256(download)}
    if build:
        (other,) = resolved(["--no-deps", f"{about['name']}=={public}"], plain=True)
        hashes.add(sha256(other["download_info"]))
    return f"{about['name']}=={public} " + " ".join(f"--hash=sha256:{value}" for value in sorted(hashes))


def names(lines: str) -> set[str]:
    """The packages of a lock file's lines, as indexes compare their names (PEP 503), roughly."""
    return {line.split("==")[0].lower().replace("_", "-").replace(".", "-") for line in lines.splitlines()}


def resolved(arguments: list[str], *, plain: bool = False) -> list[dict[str, Any]]:
    """What pip would install; `plain`: from its default index alone."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        environment = {**os.environ, **({"PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""} if plain else {})}
        subprocess.run([*command, "--report", str(report), *arguments], check=True, env=environment)
        return json.loads(report.read_text())["install"]  # type: ignore[no-any-return]


def sha256(download: dict[str, Any]) -> str:
    """Of the file pip chose; of one on this machine, which pip does not always say, it is computed."""
    known = download["archive_info"].get("hashes", {}).get("sha256")
    return known or hashlib.sha256(Path(unquote(urlsplit(download["url"]).path)).read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
