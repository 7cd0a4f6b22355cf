"""What MediaPipe reads in crops: each is laid over the frame that it stands for, whose landmarks are read anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.media.video_io import VideoReader
from monalive_distill.mediapipe_tracker.networks import mediapipe_networks
from monalive_distill.regions.frames import FaceFrames, RegionFrame, face_frames
from monalive_distill.regions.measures import eye_measures, mouth_measures
from monalive_distill.regions.regions import Region
from monalive_distill.regions.samples import RegionSequence

# Of the crop's half side, from its border: where it fades into the picture.
FEATHER = 0.28


class CropReader:
    """Reads the measures of crops that stand for frames of a cache's clips.

    Args:
        region: whose crops.
        cache: made by `prepare_regions`, of clips alone.
        clips: the folder it was made from.
    """

    def __init__(self, region: Region, cache: Path, clips: Path) -> None:
        self._region, self._cache, self._clips = region, cache, clips
        self._mesh = mediapipe_networks().mesh

    def read(
        self, sequence: RegionSequence, indices: Sequence[int], results: Sequence[Sequence[NDArray[np.float32]]]
    ) -> NDArray[np.float32]:
        """The measures (R, N, 3) of R results, N crops (H, W, 3) in [0, 1] each, that stand for N frames of a
        sequence.

        Raises:
            FileNotFoundError: the sequence's clip is not in the folder.
            ValueError: it is shorter than the one that the cache was made from.
        """
        name = sequence.name.partition("/")[0]
        with np.load(self._cache / f"{name}.facts.npz") as facts:
            landmarks, numbers = facts["landmarks"], facts["number"].astype(int)
        path = next(self._clips.glob(f"{name}.*"), None)
        if path is None:
            raise FileNotFoundError(
                f"there is no clip {name} in {self._clips}: give the folder the cache was made from"
            )
        found = np.full((len(results), len(indices), 3), np.nan, np.float32)
        for k, frame in _frames(path, [int(numbers[index]) for index in indices]):
            places = landmarks[indices[k]]
            where = _frame_of(face_frames(places), sequence.name)
            for number, crops in enumerate(results):
                picture = paste(frame, crops[k], where, self._region)
                points, _ = self._mesh(picture, self._mesh.region_of(places))
                found[number, k] = _measures(self._region, where, points, crops[k])
        if np.isnan(found).any():
            raise ValueError(f"{path} lacks frames that the cache has: give the folder the cache was made from")
        return found


def paste(
    picture: NDArray[np.uint8], crop: NDArray[np.float32], where: RegionFrame, region: Region
) -> NDArray[np.uint8]:
    """The picture with a crop (H, W, 3), [0, 1], laid over it, its borders faded."""
    shape = region.shape
    matrix = where.matrix(shape)
    pixels = np.concatenate([matrix[:, :2], (matrix @ np.array([0.5, 0.5, 1.0]) - 0.5)[:, None]], 1)
    size = (picture.shape[1], picture.shape[0])
    sides = [
        np.clip((1 - np.abs(2 * (np.arange(n) + 0.5) / n - 1)) / FEATHER, 0, 1) for n in (shape.height, shape.width)
    ]
    alpha = (sides[0][:, None] * sides[1]).astype(np.float32)
    laid = cv2.warpAffine(crop, pixels, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    share = cv2.warpAffine(alpha, pixels, size, flags=cv2.INTER_LINEAR)[..., None]
    return np.asarray(np.clip(picture + share * (laid * 255 - picture), 0, 255).round(), np.uint8)


def _frames(path: Path, numbers: Sequence[int]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Frames of a clip by number: (which of `numbers`, picture)."""
    with VideoReader(path) as reader:
        for index, (_, picture) in enumerate(reader):
            for k, number in enumerate(numbers):
                if number == index:
                    yield k, picture


def _frame_of(frames: FaceFrames, name: str) -> RegionFrame:
    return {"0": frames.left_eye, "1": frames.right_eye}.get(name.partition("/")[2], frames.mouth)


def _measures(
    region: Region, where: RegionFrame, points: NDArray[np.float32], crop: NDArray[np.float32]
) -> NDArray[np.float32]:
    inside = where.to_crop(points, region.shape)
    if region.name == "eye":
        return eye_measures(inside, region.shape.scale)
    return mouth_measures(inside, region.shape.scale, np.asarray(np.clip(crop, 0, 1) * 255, np.uint8))
