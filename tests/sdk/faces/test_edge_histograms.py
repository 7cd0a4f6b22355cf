"""Directions of edges are counted as OpenCV does."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from monalive.faces.edge_histograms import edge_histograms
from monalive.media.image_io import load_image
from monalive.packaged_assets import sample_portrait_path


def test_a_slope_has_one_direction() -> None:
    across = np.round(np.linspace(4, 15, 96) ** 2).astype(np.uint8)
    for picture, bins in (
        (np.tile(across, (96, 1)), (0, 8)),  # directions begin at 0 degrees, where the first and the last bin meet
        (np.tile(across[::-1], (96, 1)), (0, 8)),
        (np.tile(across[:, None], (1, 96)), (4,)),  # and 90 degrees is the middle of the fifth
    ):
        found = edge_histograms(picture).reshape(-1, 9)
        assert found.shape == (196, 9)
        np.testing.assert_allclose(found[:, bins].max(), found[:, bins].min(), atol=0.02)
        np.testing.assert_allclose(np.delete(found, bins, axis=1), 0, atol=1e-6)
        np.testing.assert_allclose(np.linalg.norm(found.reshape(49, 36), axis=1), 1, atol=0.01)


def test_a_plain_picture_has_none() -> None:
    assert not edge_histograms(np.full((96, 96), 90, np.uint8)).any()


@pytest.mark.skipif(not hasattr(cv2, "HOGDescriptor"), reason="this release of OpenCV has no HOGDescriptor")
def test_numbers_are_those_of_opencv() -> None:
    made: Any = vars(cv2)["HOGDescriptor"]
    photo = cv2.resize(load_image(sample_portrait_path())[..., 1], (96, 96), interpolation=cv2.INTER_AREA)
    noise = np.random.default_rng(0).integers(0, 256, (96, 96), dtype=np.uint8)
    for picture in (np.asarray(photo, np.uint8), noise):
        theirs = made((96, 96), (24, 24), (12, 12), (12, 12), 9)
        np.testing.assert_allclose(edge_histograms(picture), np.ravel(theirs.compute(picture)), atol=3e-4)
