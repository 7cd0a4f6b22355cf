"""Records what MediaPipe Tasks itself finds in the test pictures, for `tests/distill/mediapipe_tracker/`.

Run once, by hand, where `mediapipe` (1.2.2 was used) is installed beside this package's own dependencies:

    PYTHONPATH=sdk:distill python tests/golden/record_tracker_golden.py

`astronaut.jpg` is NASA's portrait of Eileen Collins (public domain) as scikit-image ships it
(`skimage.data.astronaut()`, 512x512), saved as JPEG at quality 92.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.media.image_io import load_image
from monalive_distill.mediapipe_tracker.task_file import packaged_task_path

HERE = Path(__file__).resolve().parent
GOLDEN = HERE / "tracker_golden.npz"
SAMPLE_PORTRAIT = HERE.parents[1] / "sdk" / "monalive" / "assets" / "sample_portrait.jpg"
FRAME_MS = 40


def astronaut() -> NDArray[np.uint8]:
    """(512, 512, 3) uint8 RGB: one face of about 90x105 pixels."""
    return load_image(HERE / "astronaut.jpg")


def move(
    image: NDArray[np.uint8], shift: tuple[float, float], degrees: float, zoom: float
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The picture turned and zoomed about its middle, then shifted; the (2, 3) matrix that moves points."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, zoom)
    matrix[:, 2] += np.array(shift)
    moved = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return moved, matrix  # type: ignore[return-value]


def two_faces() -> NDArray[np.uint8]:
    """(300, 512, 3): the face at the left; at the right a smaller copy, mirrored and turned by 20 degrees."""
    left = astronaut()[:300, 96:352]
    right = move(left[:, ::-1], (0.0, 30.0), 20.0, 0.85)[0]
    return np.ascontiguousarray(np.concatenate([left, right], axis=1))


def two_faces_video() -> Iterator[NDArray[np.uint8]]:
    """Six frames of `two_faces` moving as a whole."""
    picture = two_faces()
    for i in range(6):
        yield move(picture, (4.0 * i, -2.0 * i), -2.5 * i, 1.0 + 0.02 * i)[0]


def main() -> None:
    import mediapipe as mp
    from mediapipe.tasks.python import BaseOptions, vision

    def landmarker(mode: vision.RunningMode, num_faces: int) -> vision.FaceLandmarker:
        return vision.FaceLandmarker.create_from_options(
            vision.FaceLandmarkerOptions(
                base_options=BaseOptions(model_asset_path=str(packaged_task_path())),
                running_mode=mode,
                num_faces=num_faces,
                output_face_blendshapes=True,
            )
        )

    def wrap(image: NDArray[np.uint8]) -> mp.Image:
        return mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(image))

    def unpack(
        result: vision.FaceLandmarkerResult, image: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        height, width = image.shape[:2]
        faces = [[(p.x * width, p.y * height, p.z * width) for p in face] for face in result.face_landmarks]
        scores = [[category.score for category in face] for face in result.face_blendshapes]
        return np.array(faces, np.float32), np.array(scores, np.float32)

    golden: dict[str, Any] = {}
    stills = {"astronaut": astronaut(), "two_faces": two_faces()}
    if SAMPLE_PORTRAIT.exists():
        stills["sample_portrait"] = load_image(SAMPLE_PORTRAIT)
    with landmarker(vision.RunningMode.IMAGE, num_faces=2) as task:
        for name, image in stills.items():
            golden[f"{name}_landmarks"], golden[f"{name}_blendshapes"] = unpack(task.detect(wrap(image)), image)
    # MediaPipe smooths the landmarks of a video only when it is set to one face; two show its bare tracking.
    with landmarker(vision.RunningMode.VIDEO, num_faces=2) as task:
        frames = [unpack(task.detect_for_video(wrap(f), i * FRAME_MS), f) for i, f in enumerate(two_faces_video())]
    golden["video_landmarks"] = np.stack([landmarks for landmarks, _ in frames])
    np.savez_compressed(GOLDEN, **golden)
    for name, values in golden.items():
        print(name, values.shape)


if __name__ == "__main__":
    main()
