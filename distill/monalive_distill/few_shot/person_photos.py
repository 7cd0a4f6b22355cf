"""A person's photos, tracked and cropped as `prepare` does it, but each by its own face: they are no video."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from monalive.faces.crop import portrait_crop
from monalive.faces.expressions import load_expressions
from monalive.faces.tracker import FaceTracker, choose_face
from monalive.media.image_io import load_image
from monalive.portrait import PhotoOfPerson

MOST_PHOTOS = 32


class PersonPhotos(NamedTuple):
    """T pictures of one face."""

    images: torch.Tensor  # (T, 3, size, size) float32 in [0, 1]
    landmarks: torch.Tensor  # (T, 478, 3) float32, units of the side

    def pick(self, indices: Sequence[int]) -> PersonPhotos:
        """Some of them."""
        return PersonPhotos(self.images[list(indices)], self.landmarks[list(indices)])

    def mirrored(self) -> PersonPhotos:
        """All of them mirrored, landmarks too."""
        opposite = self.landmarks[:, torch.from_numpy(load_expressions().mirror.copy())]
        flipped = opposite * opposite.new_tensor([-1, 1, 1]) + opposite.new_tensor([1, 0, 0])
        return PersonPhotos(self.images.flip(-1), flipped)

    def to(self, device: str | torch.device) -> PersonPhotos:
        """The same on a device."""
        return PersonPhotos(self.images.to(device), self.landmarks.to(device))


def check_photo_count(count: int) -> None:
    """Raises ValueError unless a person can be learned from that many photos."""
    if not 1 <= count <= MOST_PHOTOS:
        raise ValueError(f"give 1 to {MOST_PHOTOS} photos of the person, not {count}")


def find_photos(paths: Sequence[Path]) -> list[PhotoOfPerson]:
    """Reads photos and finds the largest face in each.

    Args:
        paths: picture files.

    Raises:
        FileNotFoundError: a photo is missing.
        ValueError: no photo or too many, one cannot be read, or shows no face; the message names it.
    """
    check_photo_count(len(paths))
    found = []
    with FaceTracker(settle=True) as tracker:
        for path in paths:
            image = load_image(path)
            faces = tracker.detect(image)
            if not faces:
                raise ValueError(f"no face was found in {path}; leave it out, or take a photo from the front, well lit")
            points = choose_face(faces).landmarks
            found.append(PhotoOfPerson(image, points, portrait_crop(points, image.shape[1], image.shape[0])))
    return found


def track_photos(paths: Sequence[Path], size: int) -> PersonPhotos:
    """`find_photos`, each cropped by its own face to pictures of side `size`."""
    found = find_photos(paths)
    images = [photo.crop.extract(photo.image, size).astype(np.float32) / 255 for photo in found]
    landmarks = [photo.crop.to_unit(photo.landmarks) for photo in found]
    pictures = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).contiguous()
    return PersonPhotos(pictures, torch.from_numpy(np.stack(landmarks)))
