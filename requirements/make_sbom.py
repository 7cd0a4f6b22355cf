"""Writes a bill of materials of a wheel (CycloneDX 1.6 JSON): `python requirements/make_sbom.py WHEEL -o sbom.json`.

It lists what the wheel asks for, with versions and hashes where a lock file is named, and the models inside it.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import re
import zipfile
from email.parser import Parser
from pathlib import Path
from typing import Any

ASKED = re.compile(r"^([A-Za-z0-9._-]+)\s*([<>=!~][^;]*?)?\s*(?:;\s*extra\s*==\s*['\"]([\w-]+)['\"])?$")
MODEL_SUFFIXES = (".bundle", ".npz", ".safetensors")


def bill_of_materials(wheel: Path, lock: Path | None = None) -> dict[str, Any]:
    """The document as a dictionary.

    Raises:
        ValueError: the wheel asks for something in a form that is not known.
    """
    locked = _locked(lock)
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = Parser().parsestr(archive.read(next(n for n in names if n.endswith(".dist-info/METADATA"))).decode())
        models = [_model(name, archive.read(name)) for name in sorted(names) if name.endswith(MODEL_SUFFIXES)]
    own = f"pkg:pypi/{metadata['Name']}@{metadata['Version']}"
    libraries = [_library(line, locked) for line in metadata.get_all("Requires-Dist", []) if "monalive[" not in line]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "library",
                "bom-ref": own,
                "name": metadata["Name"],
                "version": metadata["Version"],
                "purl": own,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
                "hashes": [_sha256(wheel.read_bytes())],
            }
        },
        "components": libraries + models,
        "dependencies": [{"ref": own, "dependsOn": [part["bom-ref"] for part in libraries + models]}],
    }


def _library(line: str, locked: dict[str, tuple[str, list[str]]]) -> dict[str, Any]:
    match = ASKED.match(line.strip())
    if match is None:
        raise ValueError(f"the wheel asks for {line!r}, which cannot be read")
    name, versions, extra = match.groups()
    version, hashes = locked.get(_key(name), ("", []))
    purl = f"pkg:pypi/{name.lower()}" + (f"@{version}" if version else "")
    part: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": name, "purl": purl}
    part["scope"] = "optional" if extra else "required"
    part["properties"] = [{"name": "monalive:versions", "value": versions or "any"}]
    if version:
        part |= {"version": version, "hashes": [{"alg": "SHA-256", "content": value} for value in hashes]}
    return part


def _model(name: str, content: bytes) -> dict[str, Any]:
    part: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": f"file:{name}",
        "name": name,
        "hashes": [_sha256(content)],
    }
    if name.endswith(".bundle"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            part["version"] = str(json.loads(archive.read("manifest.json"))["model_version"])
    return part


def _sha256(content: bytes) -> dict[str, str]:
    return {"alg": "SHA-256", "content": hashlib.sha256(content).hexdigest()}


def _locked(lock: Path | None) -> dict[str, tuple[str, list[str]]]:
    """Version and hashes by name."""
    lines = [] if lock is None else lock.read_text().splitlines()
    found = {}
    for line in lines:
        name, _, version = line.split()[0].partition("==")
        found[_key(name)] = version, re.findall(r"sha256:([0-9a-f]{64})", line)
    return found


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> None:
    """Reads a wheel and writes its bill of materials."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--lock", type=Path, help="a lock file, for versions and hashes")
    arguments = parser.parse_args()
    arguments.output.write_text(json.dumps(bill_of_materials(arguments.wheel, arguments.lock), indent=1) + "\n")


if __name__ == "__main__":
    main()
