"""The faces to learn from: pictures with MediaPipe's landmarks, and how open their eyes and mouths are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.expressions import load_expressions
from monalive.faces.head_pose import fit_pose
from monalive.faces.landmarks import IRIS_CENTRES, LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS
from monalive_distill.data.training_pairs import FaceSequence, drawing_weights

KIND_WEIGHTS = {"clip": 0.45, "stills": 0.3, "synthetic": 0.25}
# How far openness (height over width) and gaze (eye widths) are from a sequence's usual ones where a frame counts
# twice.
_USUAL_SPREAD = np.array([0.08, 0.08, 0.12, 0.06, 0.06])
_MOST_RARITY = 6.0


@dataclass(frozen=True)
class LabelledFace:
    """A picture and what is known of the face in it.

    Attributes:
        image: (H, H, 3) uint8 RGB.
        landmarks: (478, 3) pixels of the picture.
        openness: (3,) right eye, left eye, mouth: see `openness_of`.
    """

    image: NDArray[np.uint8]
    landmarks: NDArray[np.float32]
    openness: NDArray[np.float32]


class FacePool:
    """Draws faces: by kind of source, then by the square root of the clips' length, then rare expressions first.

    Most frames show open eyes that look ahead and a shut mouth: frames count by how far theirs are from those.

    Attributes:
        weights: (S,) how likely each sequence is drawn.

    Raises:
        ValueError: no sequences.
    """

    def __init__(self, sequences: Sequence[FaceSequence], kind_weights: Mapping[str, float] = KIND_WEIGHTS) -> None:
        if not sequences:
            raise ValueError("no faces to learn from")
        self.sequences = list(sequences)
        self.mirror = load_expressions().mirror
        self._openness = [np.stack([openness_of(points) for points in s.landmarks]) for s in self.sequences]
        self._frame_weights = [_rarity(s.landmarks, o) for s, o in zip(self.sequences, self._openness, strict=True)]
        # Frames of a clip are much alike, stills are not.
        lengths = [len(s.frames) ** (2 if s.kind == "stills" else 1) for s in self.sequences]
        self.weights = drawing_weights([s.kind for s in self.sequences], lengths, kind_weights)

    def draw(self, rng: np.random.Generator) -> LabelledFace:
        """A face, mirrored every other time."""
        number = int(rng.choice(len(self.sequences), p=self.weights))
        sequence = self.sequences[number]
        index = int(rng.choice(len(sequence.frames), p=self._frame_weights[number]))
        image = np.asarray(sequence.frames[index])
        landmarks = sequence.landmarks[index] * np.float32(image.shape[0])
        openness = self._openness[number][index]
        if rng.random() < 0.5:
            image = np.asarray(cv2.flip(image, 1), np.uint8)
            landmarks = landmarks[self.mirror] * np.array([-1, 1, 1], np.float32)
            landmarks[:, 0] += image.shape[1]
            openness = openness[[1, 0, 2]]
        return LabelledFace(image, landmarks, openness)


def _rarity(landmarks: NDArray[np.float32], openness: NDArray[np.float32]) -> NDArray[np.float64]:
    """(T,) how likely each frame of a sequence (T, 478, 3) is drawn."""
    measures = np.concatenate([openness, _gaze(landmarks)], axis=1)
    away = np.abs(measures - np.median(measures, axis=0)) / _USUAL_SPREAD
    weights = 1 + np.minimum(away.sum(axis=1), _MOST_RARITY)
    return np.asarray(weights / weights.sum())


def _gaze(landmarks: NDArray[np.float32]) -> NDArray[np.float64]:
    """(T, 2) where the irises of faces (T, 478, 3) lie beside and below the middle of the eyes, in eye widths."""
    offsets = []
    for iris, corners in zip(IRIS_CENTRES, (RIGHT_EYE_CORNERS, LEFT_EYE_CORNERS), strict=True):
        one, other = (landmarks[:, corner, :2] for corner in corners)
        width = np.linalg.norm(one - other, axis=1, keepdims=True).clip(1e-6)
        offsets.append((landmarks[:, iris, :2] - (one + other) / 2) / width)
    return np.asarray(np.mean(offsets, axis=0), np.float64)


def openness_of(landmarks: NDArray[np.floating]) -> NDArray[np.float32]:
    """(478, 3) landmarks to (3,): how open right eye, left eye and mouth are, as retargeting measures it."""
    basis = load_expressions()
    level = fit_pose(landmarks, basis.mean_face).to_canonical(landmarks)
    openings = (*basis.apertures.eyes, basis.apertures.mouth)
    return np.array([opening.openness(level) for opening in openings], np.float32)
