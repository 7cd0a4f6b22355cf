"""Meta-learning: it learns, resumes exactly, runs on two processes, and refuses what does not belong together."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from pass_clock import PassClock
from safetensors.torch import load_file
from two_processes import FEW_SHOT as CONFIG
from two_processes import weights_of_two_processes

from monalive_distill.few_shot.checkpoint import (
    load_discriminator,
    load_few_shot_model,
    read_few_shot_record,
)
from monalive_distill.few_shot.train import train_few_shot
from monalive_distill.generator.lightweight_generator import build_generator
from monalive_distill.training import loop
from monalive_distill.training.checkpoint import save_state, write_weights


def test_training_lowers_the_loss_and_leaves_a_record(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "SAVE_EVERY", 5.0)
    model, _ = train_few_shot([cache], tmp_path, 20 / 60, CONFIG, clock=PassClock())
    rows = list(csv.DictReader((tmp_path / "log.csv").open()))
    assert len(rows) == 10 and rows[-1]["step"] == "20"
    first, last = (sum(float(row["perceptual"]) for row in part) for part in (rows[:3], rows[-3:]))
    assert last < first
    assert set(rows[0]) >= {"loss", "face", "adversarial", "feature_matching", "match", "discriminator", "seconds"}
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["people"] == 3 and record["config"]["variant"] == "tiny" and record["processes"] == 1
    assert "commit" in record and len(list(tmp_path.glob("step_*.jpg"))) == 2
    averaged = load_few_shot_model(tmp_path / "state.safetensors")
    assert not averaged.training
    assert any(not torch.equal(a, b) for a, b in zip(model.parameters(), averaged.parameters(), strict=True))


def test_an_interrupted_run_ends_with_the_same_weights(cache: Path, tmp_path: Path) -> None:
    """Bit for bit: weights, their averages, singular vectors and the optimizers' memory."""
    for folder, parts in (("whole", (6,)), ("parts", (3, 3))):
        for seconds in parts:
            train_few_shot([cache], tmp_path / folder, seconds / 60, CONFIG, clock=PassClock())
    whole, parted = (load_file(tmp_path / folder / "state.safetensors") for folder in ("whole", "parts"))
    assert read_few_shot_record(tmp_path / "parts" / "state.safetensors")["step"] == 6
    assert whole.keys() == parted.keys()
    assert any(name.startswith("optimizer/discriminator/") for name in whole)
    for name, value in whole.items():
        assert torch.equal(value, parted[name]), name


def test_the_papers_model_trains_in_half_precision_with_loaders(cache: Path, tmp_path: Path) -> None:
    config = replace(CONFIG, warped_photo="none", precision="bf16-mixed", loaders=1, discriminator_steps=2)
    model, discriminator = train_few_shot([cache], tmp_path, 2 / 60, config, clock=PassClock())
    for network in (model, discriminator):
        assert all(p.dtype == torch.float32 and bool(p.isfinite().all()) for p in network.parameters())


def test_training_beside_the_lightweight_generator(
    cache: Path, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    """Its weights are no part of the checkpoint, which knows them by their hash."""
    config = replace(CONFIG, warped_photo="lightweight", episodes=1, photos=1)
    train_few_shot([cache], tmp_path, 2 / 60, config, clock=PassClock())
    state = tmp_path / "state.safetensors"
    tensors = load_file(state)
    assert not any("lightweight" in name or "mover" in name for name in tensors)
    model = load_few_shot_model(state)
    assert model.photo_size == 256 and not [w for w in recwarn if "other weights" in str(w.message)]
    other = tmp_path / "lightweight.safetensors"
    torch.manual_seed(0)
    generator = build_generator("tiny")
    save_state(other, {}, {}, generator, {"variant": "tiny"})
    with pytest.warns(UserWarning, match="trained with other weights of the lightweight generator"):
        load_few_shot_model(state, lightweight=other)


def test_a_run_goes_on_with_other_people(cache: Path, tmp_path: Path) -> None:
    """With learning rates of 0 it is what it began with, but for the columns: those people are new."""
    train_few_shot([cache], tmp_path / "first", 4 / 60, CONFIG, clock=PassClock())
    first = tmp_path / "first" / "state.safetensors"
    fewer = tmp_path / "cache"
    shutil.copytree(cache, fewer)
    index = json.loads((fewer / "index.json").read_text())
    (fewer / "index.json").write_text(json.dumps(index[:-1]))
    still = replace(CONFIG, learning_rate=0.0, discriminator_learning_rate=0.0)
    model, discriminator = train_few_shot(
        [fewer], tmp_path / "second", 1 / 60, still, start_from=first, clock=PassClock()
    )
    averaged, known = load_few_shot_model(first), load_discriminator(first)
    for mine, its in zip(model.parameters(), averaged.parameters(), strict=True):
        assert torch.equal(mine, its)
    assert len(discriminator.columns) == len(known.columns) - 1
    assert torch.equal(discriminator.realism.weight, known.realism.weight)
    with pytest.raises(ValueError, match="no discriminator"):
        write_weights(first, tmp_path / "weights.safetensors")
        train_few_shot([fewer], tmp_path / "third", 1 / 60, CONFIG, start_from=tmp_path / "weights.safetensors")


def test_what_does_not_belong_together_is_refused(cache: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train_few_shot([cache], run, 1 / 60, CONFIG, clock=PassClock())
    state = run / "state.safetensors"
    with pytest.raises(ValueError, match="trained as variant 'tiny', not 'base'"):
        train_few_shot([cache], run, 0.1, replace(CONFIG, variant="base"))
    with pytest.raises(ValueError, match="trained with warped_photo 'geometry', not 'none'"):
        train_few_shot([cache], run, 0.1, replace(CONFIG, warped_photo="none"))
    for file in cache.glob("[01].*"):  # only two of the three people
        (tmp_path / "fewer").mkdir(exist_ok=True)
        (tmp_path / "fewer" / file.name).symlink_to(file)
    index = json.loads((cache / "index.json").read_text())
    (tmp_path / "fewer" / "index.json").write_text(json.dumps(index[:2]))
    with pytest.raises(ValueError, match="trained on other people"):
        train_few_shot([tmp_path / "fewer"], run, 0.1, CONFIG)
    with pytest.raises(FileNotFoundError, match="monalive-distill prepare"):
        train_few_shot([tmp_path / "none"], run, 0.1, CONFIG)
    write_weights(state, tmp_path / "weights.safetensors")
    assert load_few_shot_model(tmp_path / "weights.safetensors").warped_photo == "geometry"
    with pytest.raises(ValueError, match="holds no discriminator"):
        load_discriminator(tmp_path / "weights.safetensors")
    with pytest.raises(ValueError, match="not a monalive training checkpoint"):
        (tmp_path / "other.safetensors").write_bytes(b"hello")
        load_few_shot_model(tmp_path / "other.safetensors")


def test_two_processes_end_with_the_same_weights(cache: Path, tmp_path: Path) -> None:
    """Started by torchrun, each on its own episodes; and not with those of a single process."""
    first, second = weights_of_two_processes("few_shot", cache, tmp_path)
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    assert json.loads((tmp_path / "record.json").read_text())["processes"] == 2
    alone, _ = train_few_shot([cache], tmp_path / "alone", 2 / 60, CONFIG, clock=PassClock())
    assert any(not torch.equal(value, first[f"model/{name}"]) for name, value in alone.state_dict().items())
