"""Training data: pictures of one person in several poses, cached as arrays, drawn as (photo, targets) groups.

The cache is a folder of `NAME.frames.npy` (T, 256, 256, 3) uint8 RGB and `NAME.landmarks.npy` (T, 478, 3) float32 in
units of the picture's side, with an `index.json` that names the person and the kind of every sequence.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.expressions import load_expressions
from monalive.surroundings_flow import SurroundingsFlow, unknown_surroundings
from monalive_distill.augment import Augmentation

INDEX_FILE = "index.json"
# How often the network must do without the flow of the surroundings, as it must for a motion that has none.
UNKNOWN_SURROUNDINGS = 0.3


@dataclass(frozen=True)
class FaceSequence:
    """Frames of one person: `frames` (T, H, H, 3) uint8 RGB (memory-mapped), `landmarks` (T, 478, 3) unit."""

    name: str
    person: str
    kind: str
    frames: NDArray[np.uint8]
    landmarks: NDArray[np.float32]


@dataclass(frozen=True)
class TrainingGroup:
    """A batch: P photos and k targets for each, pictures in [0, 1], landmarks (x, y) in units of the side."""

    photos: NDArray[np.float32]  # (P, size, size, 3)
    sources: NDArray[np.float32]  # (P, 478, 2)
    images: NDArray[np.float32]  # (P * k, size, size, 3)
    targets: NDArray[np.float32]  # (P * k, 478, 2)
    surroundings: NDArray[np.float32]  # (P * k, 16, 16, 3), see `monalive.surroundings_flow`


def load_sequences(folder: Path) -> list[FaceSequence]:
    """Opens a cache.

    Raises:
        FileNotFoundError: no cache in `folder`.
    """
    index = folder / INDEX_FILE
    if not index.is_file():
        raise FileNotFoundError(
            f"no training cache in {folder} (no {INDEX_FILE}); make one with `monalive-distill prepare`"
        )
    return [
        FaceSequence(
            entry["name"],
            entry["person"],
            entry["kind"],
            np.load(folder / f"{entry['name']}.frames.npy", mmap_mode="r"),
            np.load(folder / f"{entry['name']}.landmarks.npy"),
        )
        for entry in json.loads(index.read_text())
    ]


class PairSampler:
    """Draws training groups; the same seed and step always give the same group, so that training resumes exactly.

    Sequences are drawn by kind (`kind_weights`), then by the square root of their length, so that a person with hours
    of video does not crowd out the others. Targets that differ much from the photo are preferred.
    """

    def __init__(
        self,
        sequences: list[FaceSequence],
        augmentation: Augmentation,
        kind_weights: dict[str, float],
        seed: int = 0,
    ) -> None:
        if not sequences:
            raise ValueError("no sequences to train on")
        self._sequences = sequences
        self._mirror = load_expressions().mirror
        self._augmentation = augmentation
        self._seed = seed
        weights = np.array([np.sqrt(len(s.frames)) for s in sequences])
        for kind in {s.kind for s in sequences}:
            of_kind = np.array([s.kind == kind for s in sequences])
            weights[of_kind] *= kind_weights.get(kind, 1.0) / weights[of_kind].sum()
        self._weights = weights / weights.sum()

    def draw(self, step: int, photos: int, targets: int, size: int) -> TrainingGroup:
        """The group of a training step: `photos` photos with `targets` targets each, pictures of side `size`."""
        rng = np.random.default_rng((self._seed, step))
        drawn = [self._draw_person(rng, targets, size) for _ in range(photos)]
        images = np.stack([image for person in drawn for image in person[0]])
        points = np.stack([points for person in drawn for points in person[1]])
        around = np.stack([flow for person in drawn for flow in person[2]])
        images = images.reshape(photos, targets + 1, *images.shape[1:])
        points = points.reshape(photos, targets + 1, *points.shape[1:])
        return TrainingGroup(
            images[:, 0],
            points[:, 0],
            images[:, 1:].reshape(-1, *images.shape[2:]),
            points[:, 1:].reshape(-1, *points.shape[2:]),
            around,
        )

    def _draw_person(
        self, rng: np.random.Generator, targets: int, size: int
    ) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]], list[NDArray[np.float32]]]:
        """Pictures and landmarks of a photo and its targets, and the targets' surroundings."""
        sequence = self._sequences[rng.choice(len(self._sequences), p=self._weights)]
        chosen = self._choose_frames(rng, sequence, targets)
        look = self._augmentation.draw(rng)
        images, points, around = [], [], []
        measure: SurroundingsFlow | None = None
        for index in chosen:
            image: NDArray[Any]
            image, landmarks = look.apply(np.asarray(sequence.frames[index]), sequence.landmarks[index, :, :2])
            if look.flipped:
                landmarks = landmarks[self._mirror]
            if measure is None:
                measure = SurroundingsFlow(image, landmarks)
            else:
                unknown = rng.random() < UNKNOWN_SURROUNDINGS
                around.append(unknown_surroundings() if unknown else measure(image, landmarks))
            if size != image.shape[0]:
                image = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
            images.append(look.colour(image))
            points.append(landmarks.astype(np.float32))
        return images, points, around

    @staticmethod
    def _choose_frames(rng: np.random.Generator, sequence: FaceSequence, targets: int) -> NDArray[np.int64]:
        count = len(sequence.frames)
        source = int(rng.integers(count))
        candidates = rng.integers(count, size=targets * 3)
        candidates = candidates[candidates != source]
        if len(candidates) < targets:
            others = np.delete(np.arange(count), source) if count > 1 else np.zeros(1, int)
            candidates = np.resize(others, targets)
        if rng.random() < 0.7:
            motion = np.abs(sequence.landmarks[candidates] - sequence.landmarks[source])[..., :2].mean((1, 2))
            candidates = candidates[np.argsort(-motion)]
        return np.concatenate(([source], candidates[:targets]))
