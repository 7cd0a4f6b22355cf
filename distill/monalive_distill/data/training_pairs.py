"""Training data: pictures of one person in several poses, cached as arrays, drawn as (photo, targets) groups.

The cache is a folder of `NAME.frames.npy` (T, 256, 256, 3) uint8 RGB and `NAME.landmarks.npy` (T, 478, 3) float32 in
units of the picture's side, with an `index.json` that names the person and the kind of every sequence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from monalive.faces.expressions import load_expressions
from monalive.motions.surroundings_flow import SurroundingsFlow, unknown_surroundings
from monalive_distill.data.augmentation import Augmentation

INDEX_FILE = "index.json"
# How often each kind of sequence is drawn.
KIND_WEIGHTS: Mapping[str, float] = {"clip": 0.7, "stills": 0.08, "synthetic": 0.22}
# How often the network must do without the flow of the surroundings, as it must for a motion that has none.
UNKNOWN_SURROUNDINGS = 0.3
# How often one target is the photo itself or a frame next to it: at rest the photo's own eyes and lips must show.
RESTING = 0.35


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
    """A batch: P photos and k targets for each, pictures in [0, 1], landmarks (x, y) in units of the side.

    With several photos per person those stand in a row, and each has the person's targets.
    """

    photos: NDArray[np.float32]  # (P, size, size, 3)
    sources: NDArray[np.float32]  # (P, 478, 2)
    images: NDArray[np.float32]  # (P * k, size, size, 3)
    targets: NDArray[np.float32]  # (P * k, 478, 2)
    surroundings: NDArray[np.float32]  # (P * k, 16, 16, 3), see `monalive.motions.surroundings_flow`


def load_sequences(*folders: Path) -> list[FaceSequence]:
    """Opens caches.

    Raises:
        FileNotFoundError: no cache in one of `folders`.
    """
    return [sequence for folder in folders for sequence in _open_cache(folder)]


def to_tensors(group: TrainingGroup, device: str = "cpu") -> tuple[torch.Tensor, ...]:
    """The fields of a group in their order, pictures and surroundings with channels first (in memory: last)."""

    def picture(x: NDArray[np.float32]) -> torch.Tensor:  # (N, H, W, 3) is channels_last already
        return torch.from_numpy(x).to(device).permute(0, 3, 1, 2)

    return (
        picture(group.photos),
        torch.from_numpy(group.sources).to(device),
        picture(group.images),
        torch.from_numpy(group.targets).to(device),
        picture(group.surroundings),
    )


def _open_cache(folder: Path) -> list[FaceSequence]:
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


def drawing_weights(
    kinds: Sequence[str], lengths: Sequence[int], kind_weights: Mapping[str, float]
) -> NDArray[np.float64]:
    """How likely each of N sources is to be drawn: by kind, then by the square root of its length.

    So a person with hours of video does not crowd out the others.

    Args:
        kinds, lengths: of each source.
        kind_weights: share of each kind that there is; 1 for those it does not name.
    """
    weights, of = np.sqrt(lengths), np.array(kinds)
    for kind in set(kinds):
        weights[of == kind] *= kind_weights.get(kind, 1.0) / weights[of == kind].sum()
    return np.asarray(weights / weights.sum(), np.float64)


class PairSampler:
    """Draws training groups; the same seed and step always give the same group, so that training resumes exactly.

    Sequences are drawn by kind (`kind_weights`), then by the square root of their length, so that a person with hours
    of video does not crowd out the others. Targets that differ much from the photo are preferred,
    but now and then one is the photo itself.
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
        self._weights = drawing_weights([s.kind for s in sequences], [len(s.frames) for s in sequences], kind_weights)

    def draw(self, step: int, photos: int, targets: int, size: int, per_person: int = 1) -> TrainingGroup:
        """The group of a training step: `photos` photos with `targets` targets each, pictures of side `size`.

        With `per_person` above 1, a divisor of `photos`, that many photos in a row are of one person; surroundings are
        known for the first of them only, as they are when a person is animated.
        """
        rng = np.random.default_rng((self._seed, step))
        drawn = [self._draw_person(rng, per_person, targets, size) for _ in range(photos // per_person)]
        images, points, around = (np.stack([person[part] for person in drawn]) for part in range(3))

        def for_each_photo(x: NDArray[np.float32]) -> NDArray[np.float32]:  # (persons, targets, ...)
            return np.repeat(x, per_person, 0).reshape(-1, *x.shape[2:])

        unknown = np.zeros_like(around[:, None]).repeat(per_person - 1, 1)
        return TrainingGroup(
            images[:, :per_person].reshape(-1, *images.shape[2:]),
            points[:, :per_person].reshape(-1, *points.shape[2:]),
            for_each_photo(images[:, per_person:]),
            for_each_photo(points[:, per_person:]),
            np.concatenate((around[:, None], unknown), 1).reshape(-1, *around.shape[2:]),
        )

    def _draw_person(
        self, rng: np.random.Generator, photos: int, targets: int, size: int
    ) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]], list[NDArray[np.float32]]]:
        """Pictures and landmarks of photos and targets, and the targets' surroundings since the first photo."""
        sequence = self._sequences[rng.choice(len(self._sequences), p=self._weights)]
        chosen = self._choose_frames(rng, sequence, photos, targets)
        look = self._augmentation.draw(rng)
        images, points, around = [], [], []
        measure: SurroundingsFlow | None = None
        for number, index in enumerate(chosen):
            image: NDArray[Any]
            image, landmarks = look.apply(np.asarray(sequence.frames[index]), sequence.landmarks[index, :, :2])
            if look.flipped:
                landmarks = landmarks[self._mirror]
            if measure is None:
                measure = SurroundingsFlow(image, landmarks)
            elif number >= photos:
                unknown = rng.random() < UNKNOWN_SURROUNDINGS
                around.append(unknown_surroundings() if unknown else measure(image, landmarks))
            if size != image.shape[0]:
                image = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
            images.append(look.colour(image))
            points.append(landmarks.astype(np.float32))
        return images, points, around

    @staticmethod
    def _choose_frames(
        rng: np.random.Generator, sequence: FaceSequence, photos: int, targets: int
    ) -> NDArray[np.int64]:
        count = len(sequence.frames)
        source = int(rng.integers(count))
        others = rng.integers(count, size=photos - 1)
        candidates = rng.integers(count, size=targets * 3)
        candidates = candidates[candidates != source]
        if len(candidates) < targets:
            rest = np.delete(np.arange(count), source) if count > 1 else np.zeros(1, int)
            candidates = np.resize(rest, targets)
        if rng.random() < 0.7:
            motion = np.abs(sequence.landmarks[candidates] - sequence.landmarks[source])[..., :2].mean((1, 2))
            candidates = candidates[np.argsort(-motion)]
        candidates = candidates[:targets]
        if rng.random() < RESTING:
            candidates[-1] = np.clip(source + rng.integers(-2, 3), 0, count - 1)
        return np.concatenate(([source], others, candidates))
