"""Our own tracker finds what MediaPipe's networks find."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from monalive.faces.landmarks import LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS
from monalive.faces.tracker import FaceTracker
from monalive.media.image_io import load_image
from monalive_distill.mediapipe_tracker.networks import mediapipe_tracker

PORTRAITS = ("sample_portrait.jpg", "sample_portrait_2.jpg")
# Of the distance between the outer eye corners, in percent.
CLOSE = 8.0
SCORES_CLOSE = 0.25


@pytest.mark.parametrize("name", PORTRAITS)
def test_landmarks_are_near_mediapipes(name: str) -> None:
    picture = load_image(Path(str(resources.files("monalive").joinpath("assets", name))))
    with mediapipe_tracker(settle=True, output_blendshapes=True) as mediapipe:
        (wanted,) = mediapipe.detect(picture)
    with FaceTracker(settle=True, output_blendshapes=True) as ours:
        (found,) = ours.detect(picture)
    assert found.blendshapes is not None and wanted.blendshapes is not None
    assert found.blendshapes.dtype == np.float32 and found.blendshapes.shape == (52,)
    assert found.blendshapes == pytest.approx(wanted.blendshapes, abs=SCORES_CLOSE)
    assert percent_apart(found.landmarks, wanted.landmarks) < CLOSE
    assert found.landmarks.dtype == np.float32 and found.landmarks.shape == (478, 3)
    assert 0.5 < found.presence <= 1.0


def percent_apart(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    eyes = np.linalg.norm(other[LEFT_EYE_CORNERS[0], :2] - other[RIGHT_EYE_CORNERS[0], :2])
    return float(np.linalg.norm((one - other)[:, :2], axis=1).mean() / eyes * 100)
