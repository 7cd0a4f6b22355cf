"""An enrolled person: everything about the photo (or photos) that is computed once."""

from __future__ import annotations

import io
import json
import math
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from monalive.atomic_file import atomic_path
from monalive.faces.crop import SquareCrop
from monalive.faces.landmarks import LANDMARK_COUNT
from monalive.media.image_io import MAX_PIXELS
from monalive.trust.consent import Consent
from monalive.zip_members import UNREADABLE, read_member

SCHEMA: Final = 1
MAX_MANIFEST_BYTES: Final = 1 << 20
MAX_PHOTO_BYTES: Final = 512 << 20
_MANIFEST: Final = "portrait.json"
_LANDMARK_BYTES: Final = LANDMARK_COUNT * 3 * 4


@dataclass(frozen=True)
class PhotoOfPerson:
    """A photo and the face in it.

    Attributes:
        image: (H, W, 3) uint8 RGB. Colours that a cut-out photo hides are those of the nearest visible pixels.
        landmarks: (478, 3) float32, photo pixels.
        crop: the square the networks see.
        alpha: (H, W) uint8, 255 where the photo is opaque; None where all of it is.
    """

    image: NDArray[np.uint8]
    landmarks: NDArray[np.float32]
    crop: SquareCrop
    alpha: NDArray[np.uint8] | None = None

    def __repr__(self) -> str:
        return f"<PhotoOfPerson of {self.image.shape[1]}x{self.image.shape[0]}>"


@dataclass(frozen=True)
class EnrolledRegion:
    """An eye or the mouth of a photo with what its enrolment network made of it.

    Attributes:
        place: (2, 3) float64, pixels of its crop to photo pixels, see `region_crop`.
        landmarks: (478, 2) float32 crop pixels.
        border_colour: (3,) float32 RGB, 0 to 255: the mean along the crop's edges, where it fades into the picture.
        inputs: the inputs of its animate network that stay the same for every frame, float32 by name, read-only.
    """

    place: NDArray[np.float64]
    landmarks: NDArray[np.float32] = field(repr=False)
    border_colour: NDArray[np.float32] = field(repr=False)
    inputs: Mapping[str, NDArray[np.float32]] = field(repr=False)


@dataclass(frozen=True)
class EnrolledPhoto:
    """A photo with what the enrolment networks made of it.

    Attributes:
        photo: the photo and its face.
        inputs: the animate network's inputs that stay the same for every frame, float32 by name, read-only.
        regions: left eye, right eye and mouth; none where the bundle has no networks of their own for them.
    """

    photo: PhotoOfPerson
    inputs: Mapping[str, NDArray[np.float32]] = field(repr=False)
    regions: tuple[EnrolledRegion, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Portrait:
    """A person to animate, made by `PhotoAnimator.enroll`. The first photo is the one the result shows.

    Attributes:
        enrolled: one entry per photo of the person, at least one. Further photos have the first one's crop if they
            show the same view, else one in which their heads coincide with the first one's in crop units.
        consent: why this face may be animated, as stated when it was enrolled; it is recorded in files that are made
            of it.
    """

    enrolled: tuple[EnrolledPhoto, ...]
    consent: Consent | None = None

    def __repr__(self) -> str:
        height, width = self.photo.shape[:2]
        others = f" and {len(self.enrolled) - 1} more" if len(self.enrolled) > 1 else ""
        stated = "not stated" if self.consent is None else self.consent.value
        return f"<Portrait: a photo of {width}x{height}{others}, consent {stated}>"

    @property
    def photo(self) -> NDArray[np.uint8]:
        """The photo that is animated: (H, W, 3) uint8 RGB; see `PhotoOfPerson.image`."""
        return self.enrolled[0].photo.image

    @property
    def alpha(self) -> NDArray[np.uint8] | None:
        """(H, W) uint8, how opaque `photo` is; None where it is not cut out."""
        return self.enrolled[0].photo.alpha

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

        Args:
            path: the file.
        """
        entries = []
        with atomic_path(path) as unfinished, zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as archive:
            for index, enrolled in enumerate(self.enrolled):
                photo = enrolled.photo
                picture = io.BytesIO()
                pixels = photo.image if photo.alpha is None else np.dstack([photo.image, photo.alpha])
                Image.fromarray(pixels).save(picture, "PNG", compress_level=3)
                archive.writestr(f"{index}.png", picture.getvalue())
                archive.writestr(f"{index}.landmarks", photo.landmarks.astype("<f4").tobytes())
                entries.append({"crop": [photo.crop.x, photo.crop.y, photo.crop.side]})
            stated = None if self.consent is None else self.consent.value
            manifest = {"schema": SCHEMA, "photos": entries, "consent": stated}
            archive.writestr(_MANIFEST, json.dumps(manifest))


def read_photos(path: str | Path) -> list[PhotoOfPerson]:
    """The photos and faces in a file that `Portrait.save` wrote. Errors are those of `read_portrait`."""
    return read_portrait(path)[0]


def read_portrait(path: str | Path) -> tuple[list[PhotoOfPerson], Consent | None]:
    """The photos and faces in a file that `Portrait.save` wrote, and the consent stated for them.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is something else, damaged, or of a newer version.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no portrait file at {path}")
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = json.loads(read_member(archive, _MANIFEST, MAX_MANIFEST_BYTES))
            if manifest["schema"] > SCHEMA:
                raise ValueError(f"its schema is {manifest['schema']}, newer than {SCHEMA}; update monalive")
            photos = [_read_photo(archive, index, entry) for index, entry in enumerate(manifest["photos"])]
            if not photos:
                raise ValueError("there is no photo in it")
            stated = manifest.get("consent")
            return photos, None if stated is None else Consent(stated)
    except (*UNREADABLE, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} is not a portrait file, or a damaged one: {error}") from error


def _read_photo(archive: zipfile.ZipFile, index: int, entry: Mapping[str, Sequence[float]]) -> PhotoOfPerson:
    content = read_member(archive, f"{index}.png", MAX_PHOTO_BYTES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit below is stricter
        with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise ValueError(f"a photo of {picture.width}x{picture.height} is too large")
            image = np.asarray(picture.convert("RGB"))
            alpha = np.asarray(picture.getchannel("A")) if picture.mode == "RGBA" else None
    raw = read_member(archive, f"{index}.landmarks", _LANDMARK_BYTES)
    landmarks = np.frombuffer(raw, "<f4").reshape(LANDMARK_COUNT, 3).astype(np.float32)
    crop = SquareCrop(*map(float, entry["crop"]))
    if not np.isfinite(landmarks).all() or not all(map(math.isfinite, (crop.x, crop.y, crop.side))):
        raise ValueError("landmarks or crop are not finite")
    across = min(crop.x + crop.side, image.shape[1]) - max(crop.x, 0)
    down = min(crop.y + crop.side, image.shape[0]) - max(crop.y, 0)
    if not 1 <= crop.side <= 16 * max(image.shape) or across < 1 or down < 1:
        raise ValueError("the crop does not lie in the photo")
    return PhotoOfPerson(image, landmarks, crop, alpha)
