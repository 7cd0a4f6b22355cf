"""Pictures with too much light."""

from __future__ import annotations

import numpy as np
import pytest

from monalive.faces.overexposure import is_overexposed, toned_down


@pytest.mark.parametrize(
    ("share", "level", "told"), [(0.3, 255, True), (0.3, 250, True), (0.3, 249, False), (0.2, 255, False)]
)
def test_a_quarter_that_is_all_but_white_is_too_much(share: float, level: int, told: bool) -> None:
    picture = np.full((300, 400, 3), 120, np.uint8)
    picture[:, : int(400 * share), 0] = level  # one channel is enough: skin turns red before it turns white
    assert is_overexposed(picture) is told


def test_toning_down_gives_the_cube_of_each_level() -> None:
    levels = np.array([[[0, 128, 255], [200, 240, 64]]], np.uint8)
    assert toned_down(levels).tolist() == [[[0, 32, 255], [123, 213, 4]]]
    assert levels[0, 0, 1] == 128
