"""Training data of meta-learning: episodes of K photos and a target of one person, from prepared caches (3.1).

All sequences of one person count as that person. The same seed and step always give the same episodes, so that training
resumes exactly.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from monalive.faces.expressions import load_expressions
from monalive.motions.surroundings_flow import SurroundingsFlow, unknown_surroundings
from monalive_distill.data.augmentation import Augmentation
from monalive_distill.data.training_pairs import UNKNOWN_SURROUNDINGS, FaceSequence, drawing_weights

# How often candidates for the target are compared, and the one farthest in pose from the first photo taken.
_FAR_TARGETS = 0.7
_CANDIDATES = 3


class Episodes(NamedTuple):
    """A batch of B episodes, arrays or tensors: pictures RGB in [0, 1], landmarks (x, y) in units of the side."""

    photos: Any  # (B, K, photo_size, photo_size, 3) float32
    photo_landmarks: Any  # (B, K, 478, 2) float32
    images: Any  # (B, size, size, 3) float32: the targets
    landmarks: Any  # (B, 478, 2) float32
    people: Any  # (B,) int64: rows of `EpisodeSampler.people`
    surroundings: Any  # (B, 16, 16, 3) float32 from the first photo to the target, see `surroundings_flow`


class EpisodeSampler(Dataset[Episodes]):
    """Draws the episodes of a step; as a dataset, item n is step n.

    People are drawn by kind of sequence (`kind_weights`), then by the square root of how many frames there are of them.
    A person is a name within a kind: "001" of the stills is not "001" of the synthetic people.

    Args:
        sequences: what `load_sequences` gives, of all caches together.
        augmentation: one look is drawn per episode, the same for photos and target.
        kind_weights: share of each kind.
        seed: of all that is drawn.
        episodes, photos, size: B, K and the side of the targets.
        photo_size: side of the photos; None: `size`.
        surroundings: whether they are measured; now and then they stay unknown, as they are for a motion without them.
        same_sequence: how often all photos come from the target's own sequence, as in the paper; else from any of the
            person's. The first photo always comes from the target's, for its background is what geometry moves.

    Raises:
        ValueError: no sequence has two frames.
    """

    def __init__(
        self,
        sequences: list[FaceSequence],
        augmentation: Augmentation,
        kind_weights: dict[str, float],
        seed: int,
        *,
        episodes: int,
        photos: int,
        size: int,
        photo_size: int | None = None,
        surroundings: bool = False,
        same_sequence: float = 0.7,
    ) -> None:
        grouped: dict[str, list[FaceSequence]] = {}
        for sequence in sequences:
            if len(sequence.frames) > 1:
                grouped.setdefault(f"{sequence.kind}/{sequence.person}", []).append(sequence)
        if not grouped:
            raise ValueError("no sequences to train on: each needs two frames")
        self.people = tuple(sorted(grouped))
        self._sequences = [grouped[person] for person in self.people]
        self._mirror = load_expressions().mirror
        self._augmentation = augmentation
        self._seed = seed
        self._episodes, self._photos = episodes, photos
        self._size, self._photo_size = size, photo_size or size
        self._surroundings = surroundings
        self._same_sequence = same_sequence
        frames = [sum(len(s.frames) for s in own) for own in self._sequences]
        self._weights = drawing_weights([own[0].kind for own in self._sequences], frames, kind_weights)

    def __getitem__(self, step: int) -> Episodes:
        """The episodes of a training step (of all processes together: each takes other steps)."""
        rng = np.random.default_rng((self._seed, step))
        drawn = [self._draw_episode(rng) for _ in range(self._episodes)]
        return Episodes(*(np.stack(parts) for parts in zip(*drawn, strict=True)))

    def _draw_episode(self, rng: np.random.Generator) -> Episodes:
        """One of them, without the first dimension."""
        person = int(rng.choice(len(self.people), p=self._weights))
        look = self._augmentation.draw(rng)
        images: list[NDArray[np.float32]] = []
        points: list[NDArray[np.float32]] = []
        target: NDArray[Any] | None = None
        around = unknown_surroundings()
        for sequence, frame in self._choose_frames(rng, self._sequences[person]):
            image: NDArray[Any]
            image, landmarks = look.apply(np.asarray(sequence.frames[frame]), sequence.landmarks[frame, :, :2])
            if look.flipped:
                landmarks = landmarks[self._mirror]
            if target is None:
                target = image
            elif self._surroundings and len(images) == 1 and rng.random() >= UNKNOWN_SURROUNDINGS:
                around = SurroundingsFlow(image, landmarks)(target, points[0])
            size = self._photo_size if images else self._size
            if size != image.shape[0]:
                image = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
            images.append(look.colour(image))
            points.append(landmarks.astype(np.float32))
        photos, landmarks = np.stack(images[1:]), np.stack(points[1:])
        return Episodes(photos, landmarks, images[0], points[0], np.int64(person), around)

    def _choose_frames(self, rng: np.random.Generator, own: list[FaceSequence]) -> list[tuple[FaceSequence, int]]:
        """The target, then K photos; photos repeat where a person has too few frames, the target is never one."""
        lengths = np.array([len(s.frames) for s in own])
        sequence = own[int(rng.choice(len(own), p=lengths / lengths.sum()))]
        first = int(rng.integers(len(sequence.frames)))
        others = np.delete(np.arange(len(sequence.frames)), first)
        targets = rng.choice(others, _CANDIDATES)
        if rng.random() < _FAR_TARGETS:
            motion = np.abs(sequence.landmarks[targets] - sequence.landmarks[first])[..., :2].mean((1, 2))
            targets = targets[np.argsort(-motion)]
        target = int(targets[0])
        places = [sequence] if rng.random() < self._same_sequence else own
        candidates = [
            (index, frame)
            for index, place in enumerate(places)
            for frame in range(len(place.frames))
            if place is not sequence or frame not in (target, first)
        ]
        rest = self._photos - 1
        if not candidates:
            chosen = [(sequence, first)] * rest
        else:
            drawn = rng.choice(len(candidates), rest, replace=rest > len(candidates))
            chosen = [(places[candidates[i][0]], candidates[i][1]) for i in drawn]
        return [(sequence, target), (sequence, first), *chosen]
