"""A picture of a head in three parts: the face, the edge around it, and the rest."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.landmarks import FACE_OVAL, LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS

PARTS: Final = ("face", "edge", "rest")
# Width of the edge, which holds hair, ears and jaw line, in distances between the outer eye corners as seen.
EDGE_WIDTH: Final = 0.4


def part_masks(landmarks: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """Which pixels belong to which of `PARTS`.

    Args:
        landmarks: (478, 3) pixels of the picture.
        height, width: of the picture.

    Returns:
        (3, height, width), 0 or 1; every pixel belongs to one part. The face is what its oval encloses.
    """
    face = np.zeros((height, width), np.uint8)
    hull = cv2.convexHull(np.round(landmarks[list(FACE_OVAL), :2]).astype(np.int32))
    cv2.fillConvexPoly(face, hull, 1)
    across = landmarks[LEFT_EYE_CORNERS[0]] - landmarks[RIGHT_EYE_CORNERS[0]]
    reach = 2 * max(1, round(float(np.linalg.norm(across)) * EDGE_WIDTH)) + 1
    head = cv2.dilate(face, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    return np.stack([face, head - face, 1 - head]).astype(np.float32)
