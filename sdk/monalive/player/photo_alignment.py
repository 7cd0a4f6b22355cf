"""Several photos of one person, laid over the first one when they are enrolled."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.crop import SquareCrop
from monalive.faces.landmarks import FACE_OVAL, RIGID
from monalive.motions.surroundings_flow import FLOW_SIZE, SurroundingsFlow
from monalive.portrait import PhotoOfPerson

# Two photos show one view if so much of what is around the face is found again, moved no farther than this (in sides of
# the crop). Frames of one clip have .63 to 1; of photos of two places 1 in 72 has more than .52.
_FOUND_AGAIN: Final = 0.6
_MOVED_AT_MOST: Final = 0.15


def aligned(photo: PhotoOfPerson, first: PhotoOfPerson) -> PhotoOfPerson:
    """Another photo with the crop, and the colours, in which it goes with the first.

    A photo of the same view (another frame of a video, another shot of a series) has the first one's crop and stays as
    it is: it can stand in for the whole first photo. Of any other only the face serves: its crop is laid so that the
    heads coincide, and its colours are brought to the first one's.
    """
    if _shows_same_view(photo, first):
        return replace(photo, crop=first.crop)
    image = matching_colours(photo.image, photo.landmarks, first)
    return PhotoOfPerson(image, photo.landmarks, matching_crop(photo.landmarks, first))


def is_same_view(photo: PhotoOfPerson, first: PhotoOfPerson) -> bool:
    """Whether `aligned` found a photo to show the first one's view."""
    return photo.crop == first.crop and photo.image.shape == first.image.shape


def surroundings_to(photo: PhotoOfPerson, first: PhotoOfPerson) -> NDArray[np.float32]:
    """(16, 16, 3) float32: how what is around the face moved from the first photo to another one of the same view."""
    seen = SurroundingsFlow(first.crop.extract(first.image, FLOW_SIZE), first.crop.to_unit(first.landmarks))
    return seen(first.crop.extract(photo.image, FLOW_SIZE), first.crop.to_unit(photo.landmarks))


def surroundings_since(surroundings: NDArray[np.float32], to_photo: NDArray[np.float32]) -> NDArray[np.float32]:
    """The surroundings' flow to a frame, measured from the first photo on, as it is from another photo on.

    Args:
        surroundings: (16, 16, 3) of `SurroundingsFlow`, from the first photo to the frame.
        to_photo: (16, 16, 3), from the first photo to the other one.
    """
    known = np.minimum(surroundings[..., 2:], to_photo[..., 2:])
    return np.concatenate((surroundings[..., :2] - to_photo[..., :2], known), -1)


def matching_crop(landmarks: NDArray[np.float32], first: PhotoOfPerson) -> SquareCrop:
    """The crop of another photo in which the head lies where it lies in the first photo's crop.

    Args:
        landmarks: (478, 3) pixels of the other photo.
        first: the photo whose crop is to be matched.
    """
    wanted, own = first.crop.to_unit(first.landmarks)[list(RIGID), :2], landmarks[list(RIGID), :2]
    side = float(np.linalg.norm(own - own.mean(0)) / np.linalg.norm(wanted - wanted.mean(0)))
    x, y = own.mean(0) - wanted.mean(0) * side
    return SquareCrop(float(x), float(y), side)


def matching_colours(
    image: NDArray[np.uint8], landmarks: NDArray[np.float32], first: PhotoOfPerson
) -> NDArray[np.uint8]:
    """`image` (H, W, 3) uint8 with its face's mean and spread per channel brought to those of the first photo."""
    own, wanted = _face_colours(image, landmarks), _face_colours(first.image, first.landmarks)
    gain = np.clip(wanted[1] / np.maximum(own[1], 1.0), 0.6, 1.6)
    shifted = (image.astype(np.float32) - own[0]) * gain + wanted[0]
    return np.clip(shifted + 0.5, 0, 255).astype(np.uint8)


def _shows_same_view(photo: PhotoOfPerson, first: PhotoOfPerson) -> bool:
    face = first.crop.to_unit(photo.landmarks)[list(FACE_OVAL), :2]
    if photo.image.shape != first.image.shape or face.min() < 0 or face.max() > 1:
        return False
    flow = surroundings_to(photo, first)
    share = SurroundingsFlow.measurable(first.crop.to_unit(first.landmarks), first.crop.to_unit(photo.landmarks))
    found = flow[..., 2]
    moved = (np.linalg.norm(flow[..., :2], axis=-1) * found).sum() / max(float(found.sum()), 1e-6)
    return bool(found.sum() >= _FOUND_AGAIN * share.sum() and moved <= _MOVED_AT_MOST)


def _face_colours(
    image: NDArray[np.uint8], landmarks: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation per channel inside the face's oval."""
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(landmarks[list(FACE_OVAL), :2]).astype(np.int32)], 255)
    mean, deviation = cv2.meanStdDev(image, mask=mask)
    return mean[:, 0].astype(np.float32), deviation[:, 0].astype(np.float32)
