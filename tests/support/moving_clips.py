"""Tiny clips made from one photograph."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.media.image_io import load_image

GOLDEN_FOLDER = Path(__file__).resolve().parents[1] / "golden"
Image = NDArray[np.uint8]


def write_clip(path: Path, frames: Sequence[Image]) -> Path:
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(25), options={"crf": "12"})
        stream.pix_fmt = "yuv420p"
        stream.height, stream.width = frames[0].shape[:2]
        for image in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")))
        container.mux(stream.encode())
    return path


def moving_face(count: int = 7, *, step: float = 8.0, width: int = 256) -> list[Image]:
    """The astronaut's head, moving to the right and growing a little."""
    photo = load_image(GOLDEN_FOLDER / "astronaut.jpg")
    frames = []
    for i in range(count):
        scale = 1.0 + 0.02 * i
        matrix = np.array([[scale, 0, width / 2 - 225 * scale + step * i], [0, scale, 128 - 120 * scale]])
        frame = cv2.warpAffine(photo, matrix, (width, 256), borderMode=cv2.BORDER_REPLICATE)
        frames.append(frame.astype(np.uint8))
    return frames


def no_face(count: int = 7) -> list[Image]:
    x = np.linspace(60, 190, 256).astype(np.uint8)
    return [np.repeat(np.tile(x, (256, 1))[..., None], 3, axis=2)] * count
