"""Exported files on disk: written under a temporary name, read back, checked, and only then given their own."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from monalive.atomic_file import atomic_path
from monalive.networks.coreml_network import pack_package, unpack_package
from monalive.networks.runtimes import FORMAT_SUFFIXES

PACKAGE = "mlpackage"


def artefact_path(folder: Path, stem: str, file_format: str) -> Path:
    """Where a file of a format goes; a Core ML package is a folder there, as Xcode wants it."""
    return folder / (stem + FORMAT_SUFFIXES[file_format].removesuffix(".zip"))


def write_checked(path: Path, content: bytes, file_format: str, check: Callable[[bytes], None]) -> None:
    """Writes a file (or a package's folder), hands what was read back to `check`, and names it if that does not raise.

    Raises:
        OSError: it cannot be written.
        Exception: whatever `check` raises; nothing is left, and what was there before stays.
    """
    if file_format != PACKAGE:
        with atomic_path(path) as unfinished:
            unfinished.write_bytes(content)
            check(unfinished.read_bytes())
        return
    unfinished = path.with_name(f".{path.stem}.{secrets.token_hex(4)}")
    try:
        check(pack_package(unpack_package(content, unfinished, str(path))))
        if path.is_dir():
            shutil.rmtree(path)
        os.replace(unfinished / "network.mlpackage", path)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def make_folder(path: Path) -> None:
    """Makes the output folder.

    Raises:
        NotADirectoryError: a file is there.
        PermissionError, OSError: it cannot be made, or not be written to.
    """
    if path.exists() and not path.is_dir():
        raise NotADirectoryError(f"{path} is a file; name a folder to export to")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise type(error)(f"the folder {path} cannot be made: {error.strerror}") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise PermissionError(f"no permission to write into the folder {path}")
