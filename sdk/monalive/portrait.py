"""An enrolled person: everything about the photo (or photos) that is computed once."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from monalive.atomic_file import atomic_path
from monalive.crop import SquareCrop

SCHEMA: Final = 1
_MANIFEST: Final = "portrait.json"


@dataclass(frozen=True)
class PhotoOfPerson:
    """A photo and the face in it.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        landmarks: (478, 3) float32, photo pixels.
        crop: the square the networks see.
    """

    image: NDArray[np.uint8]
    landmarks: NDArray[np.float32]
    crop: SquareCrop


@dataclass(frozen=True)
class EnrolledPhoto:
    """A photo with what the enrolment network made of it.

    Attributes:
        photo: the photo and its face.
        inputs: the animate network's inputs that stay the same for every frame, float32 by name.
    """

    photo: PhotoOfPerson
    inputs: Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Portrait:
    """A person to animate, made by `PhotoAnimator.enroll`. The first photo is the one the result shows.

    Attributes:
        enrolled: one entry per photo of the person, at least one. The crops of further photos are laid so that
            their heads coincide with the first one's in crop units.
    """

    enrolled: tuple[EnrolledPhoto, ...]

    @property
    def photo(self) -> NDArray[np.uint8]:
        """The photo that is animated: (H, W, 3) uint8 RGB."""
        return self.enrolled[0].photo.image

    @property
    def landmarks(self) -> NDArray[np.float32]:
        """(478, 3) float32 in pixels of `photo`."""
        return self.enrolled[0].photo.landmarks

    @property
    def crop(self) -> SquareCrop:
        """The square of `photo` that moves."""
        return self.enrolled[0].photo.crop

    def save(self, path: str | Path) -> None:
        """Writes the photos and landmarks to a file; `PhotoAnimator.load_portrait` reads it.

        What the networks computed is left out: it takes milliseconds to compute again, and a file made with one
        version of the weights stays good for the next.
        """
        entries = []
        with atomic_path(path) as unfinished, zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as archive:
            for index, enrolled in enumerate(self.enrolled):
                photo = enrolled.photo
                picture = io.BytesIO()
                Image.fromarray(photo.image).save(picture, "PNG", compress_level=3)
                archive.writestr(f"{index}.png", picture.getvalue())
                archive.writestr(f"{index}.landmarks", photo.landmarks.astype("<f4").tobytes())
                entries.append({"crop": [photo.crop.x, photo.crop.y, photo.crop.side]})
            archive.writestr(_MANIFEST, json.dumps({"schema": SCHEMA, "photos": entries}))


def read_photos(path: str | Path) -> list[PhotoOfPerson]:
    """The photos and faces in a file that `Portrait.save` wrote.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is something else, damaged, or of a newer version.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no portrait file at {path}")
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = json.loads(archive.read(_MANIFEST))
            if manifest["schema"] > SCHEMA:
                raise ValueError(f"its schema is {manifest['schema']}, newer than {SCHEMA}; update monalive")
            return [_read_photo(archive, index, entry) for index, entry in enumerate(manifest["photos"])]
    except (zipfile.BadZipFile, KeyError, TypeError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} is not a portrait file, or a damaged one: {error}") from error


def _read_photo(archive: zipfile.ZipFile, index: int, entry: Mapping[str, Sequence[float]]) -> PhotoOfPerson:
    with Image.open(io.BytesIO(archive.read(f"{index}.png")), formats=["PNG"]) as picture:
        image = np.asarray(picture.convert("RGB"))
    landmarks = np.frombuffer(archive.read(f"{index}.landmarks"), "<f4").reshape(478, 3)
    return PhotoOfPerson(image, landmarks.astype(np.float32), SquareCrop(*map(float, entry["crop"])))
