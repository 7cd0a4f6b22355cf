"""Configurations: a file names what differs, single values go on top, and what is wrong is named."""

from __future__ import annotations

import argparse
import importlib
import json
from dataclasses import asdict
from pathlib import Path

import pytest

from monalive_distill.cli.training_arguments import chosen_config
from monalive_distill.data.training_pairs import KIND_WEIGHTS
from monalive_distill.distillation.config import Stage, TrainingConfig
from monalive_distill.distillation.losses import LossWeights
from monalive_distill.few_shot.config import FewShotConfig
from monalive_distill.few_shot.fine_tuning_settings import PERSON_AUGMENTATION, FineTuning
from monalive_distill.few_shot.losses import FewShotLossWeights
from monalive_distill.personalization.settings import Personalization
from monalive_distill.tracker.train import TrackerTrainingConfig
from monalive_distill.training.config import read_config

KINDS = [TrainingConfig, FewShotConfig, FineTuning, Personalization, TrackerTrainingConfig]


def _file(folder: Path, text: str) -> Path:
    path = folder / "config.json"
    path.write_text(text)
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_without_changes_it_is_the_default(kind: type) -> None:
    assert read_config(kind) == read_config(kind, None, ["seed=0"]) == kind()
    with pytest.raises(ValueError, match="did you mean seed"):
        read_config(kind, None, ["sed=1"])


def test_a_file_names_what_differs(tmp_path: Path) -> None:
    stages = [{"until": 1.0, "size": 128, "photos": 2, "targets": 1}]
    text = json.dumps({"seed": 5, "stages": stages, "losses": {"pixel": 2}, "kind_weights": {"clip": 1.0}})
    config = read_config(TrainingConfig, _file(tmp_path, text))
    assert config.seed == 5 and config.stages == (Stage(1.0, 128, 2, 1),) and config.losses.pixel == 2.0
    assert config.learning_rate == TrainingConfig().learning_rate and config.losses.detail == LossWeights().detail
    assert config.kind_weights == {"clip": 1.0}
    text = json.dumps({"photos": 2, "losses": {"match": 10.0}, "augmentation": {"flip": 0.0}})
    few_shot = read_config(FewShotConfig, _file(tmp_path, text))
    assert few_shot.photos == 2 and few_shot.losses.match == 10.0 and few_shot.augmentation.flip == 0.0
    assert few_shot.losses.feature_matching == FewShotLossWeights().feature_matching == 10.0
    assert few_shot.learning_rate == FewShotConfig().learning_rate == 5e-5


def test_a_runs_record_is_a_configuration(tmp_path: Path) -> None:
    config = TrainingConfig(variant="tiny", frozen=("motion_net",), stages=(Stage(1.0, 64, 1, 2),))
    assert read_config(TrainingConfig, _file(tmp_path, json.dumps(asdict(config)))) == config


def test_single_values_go_on_top_of_the_file(tmp_path: Path) -> None:
    file = _file(tmp_path, '{"losses": {"pixel": 2.0, "detail": 3.0}, "variant": "other"}')
    changes = ["losses.pixel=0.5", "variant=tiny", 'frozen=["motion_net"]', "kind_weights.clip=1", "losses.pixel=1"]
    config = read_config(TrainingConfig, file, changes)
    assert config.losses.pixel == 1.0 and config.losses.detail == 3.0 and config.losses.folds == LossWeights().folds
    assert config.variant == "tiny" and config.frozen == ("motion_net",)
    assert config.kind_weights == {**KIND_WEIGHTS, "clip": 1.0}
    assert read_config(FewShotConfig, None, ["lightweight=w.safetensors"]).lightweight == "w.safetensors"
    assert read_config(FewShotConfig, None, ["lightweight=null"]).lightweight is None
    tuning = read_config(FineTuning, None, ["augmentation.flip=0.5"])
    assert tuning.augmentation.flip == 0.5 and tuning.augmentation.zoom == PERSON_AUGMENTATION.zoom


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        (TrainingConfig, "losses.shown_teet=1", r"no losses\.shown_teet; did you mean losses\.shown_teeth\?"),
        (TrainingConfig, "shown_teeth=1", r"did you mean losses\.shown_teeth\?"),
        (TrainingConfig, "xyzzy=1", "there are variant, learning_rate, "),
        (TrainingConfig, "losses.pixel=many", r"losses\.pixel: input should be a valid number, not 'many'"),
        (TrainingConfig, "losses.pixel=true", "should be a valid number, not True"),
        (TrainingConfig, "seed=1.5", "seed: input should be a valid integer"),
        (TrainingConfig, "variant=8", "variant: input should be a valid string"),
        (TrainingConfig, "losses=1", "losses must be an object"),
        (TrainingConfig, "learning_rate.x=1", "learning_rate: input should be a valid number"),
        (TrainingConfig, 'stages=[{"sise": 1}]', r"did you mean stages\.size\?"),
        (TrainingConfig, 'stages=[{"size": 1}]', r"stages\.0\.until: field required"),
        (TrainingConfig, "stages=[1]", "stages must be an object"),
        (TrainingConfig, "seed", "give NAME=VALUE"),
        (FewShotConfig, "photos=0", "photos must be at least 1, not 0"),
        (FewShotConfig, 'precision="8"', "should be '32-true' or 'bf16-mixed'"),
    ],
)
def test_what_is_wrong_with_a_value_is_said(kind: type, change: str, said: str) -> None:
    with pytest.raises(ValueError, match=rf"cannot set .*{said}"):
        read_config(kind, None, [change])


@pytest.mark.parametrize("kind", [TrainingConfig, FewShotConfig])
@pytest.mark.parametrize("text", ['{"speed": 1}', "{", "[]", '{"losses": {"beauty": 1}}', '{"seed": "x"}'])
def test_a_wrong_file_is_refused(tmp_path: Path, kind: type, text: str) -> None:
    with pytest.raises(ValueError, match="not a training configuration"):
        read_config(kind, _file(tmp_path, text))
    with pytest.raises(FileNotFoundError, match="no configuration file"):
        read_config(kind, tmp_path / "none.json")


@pytest.mark.parametrize("text", ['{"photos": 0}', '{"precision": "8"}', '{"same_sequence": 2}', '{"warped_photo": 1}'])
def test_values_out_of_range_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match="not a training configuration"):
        read_config(FewShotConfig, _file(tmp_path, text))


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("train", "cache -o run --minutes 1"),
        ("distill", "cache -o run --minutes 1 --teacher state"),
        ("train_few_shot", "cache -o run --minutes 1"),
        ("train_tracker", "detector cache -o run --minutes 1"),
        ("finetune", "photo -o person.ckpt --base state"),
        ("personalize", "photo -o me.bundle"),
    ],
)
def test_every_command_that_trains_takes_a_file_and_values(command: str, words: str, tmp_path: Path) -> None:
    """Values count more than flags, and flags more than the file."""
    parser = argparse.ArgumentParser()
    importlib.import_module(f"monalive_distill.cli.{command}").add_arguments(parser)
    file = _file(tmp_path, '{"seed": 1, "batch": 8, "weight_decay": 0.5}')
    arguments = parser.parse_args([*words.split(), "--config", str(file), "--set", "seed=2", "--set", "batch=4"])
    config = chosen_config(TrackerTrainingConfig, arguments, {"batch": 16, "learning_rate": None, "warm_up_steps": 7})
    assert config == TrackerTrainingConfig(seed=2, batch=4, weight_decay=0.5, warm_up_steps=7)
