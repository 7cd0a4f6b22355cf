"""What pictures of faces suffer."""

from __future__ import annotations

import numpy as np

from monalive_distill.tracker.augmentations import Augmentations, overexpose


def test_an_overexposed_picture_is_lifted_and_clipped() -> None:
    levels = np.arange(256, dtype=np.uint8)[:, None, None].repeat(3, 2).repeat(4, 1)
    for seed in range(20):
        made = overexpose(np.random.default_rng(seed), levels)[:, 0, 0].astype(int)
        assert (made >= levels[:, 0, 0]).all() and (np.diff(made) >= 0).all()
        assert (made[200:] == 255).all() and made[30] < 160


def test_it_happens_as_often_as_is_asked_for() -> None:
    grey = np.full((16, 16, 3), 100, np.uint8)
    nothing = {"colour": 0.0, "grey": 0.0, "light": 0.0, "paint": 0.0, "clear": 1.0}
    for share in (0.0, 1.0):
        augment = Augmentations(overexposure=share, **nothing)
        made = [augment.apply(np.random.default_rng(seed), grey, None) for seed in range(8)]
        assert all((picture > 120).all() for picture in made) == (share == 1.0)
