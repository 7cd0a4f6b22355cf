"""Finds faces in a picture: MediaPipe's short-range BlazeFace network, its decoding and where to look.

Bazarevsky et al., *BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs*, 2019 (arXiv 1907.05047).
The numbers follow MediaPipe's `face_detector_graph.cc`, so that the results are those of MediaPipe Tasks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from monalive.faces.task_file import TaskNetwork, sigmoid

INPUT_SIZE = 128
SUPPRESSION_IOU = 0.3
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
# Looking closer and from further away when nothing was found.
ZOOM_OUT = 1.6
TILES_PER_SIDE = (2, 4)
MIN_TILE_SIDE = 256.0


@dataclass(frozen=True)
class RotatedSquare:
    """A square region of a picture, in pixels; `angle` in radians, clockwise as seen (y points down)."""

    x: float
    y: float
    side: float
    angle: float = 0.0

    def matrix(self, size: int) -> NDArray[np.float64]:
        """(2, 3) matrix from pixels of the (size, size) crop to pixels of the picture.

        Corner on corner, without the half-pixel shift of pixel centres: MediaPipe's crops are made like that.
        """
        cos, sin = np.cos(self.angle) * self.side / size, np.sin(self.angle) * self.side / size
        half = size / 2
        return np.array([[cos, -sin, self.x - half * (cos - sin)], [sin, cos, self.y - half * (sin + cos)]])

    def extract(self, image: NDArray[np.uint8], size: int, *, border: int) -> NDArray[np.uint8]:
        """The region, sampled bilinearly: (size, size, 3) uint8. `border`: cv2's rule for what is outside."""
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        crop = cv2.warpAffine(image, self.matrix(size), (size, size), flags=flags, borderMode=border)
        return crop  # type: ignore[return-value]

    def to_picture(self, points: NDArray[np.floating], size: int) -> NDArray[np.float64]:
        """(..., 2) pixels of the (size, size) crop to pixels of the picture."""
        matrix = self.matrix(size)
        return points @ matrix[:, :2].T + matrix[:, 2]

    @property
    def bounds(self) -> NDArray[np.float64]:
        """(4,) left, top, right, bottom of the square as if it were upright."""
        half = self.side / 2
        return np.array([self.x - half, self.y - half, self.x + half, self.y + half])


@dataclass(frozen=True)
class Detection:
    """A found face, in picture pixels."""

    score: float  # [0, 1]
    centre: tuple[float, float]  # of its box
    side: float  # the box's longer one
    keypoints: NDArray[np.float64]  # (6, 2): the person's right eye, left eye, nose, mouth, right ear, left ear

    @property
    def roi(self) -> RotatedSquare:
        """The region that the landmark network wants to see: 1.5 times the box, the eyes level."""
        (x0, y0), (x1, y1) = self.keypoints[0], self.keypoints[1]
        return RotatedSquare(*self.centre, self.side * ROI_SCALE, float(np.arctan2(y1 - y0, x1 - x0)))


def whole_picture(image: NDArray[np.uint8]) -> RotatedSquare:
    """The smallest square around the picture."""
    height, width = image.shape[:2]
    return RotatedSquare(width / 2, height / 2, float(max(width, height)))


def box_iou(boxes: NDArray[np.floating], box: NDArray[np.floating]) -> NDArray[np.float64]:
    """Intersection over union of (N, 4) boxes with one (4,) box; left, top, right, bottom."""
    low, high = np.maximum(boxes[:, :2], box[:2]), np.minimum(boxes[:, 2:], box[2:])
    intersection = np.clip(high - low, 0, None).prod(axis=1)
    union = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod() - intersection
    iou: NDArray[np.float64] = intersection / np.maximum(union, 1e-12)
    return iou


def overlapping(
    scores: NDArray[np.float64], boxes: NDArray[np.float64]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """Candidates (N,) for the same face, the surest group first: their indices, the surest first, and their weights.

    To blend overlapping candidates by score is steadier than to keep the best (BlazeFace, section 3).

    Args:
        scores: (N,) above 0.
        boxes: (N, 4) left, top, right, bottom.
    """
    left = np.argsort(-scores, kind="stable")
    while left.size:
        same = box_iou(boxes[left], boxes[left[0]]) > SUPPRESSION_IOU
        same[0] = True  # also a degenerate box belongs to itself
        group = left[same]
        yield group, scores[group] / scores[group].sum()
        left = left[~same]


class FaceDetector:
    """Runs the detector network over one square region of a picture at a time."""

    def __init__(self, model: bytes, *, min_confidence: float = 0.5, num_threads: int = 1) -> None:
        self._network = TaskNetwork(model, num_threads=num_threads)
        self._anchors = _anchor_centres()
        self._min_confidence = min_confidence

    def detect(self, image: NDArray[np.uint8], region: RotatedSquare | None = None) -> list[Detection]:
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
        keep = scores >= self._min_confidence
        points = boxes[0, keep].reshape(-1, 8, 2).astype(np.float64)  # centre, size, six keypoints: pixels of the crop
        anchors = self._anchors[keep, None]
        centre, size, keypoints = points[:, 0] + anchors[:, 0], points[:, 1], points[:, 2:] + anchors
        corners = np.concatenate([centre - size / 2, centre + size / 2], axis=1)
        found = []
        kept = scores[keep]
        for group, weights in overlapping(kept, corners):
            score, box = float(kept[group[0]]), weights @ corners[group]
            face = np.tensordot(weights, keypoints[group], axes=1)
            middle = region.to_picture((box[:2] + box[2:]) / 2, INPUT_SIZE)
            side = float((box[2:] - box[:2]).max()) * region.side / INPUT_SIZE
            found.append(
                Detection(score, (float(middle[0]), float(middle[1])), side, region.to_picture(face, INPUT_SIZE))
            )
        return found

    def detect_any_way_up(self, image: NDArray[np.uint8]) -> list[Detection]:
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


def closer_looks(image: NDArray[np.uint8]) -> Iterator[list[RotatedSquare]]:
    """Where else to look in a picture in which nothing was found, one attempt at a time.

    First with a margin (a face that fills the picture), then in tiles of a half and of a quarter of the
    longer side that overlap by half (small faces; the network sees a face from about a seventh of what it is
    shown).
    """
    height, width = image.shape[:2]
    whole = whole_picture(image)
    yield [RotatedSquare(whole.x, whole.y, whole.side * ZOOM_OUT)]
    for parts in TILES_PER_SIDE:
        side = whole.side / parts
        if side >= MIN_TILE_SIDE:
            yield [RotatedSquare(x, y, side) for y in _tile_centres(height, side) for x in _tile_centres(width, side)]


def _tile_centres(length: int, side: float) -> NDArray[np.float64]:
    if length <= side:
        return np.array([length / 2])
    return np.linspace(side / 2, length - side / 2, int(np.ceil((length - side) / (side / 2))) + 1)


def _anchor_centres() -> NDArray[np.float64]:
    """(896, 2) anchor centres in pixels of the network's input, in the order of its outputs."""
    layers = []
    for cells, per_cell in ANCHOR_GRIDS:
        centre = (np.arange(cells) + 0.5) * (INPUT_SIZE / cells)
        y, x = np.meshgrid(centre, centre, indexing="ij")
        layers.append(np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), per_cell, axis=0))
    return np.concatenate(layers)
