"""Boxes around faces: how far they overlap, and which of them mean the same face."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

_SUPPRESSION_IOU: Final = 0.3


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
        same = box_iou(boxes[left], boxes[left[0]]) > _SUPPRESSION_IOU
        same[0] = True  # also a degenerate box belongs to itself
        group = left[same]
        yield group, scores[group] / scores[group].sum()
        left = left[~same]
