"""What a `FaceTracker` needs of its networks, whoever made them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from monalive.faces.rotated_square import RotatedSquare


@dataclass(frozen=True)
class FoundFace:
    """A face that a detector found: how sure, [0, 1], and the region to read its landmarks from."""

    score: float
    roi: RotatedSquare


class FaceDetector(Protocol):
    """Finds faces in one square region of a picture at a time."""

    def detect(self, image: NDArray[np.uint8], region: RotatedSquare | None = None) -> list[FoundFace]:
        """Faces in `region` (default: the whole picture), the surest first.

        Args:
            image: (H, W, 3) uint8 RGB.
            region: where to look; may be rotated and may reach outside the picture (black there).
        """

    def detect_any_way_up(self, image: NDArray[np.uint8]) -> list[FoundFace]:
        """Faces in the whole picture, also sideways and upside down (photos that lost their orientation)."""


class FaceMesh(Protocol):
    """Reads the landmarks of the face in one region of a picture."""

    def __call__(self, image: NDArray[np.uint8], region: RotatedSquare) -> tuple[NDArray[np.float32], float]:
        """Landmarks of the face in `region`.

        Args:
            image: (H, W, 3) uint8 RGB.
            region: the face's square, the face level in it; outside the picture its border repeats.

        Returns:
            (478, 3) float32: x, y in picture pixels, z in the scale of x (smaller is nearer).
            Presence of a face, [0, 1].
        """

    def region_of(self, landmarks: NDArray[np.float32]) -> RotatedSquare:
        """Where to look for the face of these landmarks."""


class FaceBlendshapes(Protocol):
    """Reads the expression of a face from its landmarks."""

    def __call__(self, landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
        """(478, 2 or 3) landmarks in picture pixels to (52,) float32, [0, 1]: see `blendshapes.BLENDSHAPE_NAMES`."""


@dataclass(frozen=True)
class TrackerNetworks:
    """The networks of a tracker. Several trackers may share them; not to be called from two threads at once.

    Attributes:
        detector: finds faces.
        mesh: reads their landmarks.
        blendshapes: reads their expressions; None where there is no such network.
    """

    detector: FaceDetector
    mesh: FaceMesh
    blendshapes: FaceBlendshapes | None = None
