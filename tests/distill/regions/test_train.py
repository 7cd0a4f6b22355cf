"""Training the networks of eyes and mouth, and measuring what they make."""

from __future__ import annotations

import csv
import itertools
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from monalive_distill.regions.measure import measure_region, summary, write_sheet
from monalive_distill.regions.readings import CropReader
from monalive_distill.regions.regions import EYE, MOUTH, REGIONS
from monalive_distill.regions.samples import load_regions
from monalive_distill.regions.train import RegionConfig, RegionTraining, train_region
from monalive_distill.regions.weights_file import load_region_networks, write_region_weights
from monalive_distill.training.checkpoint import STATE_FILE, read_record
from monalive_distill.training.compute import launch
from monalive_distill.training.steps import Moment


@pytest.mark.parametrize("region", ["eye", "mouth"])
def test_a_few_steps_learn(region_cache: Path, region: str) -> None:
    config = RegionConfig(region=region, pairs=4, warm_up_steps=1, bfloat16=False)
    training = RegionTraining(launch("cpu"), config, load_regions(REGIONS[region], region_cache))
    moment = Moment(0, 0, 0.0, 0.0, 0.0)
    data = training.draw(moment)
    losses = [training.step(data, moment).values()["loss"] for _ in range(6)]
    assert losses[-1] < losses[0]


def test_a_run_goes_on_where_it_stopped_and_only_with_its_region(tmp_path: Path, region_cache: Path) -> None:
    config = RegionConfig(pairs=2, log_every=1)
    for calls in (2, 4):
        train_region(config, [region_cache], tmp_path, calls / 60, clock=itertools.count().__next__)
    record = read_record(tmp_path / STATE_FILE)
    assert int(str(record["step"])) >= 3
    with (tmp_path / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == list(range(1, len(rows) + 1))
    assert {"loss", "colours", "perceptual"} <= set(rows[0])
    with pytest.raises(ValueError, match="was trained on 'eye', not on 'mouth'"):
        train_region(RegionConfig(region="mouth"), [region_cache], tmp_path, 1)


def test_weights_of_both(tmp_path: Path, region_cache: Path) -> None:
    states = []
    for region in ("eye", "mouth"):
        config = RegionConfig(region=region, pairs=2)
        train_region(config, [region_cache], tmp_path / region, 1 / 60, clock=itertools.count().__next__)
        states.append(tmp_path / region / STATE_FILE)
    output, newer = tmp_path / "both.safetensors", tmp_path / "newer.safetensors"
    write_region_weights(states, output)
    networks = load_region_networks(output)
    assert not networks.training
    write_region_weights(states[:1], newer, others=output)
    assert read_record(newer)["runs"] == read_record(output)["runs"]
    for name, value in load_region_networks(newer).state_dict().items():
        assert torch.equal(value, networks.state_dict()[name])
    with pytest.raises(ValueError, match="another run of 'eye'"):
        write_region_weights([states[0], states[0]], output)
    with pytest.raises(ValueError, match="no run of 'mouth' is given"):
        write_region_weights(states[:1], output)
    with pytest.raises(ValueError, match="is not a run of the network for eyes or mouth"):
        write_region_weights([output], newer)


def test_reading_needs_the_clips_of_the_cache(tmp_path: Path, region_cache: Path, clips: Path) -> None:
    (sequence,) = load_regions(MOUTH, region_cache)
    crops = [np.zeros((96, 128, 3), np.float32)] * 2
    read = CropReader(MOUTH, region_cache, clips).read(sequence, [0, 2], [crops])
    assert read.shape == (1, 2, 3) and np.isfinite(read).all()
    with pytest.raises(FileNotFoundError, match="there is no clip face in"):
        CropReader(MOUTH, region_cache, tmp_path).read(sequence, [0, 2], [crops])
    shutil.copy(clips / "empty.mp4", tmp_path / "face.mp4")  # three frames
    with pytest.raises(ValueError, match="lacks frames that the cache has"):
        CropReader(MOUTH, region_cache, tmp_path).read(sequence, [0, 2], [crops])


def test_measuring(tmp_path: Path, region_cache: Path, clips: Path) -> None:
    training = RegionTraining(launch("cpu"), RegionConfig(), load_regions(EYE, region_cache))
    measured = measure_region(training.model, EYE, region_cache, clips, per_clip=2)
    assert len(measured) == 4
    facts = summary(EYE, measured)
    assert 0 <= facts["lpips_moved"] < 0.2  # the face only moves sideways: nothing else is asked
    assert abs(measured[0].read[1, 0] - measured[0].truth[0]) < 0.06
    write_sheet(tmp_path / "sheet.jpg", measured, columns=2)
    assert (tmp_path / "sheet.jpg").stat().st_size > 1000
