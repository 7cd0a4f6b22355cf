"""What the blendshape network learns from: landmarks in the level region, and MediaPipe's scores of the same faces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from monalive.faces.expressions import load_expressions, mirror_name
from monalive.faces.face_mesh import BLENDSHAPE_NAMES
from monalive.faces.head_pose import angles_rotation, fit_pose
from monalive.faces.level_crop import extract_level, from_region, level_landmarks, level_region
from monalive_distill.data.training_pairs import FaceSequence
from monalive_distill.tracker.face_pool import FacePool
from monalive_distill.tracker.landmark_network import INPUT_SIZE, LandmarkNetwork
from monalive_distill.tracker.landmark_samples import mirror_points
from monalive_distill.tracker.pictures import to_pictures

Teacher = Callable[[NDArray[np.float32]], NDArray[np.float32]]

# Shares of a batch: landmarks as our network reads them, as MediaPipe's does, and faces put together.
OWN, TEACHERS = 0.5, 0.2
# How far heads are turned further (degrees), and by how much expressions are changed.
TURN, NOD = 12.0, 8.0
MOST_EXPRESSIONS, STRENGTH = 4, 0.8
NOISE = 0.0015  # of the region's side, standard deviation, one for all landmarks and one for each
MIRRORED: Final = np.array([BLENDSHAPE_NAMES.index(mirror_name(name)) for name in BLENDSHAPE_NAMES])
READ_AT_ONCE = 64


@dataclass(frozen=True)
class BlendshapeBatch:
    """N faces.

    Attributes:
        landmarks: (N, 478, 2) float32 in units of the level region.
        scores: (N, 52) float32, the teacher's.
    """

    landmarks: NDArray[np.float32]
    scores: NDArray[np.float32]


class BlendshapeSampler:
    """Reads all faces once, then draws batches; the same seed and step always give the same one.

    Args:
        sequences: pictures with MediaPipe's landmarks.
        reader: our landmark network, whose landmarks the blendshape network will be given.
        teacher: (478, 3) landmarks in pixels to (52,) scores.
        composed: how many faces to put together: those of the pictures turned further, with other expressions.
        seed: of all that is random.
    """

    def __init__(
        self,
        sequences: Sequence[FaceSequence],
        reader: LandmarkNetwork,
        teacher: Teacher,
        *,
        composed: int = 12_000,
        seed: int = 0,
    ) -> None:
        self._seed = seed
        pool = FacePool(sequences)
        self._mirror = pool.mirror
        pixels = np.concatenate([s.landmarks * np.float32(s.frames.shape[1]) for s in sequences])
        lengths = [len(sequence.frames) for sequence in sequences]
        weights = np.repeat(pool.weights / lengths, lengths)  # of each picture
        scores = np.stack([teacher(points) for points in pixels])
        rng = np.random.default_rng((seed, 1 << 40))
        made = [compose(rng, pixels[i]) for i in rng.choice(len(pixels), composed, p=weights)]
        self._sources = (
            (read_level(sequences, reader), scores, weights),
            (_in_level_regions(pixels), scores, weights),
            (_in_level_regions(made), np.stack([teacher(points) for points in made]), None),
        )

    @property
    def faces(self) -> NDArray[np.float32]:
        """(F, 478, 2) landmarks as our network reads them, and those put together."""
        return np.concatenate((self._sources[0][0], self._sources[2][0]))

    def draw(self, step: int, count: int) -> BlendshapeBatch:
        """The batch of a step."""
        rng = np.random.default_rng((self._seed, step))
        own, teachers = round(count * OWN), round(count * TEACHERS)
        landmarks, scores = [], []
        numbers = own, teachers, count - own - teachers
        for (faces, wanted, weights), number in zip(self._sources, numbers, strict=True):
            chosen = rng.choice(len(faces), number, p=weights)
            landmarks.append(faces[chosen])
            scores.append(wanted[chosen])
        points, truth = np.concatenate(landmarks), np.concatenate(scores)
        flipped = rng.random(len(points)) < 0.5
        points[flipped], truth[flipped] = mirror_points(points[flipped], self._mirror), truth[flipped][:, MIRRORED]
        points += rng.normal(0, NOISE, (len(points), 1, 2)) + rng.normal(0, NOISE, points.shape)
        return BlendshapeBatch(points.astype(np.float32), truth)


def compose(rng: np.random.Generator, landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """A face (478, 3) in pixels, turned further and with more or less of some expressions."""
    basis = load_expressions()
    pose = fit_pose(landmarks, basis.mean_face)
    face = pose.to_canonical(landmarks)
    chosen = rng.choice(np.arange(1, len(basis.names)), rng.integers(1, MOST_EXPRESSIONS + 1), replace=False)
    amounts = np.zeros(len(basis.names))
    for index in chosen:
        amount = rng.uniform(-0.3 * STRENGTH, STRENGTH)
        amounts[index] = amount
        other = MIRRORED[index]
        if rng.random() < 0.7:  # both eyes, both corners of the mouth
            amounts[other] = amount
    face = face + basis.displacement(amounts)
    for aperture in (*basis.apertures.eyes, basis.apertures.mouth):
        face = aperture.separate(face)
    turn = angles_rotation(rng.normal(0, TURN), rng.normal(0, NOD), rng.normal(0, 3.0))
    return type(pose)(pose.rotation @ turn, pose.scale, pose.translation).to_image(face).astype(np.float32)


def _in_level_regions(faces: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
    return np.stack([level_landmarks(points) for points in faces])


@torch.no_grad()
def read_level(sequences: Sequence[FaceSequence], reader: LandmarkNetwork) -> NDArray[np.float32]:
    """(F, 478, 2) the landmarks that our network reads from every picture, in units of their own level region."""
    reader = reader.eval()
    made: list[NDArray[np.float32]] = []
    for sequence in sequences:
        for start in range(0, len(sequence.frames), READ_AT_ONCE):
            frames = [np.asarray(frame) for frame in sequence.frames[start : start + READ_AT_ONCE]]
            points = sequence.landmarks[start : start + READ_AT_ONCE] * np.float32(frames[0].shape[0])
            regions = [level_region(face) for face in points]
            crops = [extract_level(frame, region, INPUT_SIZE) for frame, region in zip(frames, regions, strict=True)]
            read = reader(to_pictures(np.stack(crops))).landmarks.numpy()
            made += [from_region(face, region).astype(np.float32) for face, region in zip(read, regions, strict=True)]
    return _in_level_regions(made)
