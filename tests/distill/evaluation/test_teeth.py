"""Teeth drawn between moving lips: those that stand still in the skull, and those that stick to the lip."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from monalive.faces.expressions import load_expressions
from monalive.faces.landmarks import LIPS_INNER
from monalive_distill.evaluation.teeth import teeth_motion
from monalive_distill.regions.frames import MOUTH_SHAPE

UNIT = MOUTH_SHAPE.scale  # outer-eye-corner distance in pixels: a pixel is one of the mouth crop
LIFTS = (0.0, -3.0, 2.0, -4.0, 1.0, -2.0)


def mouth(lift: float, teeth_lift: float, *, dark: bool = False) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A face with an open mouth, its upper lip moved down by `lift` pixels and its teeth by `teeth_lift`."""
    points = load_expressions().face({"jawOpen": 0.8}) * UNIT + [192, 150, 0]
    middle = points[list(LIPS_INNER), 1].mean()
    upper = [i for i in LIPS_INNER if points[i, 1] < middle]
    edge = points[upper, 1].max()
    points[upper, 1] += lift
    image = np.full((384, 384, 3), (200, 150, 130), np.uint8)
    between = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(between, [np.round(points[list(LIPS_INNER), :2]).astype(np.int32)], 1)
    row = np.full((384, 384, 3), (60, 20, 20), np.uint8)
    if not dark:
        bottom = edge + 7 + teeth_lift
        for i in range(-6, 6):
            left, ragged = round(192 + i * 7 + 1), round(bottom + (i % 3))
            cv2.rectangle(row, (left, 0), (left + 5, ragged), (215, 210, 200), -1)
    image[between > 0] = row[between > 0]
    return cv2.GaussianBlur(image, (3, 3), 0).astype(np.uint8), points.astype(np.float32)


@pytest.mark.parametrize("sticks", [0.0, 1.0])
def test_what_teeth_move_with(sticks: float) -> None:
    images, landmarks = zip(*[mouth(lift, sticks * lift) for lift in LIFTS], strict=True)
    moved = teeth_motion(images, landmarks)
    assert len(moved) == len(LIFTS) - 1
    lip, teeth = moved.T
    assert lip == pytest.approx(np.diff(LIFTS), abs=0.3)
    assert (lip * teeth).sum() / (lip * lip).sum() == pytest.approx(sticks, abs=0.15)


def test_a_mouth_without_teeth_says_nothing() -> None:
    images, landmarks = zip(*[mouth(lift, 0.0, dark=True) for lift in LIFTS], strict=True)
    assert teeth_motion(images, landmarks).shape == (0, 2)
    image, points = mouth(0.0, 0.0)
    assert teeth_motion([image, image], [points, None]).shape == (0, 2)
    assert teeth_motion([], []).shape == (0, 2)


def test_a_closed_mouth_says_nothing() -> None:
    image, _ = mouth(0.0, 0.0)
    closed = (load_expressions().mean_face * UNIT + [192, 150, 0]).astype(np.float32)
    assert teeth_motion([image, image], [closed, closed]).shape == (0, 2)
