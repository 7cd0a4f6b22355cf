"""A picture is split into face, edge and rest without gap or overlap."""

from __future__ import annotations

import numpy as np

from monalive.faces.expressions import load_expressions
from monalive_distill.metrics.picture_parts import EDGE_WIDTH, part_masks


def test_every_pixel_belongs_to_one_part() -> None:
    landmarks = (load_expressions().mean_face * 50 + [128, 120, 0]).astype(np.float32)
    masks = part_masks(landmarks, 240, 256)
    assert masks.shape == (3, 240, 256) and (masks.sum(0) == 1).all() and set(np.unique(masks)) == {0, 1}
    face, edge, rest = masks
    assert face[120, 128] == 1 and rest[0, 0] == 1
    nose, chin = landmarks[1], landmarks[152]
    assert face[int(nose[1]), int(nose[0])] == 1
    assert edge[int(chin[1]) + 4, int(chin[0])] == 1
    assert rest[int(chin[1]) + round(50 * EDGE_WIDTH) + 4, int(chin[0])] == 1


def test_a_face_that_fills_the_picture_leaves_no_rest() -> None:
    landmarks = (load_expressions().mean_face * 500 + [64, 64, 0]).astype(np.float32)
    assert part_masks(landmarks, 128, 128)[0].all()
