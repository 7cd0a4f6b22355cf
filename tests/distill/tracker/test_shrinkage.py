"""Last layers that let gazes, lids, brows and mouths move by more."""

from __future__ import annotations

import copy

import pytest
import torch

from monalive.faces.landmarks import LEFT_EYE_CORNERS, LEFT_IRIS, MOUTH_CORNERS, NOSE, RIGHT_EYE_CORNERS, RIGHT_IRIS
from monalive_distill.packaged_assets import tracker_weights
from monalive_distill.tracker.networks import load_tracker
from monalive_distill.tracker.shrinkage import IRIS_GAIN, MOUTH_GAIN, undo_shrinkage


@pytest.fixture
def readings() -> tuple[torch.Tensor, torch.Tensor]:
    """What the shipped network reads of the same pictures before and after: (24, 478, 3) each."""
    torch.manual_seed(3)
    network = load_tracker(tracker_weights()).landmarks
    pictures = torch.rand(24, 3, 192, 192)
    changed = copy.deepcopy(network)
    undo_shrinkage(changed, pictures)
    with torch.no_grad():
        return network(pictures).landmarks, changed(pictures).landmarks


def beside(points: torch.Tensor, index: int, anchors: tuple[int, int]) -> torch.Tensor:
    """(N, 2) how a landmark moves beside the mean of others, away from its own mean."""
    offset = points[:, index, :2] - points[:, list(anchors), :2].mean(1)
    return offset - offset.mean(0)


def test_irises_and_mouths_move_by_the_gains(readings: tuple[torch.Tensor, torch.Tensor]) -> None:
    before, after = readings
    for iris, corners in ((RIGHT_IRIS[0], RIGHT_EYE_CORNERS), (LEFT_IRIS[0], LEFT_EYE_CORNERS)):
        moved = beside(before, iris, corners)
        assert float(moved.abs().mean()) > 1e-4
        torch.testing.assert_close(beside(after, iris, corners), moved * torch.tensor(IRIS_GAIN), atol=1e-5, rtol=1e-3)
    width = [points[:, MOUTH_CORNERS[0], 0] - points[:, MOUTH_CORNERS[1], 0] for points in readings]
    changes = [side - side.mean() for side in width]
    torch.testing.assert_close(changes[1], changes[0] * MOUTH_GAIN[0], atol=1e-5, rtol=1e-3)


def test_the_mean_and_the_rest_of_the_face_stay(readings: tuple[torch.Tensor, torch.Tensor]) -> None:
    before, after = readings
    # Of both eyes together, which one network reads.
    torch.testing.assert_close(after.mean(0), before.mean(0), atol=3e-4, rtol=0)
    still = [*NOSE, *LEFT_EYE_CORNERS, *RIGHT_EYE_CORNERS]
    torch.testing.assert_close(after[:, still], before[:, still], atol=1e-6, rtol=0)
    torch.testing.assert_close(after[..., 2], before[..., 2])
