"""The readers of foreign files, as functions of bytes: what fuzzing calls."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from monalive.bundle import Bundle, write_bundle
from monalive.faces.crop import SquareCrop
from monalive.media.image_io import load_image
from monalive.motions.motion import Motion
from monalive.portrait import EnrolledPhoto, PhotoOfPerson, Portrait, read_portrait

# What a reader may raise on a file that is not as it should be.
ALLOWED = (ValueError, FileNotFoundError)


def _on_disk(read: Callable[[Path], object], suffix: str) -> Callable[[bytes], object]:
    def parse(content: bytes) -> object:
        with tempfile.NamedTemporaryFile(suffix=suffix) as file:
            file.write(content)
            file.flush()
            return read(Path(file.name))

    return parse


PARSERS = {
    "bundle": _on_disk(Bundle.load, ".bundle"),
    "motion": _on_disk(Motion.load, ".motion"),
    "portrait": _on_disk(read_portrait, ".portrait"),
    "png": _on_disk(load_image, ".png"),
    "jpeg": _on_disk(load_image, ".jpg"),
}


def seeds() -> dict[str, bytes]:
    """A small valid file for each parser."""
    random = np.random.default_rng(0)
    picture = random.integers(0, 256, (24, 32, 3), np.uint8)
    photo = PhotoOfPerson(picture, random.random((478, 3), np.float32) * 24, SquareCrop(2.0, 1.0, 20.0))
    made: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seed"
        write_bundle(path, {"name": "x", "model_version": "1", "parts": {"animate": {}}}, {"animate": b"network" * 20})
        made["bundle"] = path.read_bytes()
        Motion.from_landmarks(random.random((3, 478, 3)) * 64, (64, 64), name="seed").save(path)
        made["motion"] = path.read_bytes()
        Portrait((EnrolledPhoto(photo, {}),)).save(path)
        made["portrait"] = path.read_bytes()
    for name in ("png", "jpeg"):
        encoded = io.BytesIO()
        Image.fromarray(picture).save(encoded, name)
        made[name] = encoded.getvalue()
    return made


def rezipped(content: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    """The archive with changed members and correct checksums: damage that no checksum finds."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, value in members.items():
            archive.writestr(name, value)
    return out.getvalue()
