"""Who takes a driver's surroundings over, and how they are smoothed."""

from __future__ import annotations

import numpy as np
import pytest

from monalive.motions.surroundings_flow import unknown_surroundings
from monalive.retargeting.retarget import RetargetOptions
from monalive.retargeting.retarget_networks import RetargetNetworks, RetargetStream
from monalive.retargeting.surroundings_transfer import SurroundingsTransfer

NETWORKS = RetargetNetworks()
MEASURED = np.random.default_rng(0).random((16, 16, 3)).astype(np.float32)


@pytest.mark.parametrize(
    ("options", "taken"),
    [
        (RetargetOptions(), False),
        (RetargetOptions(absolute=True), True),
        (RetargetOptions(absolute=True, gains={"lips": 0.5}), True),
        (RetargetOptions(absolute=True, gains={"pose": 0.5}), False),
        (RetargetOptions(absolute=True, regions=frozenset({"lips", "eyes"})), False),
    ],
)
def test_only_a_head_that_moves_just_as_the_drivers_takes_them_over(options: RetargetOptions, taken: bool) -> None:
    assert options.takes_surroundings == taken
    transfer = SurroundingsTransfer(NETWORKS, options)
    transfer.start()
    result = transfer.step(MEASURED, 0.0)
    assert np.array_equal(result, MEASURED) if taken else result is None  # type: ignore[arg-type]
    assert transfer.step(None, 40.0) is None


def test_without_smoothing_every_frame_is_as_measured() -> None:
    transfer = SurroundingsTransfer(NETWORKS, RetargetOptions(absolute=True, smooth=False))
    for index, factor in enumerate((1.0, 0.0, 0.5)):
        result = transfer.step(MEASURED * np.float32(factor), 40.0 * index)
        assert np.array_equal(result, MEASURED * np.float32(factor))  # type: ignore[arg-type]


def test_noise_at_rest_is_calmed() -> None:
    noise = np.random.default_rng(1).normal(0, 0.0005, (200, 16, 16, 3)).astype(np.float32)
    noise[..., 2] = 0.5 + 80 * noise[..., 2]
    transfer = SurroundingsTransfer(NETWORKS, RetargetOptions(absolute=True))
    calmed = np.array([transfer.step(frame, 40.0 * index) for index, frame in enumerate(noise)])
    assert calmed.dtype == np.float32
    assert calmed[25:, ..., :2].std() < 0.5 * noise[25:, ..., :2].std()
    assert calmed[25:, ..., 2].std() < 0.5 * noise[25:, ..., 2].std()
    assert calmed[..., 2].min() >= 0 and calmed[..., 2].max() <= 1


def test_shoulders_keep_up_with_the_head() -> None:
    """Head and surroundings pan alike; smoothed, neither runs ahead of the other."""
    transfer = SurroundingsTransfer(NETWORKS, RetargetOptions(absolute=True))
    whole = {"driver_crop": np.array([[0.0, 0.0, 1.0]], np.float32)}
    head = RetargetStream(NETWORKS.absolute, whole, smooth=True)
    for index in range(40):
        place = 0.05 * np.sin(index / 6)
        around = unknown_surroundings()
        around[..., 0] = -place
        taken = transfer.step(around, 40.0 * index)
        landmarks = head(np.full((478, 3), [place, 0.0, 0.0], np.float32), 40.0 * index)
        assert taken is not None
        assert np.abs(taken[..., 0] + landmarks[:, 0].mean()).max() < 2e-4


def test_start_forgets_the_driver_before() -> None:
    transfer = SurroundingsTransfer(NETWORKS, RetargetOptions(absolute=True))
    transfer.step(MEASURED, 0.0)
    transfer.start()
    assert not transfer.step(unknown_surroundings(), 0.0).any()  # type: ignore[union-attr]


def test_time_must_move_forward() -> None:
    transfer = SurroundingsTransfer(NETWORKS, RetargetOptions(absolute=True))
    transfer.step(MEASURED, 40.0)
    with pytest.raises(ValueError, match="increase"):
        transfer.step(MEASURED, 40.0)
