"""Our tracker against MediaPipe's: what the comparison says of made-up trackers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from monalive.faces.expressions import load_expressions
from monalive_distill.evaluation.tracker import TrackerComparison

SIZE = 200


class _Drawn:
    """Reads a face whose nose is where the picture is white, and everything so many pixels too far right."""

    def __init__(self, off: float) -> None:
        self._off = off

    def detect(self, image: NDArray[np.uint8], *, largest_only: bool) -> list[SimpleNamespace]:
        assert largest_only
        place = float(np.flatnonzero(image[SIZE // 2, :, 0])[0]) + 0.5
        face = load_expressions().mean_face * 10 + np.array([place + self._off, SIZE / 2, 0.0])
        return [SimpleNamespace(landmarks=face.astype(np.float32), blendshapes=None)]


def _compared(ours_off: float, teacher_off: float) -> dict[str, Any]:
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    image[SIZE // 2, 80] = 255
    comparison = TrackerComparison()
    ours: Any = _Drawn(ours_off)
    teacher: Any = _Drawn(teacher_off)
    comparison.add(image, ours, teacher, "a clip", ("glasses",))
    return comparison.summary()


def test_a_teacher_that_reads_mirrored_pictures_alike_is_at_one_with_itself() -> None:
    summary = _compared(2.0, 0.0)
    corners = load_expressions().mean_face[[33, 263], :2] * 10
    percent = 2.0 / np.linalg.norm(corners[1] - corners[0]) * 100
    assert summary["mean_percent"] == pytest.approx(percent, rel=1e-3)
    own = summary["mediapipe_mirrored"]
    assert own["mean_percent"] < 0.05 * percent  # the mean face is all but symmetric
    assert own["slices"]["glasses"]["frames"] == 1


def test_what_a_teacher_always_reads_too_far_to_the_right_counts_twice() -> None:
    summary = _compared(2.0, 1.0)
    assert summary["mediapipe_mirrored"]["mean_percent"] == pytest.approx(2 * summary["mean_percent"], rel=0.05)
