"""Pictures without faces, made from what there is: pieces around the training faces, faces wiped out, patterns."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.level_crop import extract_level, level_region
from monalive.faces.rotated_square import RotatedSquare
from monalive_distill.tracker.face_pool import FacePool, LabelledFace

Image = NDArray[np.uint8]


class Backgrounds:
    """Draws pictures without a face."""

    def __init__(self, pool: FacePool) -> None:
        self._pool = pool

    def draw(self, rng: np.random.Generator, size: int) -> Image:
        """(size, size, 3) uint8 RGB."""
        way = rng.random()
        if way < 0.35:
            return wiped_out(rng, self._pool.draw(rng), self._pool.draw(rng).image, size)
        if way < 0.75:
            return beside_the_face(rng, self._pool.draw(rng), size)
        return pattern(rng, size)


def wiped_out(rng: np.random.Generator, face: LabelledFace, other: Image, size: int) -> Image:
    """A person whose face is covered by something else: shoulders, hair and room are kept."""
    image = face.image.copy()
    region = level_region(face.landmarks)
    mask = np.zeros(image.shape[:2], np.uint8)
    axes = max(4, int(region.side * 0.36)), max(4, int(region.side * 0.42))
    angle = float(np.rad2deg(region.angle))
    cv2.ellipse(mask, (int(region.x), int(region.y)), axes, angle, 0, 360, 255, -1)
    soft = cv2.blur(mask, (int(rng.integers(1, 20)),) * 2).astype(np.float32)[..., None] / 255
    way = rng.random()
    if way < 0.4:  # the picture's own border region, enlarged
        corner = image[: image.shape[0] // 4, : image.shape[1] // 4]
        filling = cv2.resize(np.ascontiguousarray(corner), image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    elif way < 0.7:  # skin without features
        filling = _features_lost(image)
    else:
        filling = cv2.flip(_features_lost(other), 0)
    filling = cv2.resize(filling, image.shape[1::-1])
    made = np.asarray(image * (1 - soft) + filling * soft, np.uint8)
    return np.asarray(cv2.resize(made, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def _features_lost(image: Image) -> Image:
    """Blurred until no eye or mouth is left, by way of a few pixels."""
    few = cv2.resize(image, (8, 8), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(few, image.shape[1::-1], interpolation=cv2.INTER_CUBIC), np.uint8)


def beside_the_face(rng: np.random.Generator, face: LabelledFace, size: int) -> Image:
    """A piece of the picture's border region: wall, hair, clothes, shoulders, at any angle."""
    side = face.image.shape[0]
    piece = side * rng.uniform(0.12, 0.3)
    away = side / 2 - piece / 2
    along = rng.uniform(-away, away)
    edge = int(rng.integers(4))
    x, y = ((along, -away), (along, away), (-away, along), (away, along))[edge]
    square = RotatedSquare(side / 2 + x, side / 2 + y, piece, float(rng.choice([0, np.pi / 2, np.pi])))
    centre, reach = level_region(face.landmarks), piece / 2
    if np.hypot(square.x - centre.x, square.y - centre.y) < reach + centre.side * 0.3:  # too near the face: turn away
        square = RotatedSquare(side - piece / 2, piece / 2, piece, square.angle)
    return extract_level(face.image, square, size, border=cv2.BORDER_REFLECT)


def pattern(rng: np.random.Generator, size: int) -> Image:
    """Colours, gradients, shapes and noise of several sizes."""
    coarse = rng.uniform(0, 255, (int(rng.integers(1, 7)), int(rng.integers(1, 7)), 3)).astype(np.float32)
    image = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC).reshape(size, size, 3)
    for _ in range(int(rng.integers(0, 12))):
        colour = tuple(float(v) for v in rng.uniform(0, 255, 3))
        x, y = (int(v) for v in rng.uniform(0, size, 2))
        reach = int(size * rng.uniform(0.02, 0.4)) + 1
        if rng.random() < 0.5:
            cv2.circle(image, (x, y), reach, colour, -1 if rng.random() < 0.7 else 2, cv2.LINE_AA)
        else:
            cv2.rectangle(image, (x, y), (x + reach, y + int(reach * rng.uniform(0.3, 3))), colour, -1)
    grain = rng.standard_normal((size, size, 1)).astype(np.float32)
    width = rng.uniform(0.3, 6)
    grain = cv2.GaussianBlur(grain, (0, 0), width).reshape(size, size, 1) * width
    return np.asarray(np.clip(image + grain * rng.uniform(0, 40), 0, 255), np.uint8)
