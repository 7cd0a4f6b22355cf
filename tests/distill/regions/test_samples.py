"""Pairs of crops are drawn by what eyes and mouth do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from monalive_distill.data.augmentation import Augmentation
from monalive_distill.regions import samples
from monalive_distill.regions.regions import EYE, MOUTH, Region
from monalive_distill.regions.samples import RegionPairs, RegionSequence, load_regions


def blinking(sequences: Sequence[RegionSequence], every: int) -> list[RegionSequence]:
    """The sequences with eyes said to be open, every so manieth shut."""
    changed = []
    for sequence in sequences:
        measures = np.tile(np.array([0.3, -0.06, -0.08], np.float32), (len(sequence.frames), 1))
        measures[::every, 0] = 0.0
        changed.append(replace(sequence, measures=measures))
    return changed


def test_a_fifth_of_the_eyes_are_to_be_shut_and_those_are_made_of_open_ones(region_cache: Path) -> None:
    sequences = blinking(load_regions(EYE, region_cache), 3)
    pairs, rng = RegionPairs(EYE, sequences, Augmentation()), np.random.default_rng(0)
    shut = 0
    for _ in range(400):
        sequence, photo, target = pairs.choose(rng)
        if sequence.measures[target, 0] == 0:
            shut += 1
            assert sequence.measures[photo, 0] > 0
    assert shut / 400 >= EYE.shut_share - 0.06


@pytest.mark.parametrize("region", [EYE, MOUTH], ids=["eye", "mouth"])
def test_some_pairs_are_made_crisper(region_cache: Path, region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    edges = []
    for share in (0.0, 1.0):
        monkeypatch.setattr(samples, "CRISPER", share)
        batch = RegionPairs(region, load_regions(region, region_cache), Augmentation()).draw(1, 8)
        edges.append([float((part[..., 1:] - part[..., :-1]).abs().mean()) for part in (batch.photo, batch.image)])
    assert edges[1][0] > 1.1 * edges[0][0] and edges[1][1] > 1.1 * edges[0][1]  # photo and target alike
