"""Training the networks of eyes and mouth, and measuring what they make."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch

from monalive_distill.regions.measure import measure_region, summary, write_sheet
from monalive_distill.regions.regions import EYE, REGIONS
from monalive_distill.regions.samples import load_regions
from monalive_distill.regions.train import RegionConfig, RegionTraining, train_region


@pytest.mark.parametrize("region", ["eye", "mouth"])
def test_a_few_steps_learn_and_go_on_where_they_stopped(tmp_path: Path, region_cache: Path, region: str) -> None:
    config = RegionConfig(region=region, pairs=4, warm_up_steps=1, bfloat16=False)
    sequences = load_regions(REGIONS[region], region_cache)
    straight = RegionTraining(config, sequences, tmp_path / "straight")
    straight.save()
    halves = RegionTraining(config, sequences, tmp_path / "halves")
    batch = straight.pairs.draw(0, 4)
    losses = [sum(straight._learn(batch)[0].values()) for _ in range(6)]
    assert losses[-1] < losses[0]
    for _ in range(3):
        halves._learn(batch)
    halves.save()
    resumed = RegionTraining(config, sequences, tmp_path / "halves")
    for _ in range(3):
        resumed._learn(batch)
    for one, other in zip(straight.network.parameters(), resumed.network.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_a_run_writes_state_and_curves(tmp_path: Path, region_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monalive_distill.regions.train.CURVES_EVERY", 2)
    training = train_region(RegionConfig(region="eye", pairs=2), [region_cache], tmp_path, 0.03)
    again = train_region(RegionConfig(region="eye", pairs=2), [region_cache], tmp_path, 0.02)
    assert again.step > training.step > 0 and again.seconds > training.seconds
    with (tmp_path / "curves.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows and {"colours", "perceptual"} <= set(rows[0])


def test_measuring(tmp_path: Path, region_cache: Path, clips: Path) -> None:
    training = RegionTraining(RegionConfig(region="eye"), load_regions(EYE, region_cache), tmp_path)
    measured = measure_region(training.network, EYE, region_cache, clips, per_clip=2)
    assert len(measured) == 4
    facts = summary(EYE, measured)
    assert 0 <= facts["lpips_moved"] < 0.2  # the face only moves sideways: nothing else is asked
    assert abs(measured[0].read[1, 0] - measured[0].truth[0]) < 0.06
    write_sheet(tmp_path / "sheet.jpg", measured, columns=2)
    assert (tmp_path / "sheet.jpg").stat().st_size > 1000
