"""A personalised bundle as a row of the few-shot table."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

import pytest
import torch
from moving_clips import moving_face, write_clip

from monalive.faces.tracker import FaceTracker
from monalive_distill.evaluation import personalized_row
from monalive_distill.evaluation.clips import read_clip
from monalive_distill.evaluation.few_shot_rows import split_clip
from monalive_distill.generator.lightweight_generator import LightweightGenerator, build_generator
from monalive_distill.personalization.settings import Personalization
from monalive_distill.training.checkpoint import save_state


def test_a_bundle_learned_from_the_photos_animates_one_of_them_and_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    weights = tmp_path / "lightweight.safetensors"
    save_state(weights, {}, {}, build_generator("tiny"), {"variant": "tiny"})
    exported: list[LightweightGenerator] = []

    def export(generator: LightweightGenerator, output: Path, **facts: str) -> dict[str, float]:
        exported.append(generator)
        shutil.copyfile(str(resources.files("monalive").joinpath("assets", "default.bundle")), output)
        return {}

    monkeypatch.setattr(personalized_row, "find_bundle_exporter", lambda: export)
    monkeypatch.setattr(personalized_row, "lightweight_weights", lambda: weights)
    write_clip(tmp_path / "a.mp4", moving_face(9))
    with FaceTracker(settle=True) as tracker:
        split = split_clip(read_clip(tmp_path / "a.mp4", tracker, 7))
    row = personalized_row.PersonalizedRow(64, Personalization(steps=1))
    made = row(split, 2)
    flow = ("", " + background flow")
    names = [f"personalised on 2, lightweight T={count}{seen}" for count in (1, 2) for seen in flow]
    assert list(made) == names
    assert all(len(images) == len(split.tests) and images[0].shape == (64, 64, 3) for images in made.values())
    assert len(exported) == 1 and "1\n  steps, kept" in capsys.readouterr().out
