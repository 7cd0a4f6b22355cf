"""478 landmarks, presence and 52 blendshapes of a face whose region is known: MediaPipe's networks on LiteRT.

Kartynnik et al., *Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs*, 2019 (arXiv
1907.06724). Pre- and post-processing follow MediaPipe's `face_landmarks_detector_graph.cc` and
`face_blendshapes_graph.cc`.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.blendshapes import BLENDSHAPE_NAMES
from monalive.faces.landmarks import LANDMARK_COUNT, LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS
from monalive.faces.rotated_square import RotatedSquare
from monalive_distill.mediapipe_tracker.face_detector import ROI_SCALE
from monalive_distill.mediapipe_tracker.task_file import TaskNetwork, sigmoid

INPUT_SIZE = 256

# fmt: off
# The landmarks that the blendshape network reads (kLandmarksSubsetIdxs in MediaPipe's
# face_blendshapes_graph.cc).
BLENDSHAPE_LANDMARKS = np.array([
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70,
    78, 80, 81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149,
    150, 152, 153, 154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195,
    197, 234, 246, 249, 251, 263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300,
    308, 310, 311, 312, 314, 317, 318, 321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375,
    377, 378, 379, 380, 381, 382, 384, 385, 386, 387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454,
    466, 468, 469, 470, 471, 472, 473, 474, 475, 476, 477,
])
# fmt: on


class MediaPipeMesh:
    """A `FaceMesh`, the landmark network: one region of a picture in, 478 landmarks and the presence of a face out."""

    def __init__(self, model: bytes, *, num_threads: int = 1) -> None:
        self._network = TaskNetwork(model, num_threads=num_threads)

    def __call__(self, image: NDArray[np.uint8], region: RotatedSquare) -> tuple[NDArray[np.float32], float]:
        """Landmarks of the face in `region`.

        Args:
            image: (H, W, 3) uint8 RGB.
            region: the face's square, eyes level in it; outside the picture its border repeats.

        Returns:
            (478, 3) float32: x, y in picture pixels, z in the scale of x (smaller is nearer).
            Presence of a face, [0, 1].

        z has the scale of x whichever way the face is turned. MediaPipe's z times the picture's width does
        not: for a region turned by a it is hypot(cos a, sin a * width / height) times this one.
        """
        crop = region.extract(image, INPUT_SIZE, border=cv2.BORDER_REPLICATE)
        points, presence, *_ = self._network(crop[None].astype(np.float32) / 255.0)
        mesh = points.reshape(LANDMARK_COUNT, 3)  # pixels of the crop
        landmarks = np.empty((LANDMARK_COUNT, 3), np.float32)
        landmarks[:, :2] = region.to_picture(mesh[:, :2], INPUT_SIZE)
        landmarks[:, 2] = mesh[:, 2] * (region.side / INPUT_SIZE)
        return landmarks, float(sigmoid(presence).reshape(-1)[0])

    @staticmethod
    def region_of(landmarks: NDArray[np.float32]) -> RotatedSquare:
        """Where to look for the face of these landmarks: 1.5 times its longer side, the eyes level."""
        low, high = landmarks[:, :2].min(axis=0), landmarks[:, :2].max(axis=0)
        x, y = (low + high) / 2
        across = landmarks[LEFT_EYE_CORNERS[0]] - landmarks[RIGHT_EYE_CORNERS[0]]
        angle = float(np.arctan2(across[1], across[0]))
        return RotatedSquare(float(x), float(y), float((high - low).max()) * ROI_SCALE, angle)


class MediaPipeBlendshapes:
    """A `FaceBlendshapes`, the blendshape network: landmarks in, 52 expression coefficients out."""

    def __init__(self, model: bytes, *, num_threads: int = 1) -> None:
        self._network = TaskNetwork(model, num_threads=num_threads)

    def __call__(self, landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
        """(478, 2 or 3) landmarks in picture pixels to (52,) float32, [0, 1]: see `BLENDSHAPE_NAMES`."""
        (scores,) = self._network(np.ascontiguousarray(landmarks[None, BLENDSHAPE_LANDMARKS, :2], np.float32))
        return scores.reshape(len(BLENDSHAPE_NAMES)).astype(np.float32)
