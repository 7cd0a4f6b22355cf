"""Training batches of the landmark network: level crops, off as a tracker's are, disturbed, some without a face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.level_crop import extract_level, level_region, to_region
from monalive.faces.rotated_square import RotatedSquare
from monalive_distill.tracker.augmentations import Augmentations, add_noise
from monalive_distill.tracker.backgrounds import Backgrounds
from monalive_distill.tracker.face_pool import FacePool, LabelledFace, openness_of
from monalive_distill.tracker.landmark_network import INPUT_SIZE
from monalive_distill.tracker.warped_faces import warp_face

BORDERS = (cv2.BORDER_REPLICATE, cv2.BORDER_REFLECT, cv2.BORDER_CONSTANT)
# Of the region: how far off it usually is (standard deviations), and how far in one of so many samples (at most).
USUAL_SHIFT, USUAL_ZOOM, USUAL_TURN = 0.025, 0.05, 4.0
FAR_EVERY, FAR_SHIFT, FAR_ZOOM, FAR_TURN = 8, 0.14, 0.25, 32.0
NO_FACE = 0.12
# How many faces get another gaze, other brows, lids and lips, and how many other proportions.
OTHER_EXPRESSION, OTHER_PROPORTIONS = 0.5, 0.6


@dataclass(frozen=True)
class LandmarkBatch:
    """N crops; the second half are the first half's mirror images, with other noise.

    Attributes:
        pictures: (N, 192, 192, 3) uint8 RGB.
        landmarks: (N, 478, 3) float32 in units of the crop's side; zeros where there is no face.
        openness: (N, 3) float32.
        present: (N,) float32, 1 where a face is to be found.
    """

    pictures: NDArray[np.uint8]
    landmarks: NDArray[np.float32]
    openness: NDArray[np.float32]
    present: NDArray[np.float32]


class LandmarkSampler:
    """Draws batches; the same seed and step always give the same one, so that training resumes exactly."""

    def __init__(self, pool: FacePool, augmentations: Augmentations, seed: int = 0) -> None:
        self._pool, self._augmentations, self._seed = pool, augmentations, seed
        self._backgrounds = Backgrounds(pool)

    def draw(self, step: int, count: int) -> LandmarkBatch:
        """The batch of a step: `count` crops, an even number."""
        rng = np.random.default_rng((self._seed, step))
        pictures, landmarks, openness, present = [], [], [], []
        for _ in range(count // 2):
            if rng.random() >= NO_FACE:
                face = self._pool.draw(rng)
                crop, points, opened = self._crop(rng, face)
                present.append(1.0)
            else:
                crop, points, opened = self._without_face(rng), np.zeros((478, 3), np.float32), np.zeros(3, np.float32)
                present.append(0.0)
            pictures.append(crop)
            landmarks.append(points)
            openness.append(opened)
        for number in range(count // 2):
            mirrored = np.asarray(cv2.flip(pictures[number], 1), np.uint8)
            if rng.random() < 0.5:
                mirrored = add_noise(rng, mirrored, float(rng.uniform(1.0, 8.0)))
            pictures.append(mirrored)
            landmarks.append(mirror_points(landmarks[number], self._pool.mirror) * np.float32(present[number]))
            openness.append(openness[number][[1, 0, 2]])
        return LandmarkBatch(
            np.stack(pictures), np.stack(landmarks), np.stack(openness), np.array(present * 2, np.float32)
        )

    def faces(self, count: int) -> NDArray[np.float32]:
        """(count, 478, 3) landmarks as they lie in undisturbed crops that are off as usual."""
        rng = np.random.default_rng((self._seed, 1 << 40))
        found = []
        for _ in range(count):
            landmarks = self._pool.draw(rng).landmarks
            found.append(to_region(landmarks, misplaced(rng, level_region(landmarks))).astype(np.float32))
        return np.stack(found)

    def _crop(self, rng: np.random.Generator, face: LabelledFace) -> tuple[NDArray[Any], ...]:
        region = misplaced(rng, level_region(face.landmarks))
        image, offset = face.image, np.zeros(3, np.float32)
        if rng.random() < 0.12:  # a face at the border of its picture
            image, offset = _cut_off(rng, face)
        points = face.landmarks - offset
        moved = RotatedSquare(region.x - offset[0], region.y - offset[1], region.side, region.angle)
        border = BORDERS[int(rng.choice(3, p=(0.6, 0.25, 0.15)))]
        crop = extract_level(image, moved, INPUT_SIZE, border=border)
        level, openness = to_region(points, moved).astype(np.float32), face.openness
        expression, proportions = rng.random() < OTHER_EXPRESSION, rng.random() < OTHER_PROPORTIONS
        if expression or proportions:
            pixels = level * INPUT_SIZE
            crop, pixels = warp_face(rng, crop, pixels, expression=expression, proportions=proportions)
            level, openness = pixels / np.float32(INPUT_SIZE), openness_of(pixels)
        other = self._pool.draw(rng).image if rng.random() < 0.3 else self._backgrounds.draw(rng, 64)
        return self._augmentations.apply(rng, crop, level * INPUT_SIZE, other), level, openness

    def _without_face(self, rng: np.random.Generator) -> NDArray[np.uint8]:
        if rng.random() < 0.65:
            crop = self._backgrounds.draw(rng, INPUT_SIZE)
        else:  # next to a face, or far too near or far
            face = self._pool.draw(rng)
            region = level_region(face.landmarks)
            angle = rng.uniform(0, 2 * np.pi)
            away = rng.uniform(0.55, 0.9) * region.side
            side = region.side * rng.uniform(0.4, 1.0)
            place = region.x + np.cos(angle) * away, region.y + np.sin(angle) * away
            crop = extract_level(face.image, RotatedSquare(*place, side, rng.normal(0, 0.5)), INPUT_SIZE)
        return self._augmentations.apply(rng, crop, None)


def mirror_points(points: NDArray[np.float32], mirror: NDArray[np.intp]) -> NDArray[np.float32]:
    """(..., 478, 2 or 3) landmarks in units of a crop's side to those of the mirrored crop."""
    mirrored = points[..., mirror, :]
    mirrored[..., 0] = 1 - mirrored[..., 0]
    return np.asarray(mirrored, np.float32)


def misplaced(rng: np.random.Generator, region: RotatedSquare) -> RotatedSquare:
    """A region as a detector or the frame before gives it: a little off, sometimes far."""
    if rng.integers(FAR_EVERY):
        shift, zoom, turn = rng.normal(0, USUAL_SHIFT, 2), rng.normal(0, USUAL_ZOOM), rng.normal(0, USUAL_TURN)
    else:
        shift, zoom = rng.uniform(-FAR_SHIFT, FAR_SHIFT, 2), rng.uniform(-FAR_ZOOM, FAR_ZOOM)
        turn = rng.uniform(-FAR_TURN, FAR_TURN)
    return RotatedSquare(
        region.x + float(shift[0]) * region.side,
        region.y + float(shift[1]) * region.side,
        region.side * float(np.exp(zoom)),
        region.angle + float(np.deg2rad(turn)),
    )


def _cut_off(rng: np.random.Generator, face: LabelledFace) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The picture cut so that its border comes near the face or into it, and where its new corner lay."""
    low, high = face.landmarks[:, :2].min(axis=0), face.landmarks[:, :2].max(axis=0)
    size = high - low
    side = face.image.shape[0]
    left, top = (int(np.clip(v, 0, side // 3)) for v in low - size * rng.uniform(-0.15, 0.15, 2))
    right, bottom = (int(np.clip(v, side * 2 // 3, side)) for v in high + size * rng.uniform(-0.15, 0.15, 2))
    if rng.random() < 0.5:
        left, right = 0, side
    return face.image[top:bottom, left:right], np.array([left, top, 0], np.float32)
