"""The bundle: one file with the networks and a manifest that says exactly what they are.

It is an uncompressed zip; every member starts at a multiple of 64 bytes, so that a phone can map it into memory. The
first member is `manifest.json`:

    {"schema": 2, "name": ..., "model_version": ..., "licence": ..., "image_size": 256,
     "parts": {"animate": {"file": "animate.tflite", "format": "tflite", "sha256": ..., "precision": "int8",
                           "inputs": [{"name", "tensor", "shape", "range", "about"}, ...], "outputs": [...]}, ...}}

A part without "format" is a tflite file. A Core ML package, which is a folder, is held as an uncompressed zip.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from monalive.atomic_file import atomic_path
from monalive.networks.named_network import NamedNetwork
from monalive.networks.runtimes import DEFAULT_FORMAT, FORMAT_SUFFIXES, RuntimeOptions
from monalive.packaged_assets import asset_path
from monalive.zip_members import UNREADABLE, read_member

SCHEMA: Final = 2  # 1: the animate network took the photo and gave the finished crop
ALIGNMENT: Final = 64
_MANIFEST: Final = "manifest.json"
_LOCAL_HEADER_BYTES: Final = 30
_ALIGNMENT_FIELD: Final = 0xD935  # the zip extra field that Android's zipalign pads with
_MAX_BYTES: Final = 512 * 2**20
_MAX_MANIFEST_BYTES: Final = 1 << 20


class _UnusableBundleError(ValueError):
    """A bundle, but not one to use."""


@dataclass(frozen=True)
class Bundle:
    """An opened bundle.

    Attributes:
        manifest: the parsed manifest.
        parts: the networks' files by part name ("enroll", "animate").
        sha256: of the whole file, hexadecimal.
    """

    manifest: Mapping[str, Any]
    parts: Mapping[str, bytes]
    sha256: str

    def __repr__(self) -> str:
        return f"<Bundle {self.manifest.get('name', '')!r} {self.model_version}: {len(self.parts)} parts>"

    @property
    def model_version(self) -> str:
        """Version of the weights."""
        return str(self.manifest["model_version"])

    @property
    def about(self) -> dict[str, str]:
        """Name, version and sha256: what outputs say they were made with."""
        return {"name": str(self.manifest.get("name", "")), "version": self.model_version, "sha256": self.sha256}

    def with_parts(self, other: Bundle) -> Bundle:
        """This bundle with the parts of another one in place of its own, or beside them.

        Args:
            other: its parts and its name are taken over; the version becomes "this one's+its own".
        """
        entries = {**self.manifest["parts"], **other.manifest["parts"]}
        parts = {**self.parts, **other.parts}
        sha256 = hashlib.sha256(f"{self.sha256} {other.sha256}".encode()).hexdigest()
        name, version = other.manifest["name"], f"{self.model_version}+{other.model_version}"
        return Bundle({**self.manifest, "name": name, "model_version": version, "parts": entries}, parts, sha256)

    def part_manifest(self, name: str) -> Mapping[str, Any]:
        """The manifest's entry of one part.

        Args:
            name: the part, such as `animate`; `parts` has all names.

        Raises:
            ValueError: the bundle has no such part.
        """
        parts: Mapping[str, Mapping[str, Any]] = self.manifest["parts"]
        if name not in parts:
            raise ValueError(f"the bundle has no part {name!r}, only {', '.join(sorted(parts))}; use a complete bundle")
        return parts[name]

    def network(self, name: str, options: RuntimeOptions | None = None) -> NamedNetwork:
        """Opens one part as a network.

        Args:
            name: of the part.
            options: what it is to run on.

        Raises:
            ValueError: the bundle has no such part, or it does not match its manifest or run on what is asked for.
            ImportError: the runtime is not installed.
        """
        manifest = self.part_manifest(name)  # says what is missing
        return NamedNetwork(self.parts[name], manifest, options or RuntimeOptions(), f"the bundle's part {name!r}")

    @classmethod
    def load(cls, path: str | Path | None = None) -> Bundle:
        """Opens and checks a bundle.

        Args:
            path: the file; the bundle that comes with the package when left out.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: not a bundle, a damaged one (sha256), or one of a newer schema.
        """
        where = Path(path) if path is not None else default_bundle_path()
        if not where.is_file():
            raise FileNotFoundError(f"there is no bundle at {where}")
        if where.stat().st_size > _MAX_BYTES:
            raise ValueError(f"{where} is larger than any bundle ({_MAX_BYTES >> 20} MiB); is it another kind of file?")
        return cls.from_bytes(where.read_bytes(), str(where))

    @classmethod
    def from_bytes(cls, content: bytes, name: str = "the bundle") -> Bundle:
        """Opens and checks the content of a bundle file.

        Args:
            content: the bytes of the file.
            name: what errors call it.

        Raises:
            ValueError: as `load`.
        """
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                manifest, parts = _read(archive)
        except _UnusableBundleError as error:
            raise ValueError(f"{name}: {error}") from error
        except UNREADABLE as error:
            raise ValueError(f"{name} is not a monalive bundle, or a damaged one: {error}") from error
        return cls(manifest, parts, hashlib.sha256(content).hexdigest())


def default_bundle_path() -> Path:
    """The bundle that comes with the package."""
    return asset_path("default.bundle")


def write_bundle(path: str | Path, manifest: Mapping[str, Any], parts: Mapping[str, bytes]) -> None:
    """Writes a bundle; `file` and `sha256` of every part are filled in.

    Args:
        path: where to; it appears whole or not at all.
        manifest: everything but what is filled in; `manifest["parts"]` has an entry for each of `parts`.
        parts: content of the networks' files by part name.

    Raises:
        ValueError: manifest and parts do not name the same parts.
    """
    entries = {name: dict(entry) for name, entry in manifest["parts"].items()}
    if set(entries) != set(parts):
        raise ValueError(f"the manifest describes {sorted(entries)}, but the parts are {sorted(parts)}")
    for name, content in parts.items():
        suffix = FORMAT_SUFFIXES[entries[name].get("format", DEFAULT_FORMAT)]
        entries[name] |= {"file": name + suffix, "sha256": hashlib.sha256(content).hexdigest()}
    text = json.dumps({"schema": SCHEMA} | dict(manifest) | {"parts": entries}, indent=1).encode()
    members = {_MANIFEST: text} | {entries[name]["file"]: content for name, content in sorted(parts.items())}
    with atomic_path(path) as unfinished, zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as archive:
        for member, content in members.items():
            _write_aligned(archive, member, content)


def _write_aligned(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))  # the same content gives the same file
    info.external_attr = 0o644 << 16
    assert archive.fp is not None
    start = archive.fp.tell() + _LOCAL_HEADER_BYTES + len(name.encode()) + 4  # 4: the extra field's own head
    padding = -start % ALIGNMENT
    info.extra = struct.pack("<HH", _ALIGNMENT_FIELD, padding) + bytes(padding)
    archive.writestr(info, content)


def _read(archive: zipfile.ZipFile) -> tuple[dict[str, Any], dict[str, bytes]]:
    manifest = json.loads(read_member(archive, _MANIFEST, _MAX_MANIFEST_BYTES))
    schema = manifest["schema"]
    if not isinstance(schema, int) or schema > SCHEMA:
        raise _UnusableBundleError(f"its schema is {schema}, this version reads up to {SCHEMA}; update monalive")
    parts, left = {}, _MAX_BYTES
    for name, entry in manifest["parts"].items():
        info = archive.getinfo(entry["file"])
        if info.compress_type != zipfile.ZIP_STORED:
            raise _UnusableBundleError(f"the part {name!r} is compressed; bundles are stored uncompressed")
        left -= info.file_size  # members that overlap would take more memory than the file is large
        content = read_member(archive, info.filename, left + info.file_size)
        if hashlib.sha256(content).hexdigest() != entry["sha256"]:
            raise _UnusableBundleError(
                f"the part {name!r} is damaged (its sha256 is not the manifest's); get the file again"
            )
        parts[name] = content
    return manifest, parts
