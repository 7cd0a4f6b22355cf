"""From a photo to a bundle that the SDK animates with."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("litert_torch")

from monalive import PhotoAnimator, PhotoAnimatorOptions, builtin_motions
from monalive.bundle import Bundle
from monalive.faces.tracker_networks import TRACKER_PARTS
from monalive_distill.cli.main import main
from monalive_distill.generator.lightweight_generator import LightweightGenerator, build_generator
from monalive_distill.personalization import bundle_exporter
from monalive_distill.training.checkpoint import save_state
from monalive_export import one_bundle
from monalive_export.graphs.pipelines import ExportModel

PORTRAIT = Path(str(files("monalive").joinpath("assets", "sample_portrait.jpg")))


def test_a_persons_bundle_animates_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = EntryPoint("litert", "monalive_export.one_bundle:export_bundle", bundle_exporter.GROUP)
    monkeypatch.setattr(bundle_exporter, "entry_points", lambda group: [installed])
    whole = one_bundle.lightweight_model

    def networks_alone(generator: LightweightGenerator) -> ExportModel:  # geometry is tested on its own
        made = whole(generator)
        return ExportModel(made.name, made.image_size, {name: made.graphs[name] for name in ("enroll", "animate")})

    monkeypatch.setattr(one_bundle, "lightweight_model", networks_alone)
    torch.manual_seed(0)
    weights, output = tmp_path / "lightweight.safetensors", tmp_path / "me.bundle"
    save_state(weights, {}, {}, build_generator("tiny"), {"variant": "tiny"})
    words = ["personalize", str(PORTRAIT), "-o", str(output), "--weights", str(weights), "--steps", "1"]
    assert main([*words, "--precision", "fp32", "--threads", "1", "--device", "cpu"]) == 0
    packaged, own = Bundle.load(), Bundle.load(output)
    assert all(own.parts[name] == packaged.parts[name] for name in TRACKER_PARTS)
    with PhotoAnimator.create_from_options(PhotoAnimatorOptions(bundle_path=output)) as animator:
        portrait = animator.enroll(PORTRAIT)
        frame = next(iter(animator.play(portrait, builtin_motions.load("smile"))))
    assert frame.image.dtype == np.uint8 and frame.image.shape == portrait.photo.shape
