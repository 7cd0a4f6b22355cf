"""Finds faces in a picture: MediaPipe's short-range BlazeFace network, and its decoding.

Bazarevsky et al., *BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs*, 2019 (arXiv 1907.05047).
The numbers follow MediaPipe's `face_detector_graph.cc`, so that the results are those of MediaPipe Tasks.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.boxes import overlapping
from monalive.faces.rotated_square import RotatedSquare, whole_picture
from monalive.faces.tracker_interface import FoundFace
from monalive_distill.mediapipe_tracker.task_file import TaskNetwork, sigmoid

INPUT_SIZE = 128
MIN_CONFIDENCE = 0.5
# (cells per side, anchors per cell): stride 8 with 2 anchors, three layers of stride 16 with 2 each.
ANCHOR_GRIDS = ((16, 2), (8, 6))
# A region of interest is this much wider than what it was made from, so that the whole face is in it.
ROI_SCALE = 1.5
# A clear face scores above this when it is within 60 degrees of upright. Turned further the network still
# finds it, but reads it the wrong way up, at scores of 0.6 to 0.8; the picture turned back then scores 0.14
# to 0.3 higher.
DOUBTFUL_SCORE = 0.8
TURN_GAIN = 0.1
QUARTER_TURNS = (np.pi / 2, -np.pi / 2, np.pi)


class BlazeFaceDetector:
    """A `FaceDetector`: runs the detector network over one square region of a picture at a time."""

    def __init__(self, model: bytes, *, num_threads: int = 1) -> None:
        self._network = TaskNetwork(model, num_threads=num_threads)
        self._anchors = _anchor_centres()

    def detect(self, image: NDArray[np.uint8], region: RotatedSquare | None = None) -> list[FoundFace]:
        """Faces in `region` (default: the whole picture), the surest first.

        Args:
            image: (H, W, 3) uint8 RGB.
            region: where to look; may be rotated and may reach outside the picture (black there).
        """
        region = region or whole_picture(image)
        crop = region.extract(image, INPUT_SIZE, border=cv2.BORDER_CONSTANT)
        tensor = crop[None].astype(np.float32) / 127.5 - 1.0
        boxes, logits = self._network(tensor)  # (1, 896, 16), (1, 896, 1)
        scores = sigmoid(logits[0, :, 0])
        keep = scores >= MIN_CONFIDENCE
        points = boxes[0, keep].reshape(-1, 8, 2).astype(np.float64)  # centre, size, six keypoints: pixels of the crop
        anchors = self._anchors[keep, None]
        centre, size, keypoints = points[:, 0] + anchors[:, 0], points[:, 1], points[:, 2:] + anchors
        corners = np.concatenate([centre - size / 2, centre + size / 2], axis=1)
        found = []
        kept = scores[keep]
        for group, weights in overlapping(kept, corners):
            box = weights @ corners[group]
            (right_x, right_y), (left_x, left_y), *_ = region.to_picture(
                np.tensordot(weights, keypoints[group], axes=1), INPUT_SIZE
            )
            x, y = region.to_picture((box[:2] + box[2:]) / 2, INPUT_SIZE)
            side = float((box[2:] - box[:2]).max()) * region.side / INPUT_SIZE
            # The region that the landmark network wants to see: 1.5 times the box, the eyes level.
            angle = float(np.arctan2(left_y - right_y, left_x - right_x))
            found.append(FoundFace(float(kept[group[0]]), RotatedSquare(float(x), float(y), side * ROI_SCALE, angle)))
        return found

    def detect_any_way_up(self, image: NDArray[np.uint8]) -> list[FoundFace]:
        """Faces in the whole picture, also if it is sideways or upside down (photos that lost their EXIF).

        The same as `detect` while the best face is a clear one; else what the quarter turn finds that shows a face more
        clearly, if any does.
        """
        best = self.detect(image)
        top = best[0].score if best else 0.0
        if top < DOUBTFUL_SCORE:
            upright = whole_picture(image)
            for angle in QUARTER_TURNS:
                turned = self.detect(image, RotatedSquare(upright.x, upright.y, upright.side, angle))
                if turned and turned[0].score > max(top + TURN_GAIN, best[0].score if best else 0.0):
                    best = turned
        return best


def _anchor_centres() -> NDArray[np.float64]:
    """(896, 2) anchor centres in pixels of the network's input, in the order of its outputs."""
    layers = []
    for cells, per_cell in ANCHOR_GRIDS:
        centre = (np.arange(cells) + 0.5) * (INPUT_SIZE / cells)
        y, x = np.meshgrid(centre, centre, indexing="ij")
        layers.append(np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), per_cell, axis=0))
    return np.concatenate(layers)
