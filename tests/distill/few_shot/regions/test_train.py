"""Training, fine-tuning and measuring the experts of eyes and mouth."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from expert_cases import TINY_EXPERT as CONFIG
from pass_clock import PassClock
from safetensors.torch import load_file

from monalive_distill.cli.main import main
from monalive_distill.few_shot.regions.checkpoint import load_expert
from monalive_distill.few_shot.regions.evaluate import (
    EXPERT,
    FINE_TUNED,
    LIGHTWEIGHT,
    TrialResult,
    evaluate_trial,
    trials,
)
from monalive_distill.few_shot.regions.finetune import ExpertFineTuning, ExpertTuning, PersonPhotos, finetune_expert
from monalive_distill.few_shot.regions.report import table
from monalive_distill.few_shot.regions.train import ExpertTraining, train_expert
from monalive_distill.metrics.lpips import LPIPS
from monalive_distill.regions.regions import MOUTH, REGIONS
from monalive_distill.regions.samples import RegionSequence, load_regions
from monalive_distill.regions.train import RegionConfig, train_region
from monalive_distill.training.checkpoint import STATE_FILE
from monalive_distill.training.compute import launch
from monalive_distill.training.steps import Moment


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory, region_cache: Path) -> Path:
    """A run of two steps on mouths."""
    run = tmp_path_factory.mktemp("expert")
    train_expert(CONFIG, [region_cache], run, 2 / 60, clock=PassClock())
    return run / STATE_FILE


@pytest.mark.parametrize("region", ["eye", "mouth"])
def test_a_few_steps_learn(region_cache: Path, region: str) -> None:
    config = replace(CONFIG, region=region, learning_rate=2e-3)
    training = ExpertTraining(launch("cpu"), config, load_regions(REGIONS[region], region_cache))
    moment = Moment(0, 0, 0.0, 0.0, 0.0)
    data = training.draw(moment)
    outcomes = [training.step(data, moment) for _ in range(6)]
    losses = [outcome.values()["loss"] for outcome in outcomes]
    assert losses[-1] < losses[0]
    shape = REGIONS[region].shape
    assert {tuple(row.shape[1:]) for row in outcomes[-1].sheet()} == {(3, shape.height, shape.width)}


def test_an_interrupted_run_ends_with_the_same_weights(region_cache: Path, tmp_path: Path) -> None:
    for folder, parts in (("whole", (4,)), ("parts", (2, 2))):
        for seconds in parts:
            train_expert(CONFIG, [region_cache], tmp_path / folder, seconds / 60, total_minutes=1, clock=PassClock())
    whole, parted = (load_file(tmp_path / folder / STATE_FILE) for folder in ("whole", "parts"))
    assert whole.keys() == parted.keys()
    assert not any("mover" in name for name in whole)  # what moves photos stays as it ships
    for name, value in whole.items():
        assert torch.equal(value, parted[name]), name
    rows = list(csv.DictReader((tmp_path / "parts" / "log.csv").open()))
    assert [row["step"] for row in rows] == ["1", "2", "3", "4"]
    assert {"loss", "colours", "chosen", "perceptual"} <= set(rows[0])


def test_what_does_not_belong_together(state: Path, region_cache: Path, tmp_path: Path) -> None:
    run = state.parent
    with pytest.raises(ValueError, match="was trained on 'mouth', not on 'eye'"):
        train_expert(replace(CONFIG, region="eye"), [region_cache], run, 1)
    with pytest.raises(ValueError, match=r"has sizes \[8, 8, 16, 16, 1\], not \[8, 8, 16, 16, 2\]"):
        train_expert(replace(CONFIG, sizes=(8, 8, 16, 16, 2)), [region_cache], run, 1)
    train_region(RegionConfig(region="mouth", pairs=2), [region_cache], tmp_path, 1 / 60, clock=PassClock())
    with pytest.raises(ValueError, match=r"sizes must be 5 numbers from 1 on, not \[8, 8\]"):
        replace(CONFIG, sizes=(8, 8))
    with pytest.raises(ValueError, match=r"photos must be numbers from 1 on, not \[0\]"):
        replace(CONFIG, photos=(0,))
    with pytest.raises(ValueError, match="pictures must be at least 1, not 0"):
        replace(CONFIG, pictures=0)
    with pytest.raises(ValueError, match="is not a run of train-region-expert"):
        load_expert(tmp_path / STATE_FILE)
    with pytest.raises(ValueError, match="is not a run of train-region-expert"):
        train_expert(CONFIG, [region_cache], tmp_path / "new", 1, start_from=tmp_path / STATE_FILE)


def test_a_new_run_starts_from_anothers_average(state: Path, region_cache: Path) -> None:
    training = ExpertTraining(launch("cpu"), CONFIG, load_regions(MOUTH, region_cache))
    training.start_from(state)
    assert training.model.training
    _, expert = load_expert(state)
    assert not expert.training
    for (name, value), other in zip(training.model.named_parameters(), expert.parameters(), strict=True):
        assert torch.equal(value, other), name


def _still(cache: Path) -> RegionSequence:
    """Forty frames, every one the same."""
    sequence = load_regions(MOUTH, cache)[0]
    first = np.zeros(40, int)
    return replace(
        sequence,
        frames=sequence.frames[first],
        points=sequence.points[first],
        measures=sequence.measures[first],
    )


def test_photos_and_targets_lie_apart(region_cache: Path) -> None:
    (trial,) = trials(MOUTH, [_still(region_cache), *load_regions(MOUTH, region_cache)], 8, 4)  # the others are short
    assert len(set(trial.photos)) == 8 and trial.photos[0] == 0 and max(trial.photos) < 26
    assert trial.photos[:3] == [0, 13, 6]  # each in the widest gap
    assert len(set(trial.targets)) == 4 and min(trial.targets) >= 30


def test_measuring_and_fine_tuning(state: Path, region_cache: Path) -> None:
    mover, expert = load_expert(state)
    (trial,) = trials(MOUTH, [_still(region_cache)], 4, 2)
    before = {name: value.clone() for name, value in expert.state_dict().items()}
    settings = ExpertFineTuning(steps=2, pictures=2, photos=2)
    results = evaluate_trial(trial, mover, expert, (1, 4), LPIPS("alex"), fine_tuning=settings)
    assert [(r.method, r.shots) for r in results if r.method in (EXPERT, FINE_TUNED)] == [
        (EXPERT, 1),
        (FINE_TUNED, 1),
        (EXPERT, 4),
        (FINE_TUNED, 4),
    ]
    for result in results:  # photo and truth are alike
        assert result.pictures.shape == (2, 3, 96, 128) and (result.lpips < 0.05).all()
        assert (np.abs(result.sharpness - 1) < 0.25).all()
    assert all(torch.equal(before[name], value) for name, value in expert.state_dict().items())


def test_fine_tuning_keeps_what_it_holds_out_best(state: Path, region_cache: Path) -> None:
    mover, expert = load_expert(state)
    photos = PersonPhotos(_still(region_cache), (0, 5, 9, 14))
    tuning = ExpertTuning(launch("cpu"), mover, expert, photos, ExpertFineTuning(pictures=2, photos=2))
    episodes = tuning.draw(Moment(3, 3, 0.0, 0.0, 0.0))
    assert episodes.photos.shape[0] == 2 and 1 <= episodes.photos.shape[1] <= 2
    person, made = finetune_expert(
        mover, expert, photos, ExpertFineTuning(steps=4, check_every=2, pictures=2, learning_rate=1e-3)
    )
    assert made.steps == 4 and [step for step, _ in made.checks] == [0, 2, 4]
    assert made.kept_step == min(made.checks, key=lambda check: check[1])[0]
    assert person.adain.shape == (1, sum(expert.generator.slices)) and not person.training
    with pytest.raises(ValueError, match="at least one photo"):
        finetune_expert(mover, expert, PersonPhotos(photos.sequence, ()), ExpertFineTuning())


def test_the_table(region_cache: Path) -> None:
    """Known answers: means over clips, medians over frames, slopes of what is read on what was asked."""
    sequence = _still(region_cache)
    measures = np.zeros((40, 3), np.float32)
    measures[[30, 31]] = [[0.1, 0.2, 0], [0.2, 0.3, 0]]
    measures[32] = [0.3, 0.1, 0]
    (trial,) = trials(MOUTH, [sequence], 1, 3)
    trial = trial._replace(sequence=replace(sequence, measures=measures), targets=[30, 31, 32])
    read = measures[[30, 31, 32]] * [0.5, 1.0, 1.0]

    def result(method: str, lpips: float) -> TrialResult:
        sharpness = np.array([0.5, 0.7, 2.0])
        return TrialResult(
            trial, method, 1, np.full(3, lpips), sharpness, read.astype(np.float32), torch.zeros(3, 3, 96, 128)
        )

    lines = table(MOUTH, [result(LIGHTWEIGHT, 0.2), result(EXPERT, 0.1)]).splitlines()
    assert lines[0] == "| method | T | LPIPS ↓ | clips better | sharpness | opening reach | width reach |"
    assert lines[2] == "| lightweight | 1 | 0.2000 |  | 0.70 | 0.50 | 1.00 |"
    assert lines[3] == "| expert | 1 | 0.1000 | 1 of 1 | 0.70 | 0.50 | 1.00 |"


def test_the_command(
    state: Path, region_cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["evaluate-region-expert", str(state), str(region_cache), "-o", str(tmp_path / "out"), "--shots", "2", "1"]
    assert main(words) == 2
    assert "has 30 frames; prepare longer ones" in capsys.readouterr().err
    monkeypatch.setattr("monalive_distill.few_shot.regions.evaluate.LEAST_FRAMES", 3)
    assert main([*words, "--targets", "1"]) == 0
    out = capsys.readouterr().out
    assert out.startswith((tmp_path / "out" / "table.md").read_text())
    assert "| expert | 2 |" in out and (tmp_path / "out" / "sheet_1.jpg").stat().st_size > 1000
    record = json.loads((state.parent / "record.json").read_text())
    assert record["model"] == "region expert" and record["people"] == 1
