"""Augmentation: one look per training group, the same for its photo and its targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Look:
    """A drawn augmentation: a similarity transform, a mirror and a change of colour."""

    matrix: NDArray[np.float64]  # (2, 3) from old to new unit coordinates
    flipped: bool
    colours: NDArray[np.float32]  # (3, 3) applied to RGB
    offset: float
    gamma: float
    blur: float  # standard deviation in pixels; 0: none

    def apply(
        self, image: NDArray[np.uint8], landmarks: NDArray[np.float32]
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Transforms a picture (H, H, 3) and its landmarks (K, 2) in unit coordinates alike."""
        side = image.shape[0]
        shift = self.matrix[:, :2] @ np.array([0.5, 0.5]) + self.matrix[:, 2] * side - 0.5  # pixel centres at +0.5
        pixels = np.concatenate((self.matrix[:, :2], shift[:, None]), 1)
        moved: NDArray[Any] = cv2.warpAffine(
            image, pixels, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )
        if self.blur:
            moved = cv2.GaussianBlur(moved, (0, 0), self.blur)
        return moved, self.apply_to_points(landmarks)

    def apply_to_points(self, landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
        """Transforms landmarks (K, 2) in unit coordinates alone."""
        return np.asarray(landmarks @ self.matrix[:, :2].T + self.matrix[:, 2], np.float32)

    def colour(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """(H, W, 3) uint8 to float32 in [0, 1] in the look's colours."""
        x = np.clip(image.astype(np.float32) / 255 @ self.colours.T + self.offset, 0, 1, dtype=np.float32)
        return np.asarray(np.power(x, self.gamma), np.float32)


@dataclass(frozen=True)
class Augmentation:
    """Ranges of the random looks."""

    rotation_degrees: float = 12.0
    zoom: float = 0.22  # in natural logarithms
    shift: float = 0.05  # of the side
    flip: float = 0.5
    grey: float = 0.06
    colour: float = 0.12
    blur: float = 0.08
    gamma: float = 0.2  # standard deviation, in natural logarithms

    def draw(self, rng: np.random.Generator) -> Look:
        """A random look."""
        angle = np.deg2rad(rng.normal(0, self.rotation_degrees / 2))
        scale = np.exp(rng.uniform(-self.zoom, self.zoom))
        flipped = rng.random() < self.flip
        linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        if flipped:
            linear = linear @ np.diag([-1.0, 1.0])
        offset = np.array([0.5, 0.5]) - linear @ np.array([0.5, 0.5]) + rng.uniform(-self.shift, self.shift, 2)
        saturation = 0.0 if rng.random() < self.grey else rng.uniform(0.6, 1.3)
        colours = saturation * np.eye(3) + (1 - saturation) * np.tile(_LUMA, (3, 1))
        colours = np.diag(rng.uniform(1 - self.colour, 1 + self.colour, 3)) @ colours
        colours = colours + rng.normal(0, self.colour / 4, (3, 3)) * (saturation > 0)
        return Look(
            matrix=np.concatenate((linear, offset[:, None]), 1),
            flipped=flipped,
            colours=colours.astype(np.float32),
            offset=float(rng.uniform(-0.08, 0.08)),
            gamma=float(np.exp(rng.normal(0, self.gamma))),
            blur=float(rng.uniform(0.4, 1.2)) if rng.random() < self.blur else 0.0,
        )
